"""Take a batch in: read or refuse every file, stage facts once, keep rejected lines, account for each file.

Order of the commits of a batch: staged rows of each source, then quarantine, the facts held back, and the accounts in
``deliveries``. Each commit replaces that of an earlier run of the same batch, so an interrupted batch is simply taken
in again. All files of a source in a batch are one delivery: when one of them comes late, or again, all are read.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from sf_spark.errors import BrokenFileError, ConcurrentWriteError
from sf_spark.lake.files import files_of, is_table, open_table, replace_rows, table_at
from sf_spark.lake.places import rooted
from sf_spark.lake.storage import open_bytes, remove_folder
from sf_spark.lake.tables import literal_list, location
from sf_spark.landing.files import DeliveredFile, find_batch, list_files
from sf_spark.landing.header import Reading, doubtful_months, read_header, recognise
from sf_spark.landing.names import finished_name, unfinished
from sf_spark.landing.opening import Text, reading, unpacked
from sf_spark.landing.range_task import Known, RangeOutcome, RangeTask
from sf_spark.landing.ranges import Range, ranges_of, row_groups_of
from sf_spark.schema import HELD_BACK_FACTS, QUARANTINE, staged
from sf_spark.settings import Settings
from sf_spark.sources import SOURCES, Source, source_of
from sf_spark.staging.absence import HELD_BACK
from sf_spark.staging.batch import PARTITION, Batch, FileRead, discard, read_files
from sf_spark.staging.deliveries import DONE, FAILED, UNSUPPORTED, Before, FileAccount, taken_in, write_accounts
from sf_spark.staging.known import KnownFacts
from sf_spark.staging.perimeter_files import why_stopped
from sf_spark.staging.storing import Change, SnapshotRule, store

_PERIMETER = "filter"  # name of the source, and of its setting
_READ_BY_OTHERS = (_PERIMETER, "comptes")
_STOPPED = "not read: the perimeter file {} of this batch could not be taken in, and says whom the others are for"
_UNFINISHED = "unfinished, as its name says: deliver it under its own name when it is whole"
_WHOLE = 1 << 40  # bytes: more than any file
_REASON = pa.struct([("code", pa.string()), ("column", pa.string()), ("message", pa.string())])
_QUARANTINE = pa.schema(
    [
        ("source", pa.string()),
        ("_batch", pa.string()),
        ("_file", pa.string()),
        ("_line", pa.int64()),
        ("raw", pa.string()),
        ("reasons", pa.list_(_REASON)),
    ]
)
# The former code of an activity is gone from a register that is written in the new nomenclature.
_MAY_EMPTY = frozenset({"ape"})
_EMPTIED = (
    "{}: no line has a value, and half of the lines or more had one in the delivery before: nothing was taken in; "
    "say --whole {} if that is right"
)
Report = Callable[[str], None]


def take_in(
    spark: SparkSession, settings: Settings, batch: str, report: Report, sources: tuple[Source, ...] = SOURCES
) -> list[FileAccount]:
    """Take in the files of a batch that have not been taken in yet.

    Args:
        spark: The session; files too small for workers are read without it.
        settings: All settings.
        batch: ``AAMM`` or ``AAMM_NN``.
        report: Takes progress lines.
        sources: What is read.

    Returns:
        The account of each file handled in this run; empty when there was nothing to do. A file that cannot be taken in
        is listed as failed: see :func:`_refusal` for files of the wrong batch.
    """
    listed = list_files(find_batch(settings.landing, batch), batch)
    files = [file for file in listed if not file.unreadable or _source_of(file, sources) or unfinished(file.name)]
    history = taken_in(settings)
    known = {(row["_file"], row["sha256"]) for row in history if row["_batch"] == batch}
    before = frozenset(name for name, _ in known)
    todo = [file for file in files if (file.name, file.sha256) not in known]
    if not todo:
        report(f"batch {batch}: nothing new ({len(files)} files already taken in)")
        return []
    if any(source.name in _READ_BY_OTHERS for file in todo if (source := _source_of(file, sources))):
        todo = files  # perimeter or accounts have changed: read the other files again
    unchanged = frozenset(file.name for file in files if (file.name, file.sha256) in known)
    intakes, facts = [], KnownFacts(spark, settings)
    for source in sources:
        delivered = [file for file in files if _source_of(file, sources) is source]
        late = [file for file in delivered if file in todo]
        past = [(row["_batch"], row["_file"]) for row in history if row["source"] == source.name]
        if late:
            refusal = _refusal(batch, source, delivered, past)
            taken = [file for file in late if file.name not in unchanged] if refusal else delivered
            if refusal and len(taken) < len(late):
                report(f"{source.name}: not read again: {refusal}")
            others = tuple(sorted({other for other, _ in past if other != batch}))
            said = _said(history, batch, source)
            scratch = f"{rooted(settings.lake)}/_scratch/{uuid.uuid4().hex}"
            same = frozenset(unchanged)
            intakes.append(
                _Intake(
                    *(spark, settings, batch, source, taken, others, refusal, facts, before, same, said, scratch),
                    Before.of(history, source.name, batch),
                )
            )
    perimeters = next((source for source in sources if source.name == _PERIMETER), None)
    given = perimeters if settings.ingest.perimetre == _PERIMETER else None
    stopped = why_stopped(settings, batch, given, files) if given else ""
    for intake in intakes:
        start = time.monotonic()
        intake.stage(stopped)
        for account in intake.accounts:
            report(f"{account.line()} ({time.monotonic() - start:.1f} s)")
        if intake.source is given:
            stopped = next((_STOPPED.format(a.file.name) for a in intake.accounts if a.status == FAILED), "")
    _keep_rejects(settings, batch, intakes)
    _keep_held_back(settings, intakes)
    strange = [_without_source(file, sources) for file in todo if _source_of(file, sources) is None]
    for account in strange:
        report(account.line())
    accounts = [account for intake in intakes for account in intake.accounts] + strange
    # The stored facts of a file taken in before stay, and so does its account.
    write_accounts(settings, batch, [a for a in accounts if a.status != FAILED or a.file.name not in before])
    return accounts


@dataclass
class _Opened:
    """A file whose header was understood: how to read it."""

    account: FileAccount
    reading: Reading
    ranges: list[Range]
    text: Text
    known: Known

    def tasks(self, first_rank: int) -> list[RangeTask]:
        """The ranges as tasks, ranked from a first rank on."""
        text = self.text
        return [
            RangeTask(
                *(text.uri, self.account.file.name, text.packing, text.encoding, self.reading),
                *(replace(part, rank=first_rank + place), self.known),
            )
            for place, part in enumerate(self.ranges)
        ]


@dataclass
class _Intake:
    """The files of one source in one batch, from opening them to storing their facts."""

    spark: SparkSession
    settings: Settings
    batch: str
    source: Source
    files: list[DeliveredFile]
    other_batches: tuple[str, ...]
    refusal: str
    facts: KnownFacts
    before: frozenset[str]  # files of the batch already taken in, ...
    unchanged: frozenset[str]  # ... and those among them that have not changed
    said: str  # whether an earlier run had the option whole or partial
    scratch: str  # a folder of this intake alone
    previous: Before  # the delivery before
    accounts: list[FileAccount] = field(default_factory=list)
    rejects: list[tuple[str, pa.Table]] = field(default_factory=list)
    held_back: tuple[pa.Table, ...] = ()

    def stage(self, stopped: str) -> None:
        """Read every file, then store the new facts in one commit.

        Args:
            stopped: Why nothing of the batch may be taken in; '' when it may.
        """
        for file in self.files:
            if stopped and file.name in self.unchanged:
                continue  # it stays as it was taken in
            account = FileAccount(file, self.source.name, self.source.delivery)
            if stopped or self.refusal:
                account.fail(stopped or self.refusal)
            elif unfinished(file.name):
                account.fail(_UNFINISHED)
            elif file.unreadable:
                account.fail(file.unreadable)
            self.accounts.append(account)
        try:
            opened = [found for account in self.accounts if account.status == DONE if (found := self._open(account))]
            if opened:
                self._store(opened)
        finally:
            remove_folder(self.scratch)

    def _open(self, account: FileAccount) -> _Opened | None:
        file, ingest = account.file, self.settings.ingest
        try:
            header = read_header(file.uri, file.name, file.packing)
            found = recognise(self.source, header)
            account.layout, account.doubtful = found.layout.name, doubtful_months(found)
            known = Known(
                inside=self.facts.perimeter(self.source.name),
                accounts=self.facts.accounts(file.name) if found.layout.by_account else None,
                series=self.facts.series(self.batch) if self.source.gather else None,
                ends_lines=self.previous.ends_lines,
                takes_rejected=not account.doubtful,
            )
            first = bool(found.layout.first_record)
            # A source that gathers lines needs the whole file at once.
            size = _WHOLE if self.source.gather else ingest.wide_range_bytes if self.source.wide else ingest.range_bytes
            text = Text(file.uri, file.packing, found.layout.encoding)
            if file.packing == "parquet":
                return _Opened(account, found, _row_groups(file), text, known)
            text = unpacked(text, size, f"{self.scratch}/text-{uuid.uuid4().hex}")
            ranges = ranges_of(text.uri, text.packing, text.encoding, header, first, size)
            return _Opened(account, found, ranges, text, known)
        except BrokenFileError as error:
            account.fail(str(error))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # any error, even a panic of compiled code, fails this file only
            account.fail(f"cannot be read: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}")
        return None

    def _store(self, opened: list[_Opened]) -> None:
        """Read and store; try once more if another job has written the table meanwhile."""
        before = [replace(file.account) for file in opened]
        try:
            self._try_to_store(opened)
        except ConcurrentWriteError:
            for file, account in zip(opened, before, strict=True):
                vars(file.account).update(vars(account))
            self.rejects = []
            try:
                self._try_to_store(opened)
            except ConcurrentWriteError as error:
                self.rejects = []
                for file in opened:
                    file.account.fail(f"{error}; run ingest again")

    def _try_to_store(self, opened: list[_Opened]) -> None:
        folder = location(self.settings.lake, staged(self.source.name))
        table = open_table(folder)
        stored = tuple(files_of(table, PARTITION)) if table else ()
        # Another job may have stored a batch that is not accounted for yet.
        others = tuple(sorted({*self.other_batches, *(file.partition for file in stored)} - {self.batch}))
        refusal = _older(self.batch, self.source, others) or self._interrupted(others)
        if refusal:
            for file in opened:
                file.account.fail(refusal)
            return
        size = sum(part.stop - part.begin for file in opened for part in file.ranges)
        batch = Batch(
            *(self.spark, self.source, self.batch, others, folder),
            *(f"{self.scratch}/{uuid.uuid4().hex}", table, stored, size),
        )
        reads = [
            read
            for file, read in self._read(batch, opened)
            if self._is_counted(file.account, read) and isinstance(read, FileRead)
        ]
        gone_bad = [a.file.name for a in self.accounts if a.status != DONE and a.file.name in self.before]
        if gone_bad:
            self._leave(reads, gone_bad[0])
        elif reads:
            odd = any(file.account.doubtful for file in opened)
            self._note(self._stored(batch, reads, odd))

    def _leave(self, reads: list[FileRead], broken: str) -> None:
        """Keep the delivery as an earlier run stored it: one of its files can no longer be read."""
        self.rejects = []
        for read in reads:
            discard(read)
        self.accounts = [a for a in self.accounts if a.status != DONE or a.file.name not in self.unchanged]
        for account in self.accounts:
            if account.status == DONE:
                account.fail(f"not taken in: {broken} of the same delivery was, and cannot be read now; put it right")

    def _interrupted(self, others: Sequence[str]) -> str:
        """Why the delivery cannot be compared: an earlier batch was stored but not accounted for; '' when it can."""
        done = {row["_batch"] for row in taken_in(self.settings) if row["source"] == self.source.name}
        if self.source.delivery != "snapshot" or set(others) <= done:
            return ""
        first = min(set(others) - done)
        return f"batch {first} of {self.source.name} was interrupted: take it in first (ingest --batch {first})"

    def _stored(self, batch: Batch, reads: list[FileRead], damaged_header: bool) -> Change:
        name, ingest = self.source.name, self.settings.ingest
        broken = [account.file.name for account in self.accounts if account.status != DONE]
        says = "whole" if name in ingest.whole else "partial" if name in ingest.partial else self.said
        for account in self.accounts:
            account.delivery = f"{self.source.delivery} ({says})" if says else self.source.delivery
        emptied = [] if says else self.previous.emptied([a for a in self.accounts if a.status == DONE])
        if emptied := [column for column in emptied if column not in _MAY_EMPTY]:
            for read in reads:
                discard(read)
            return Change(refused=_EMPTIED.format(", ".join(emptied), name))
        fewer = len(self.accounts) < len(self.previous.rows)
        held_back = _held_back_before(self.settings, name)
        rule = SnapshotRule(ingest.smallest_share, says, damaged_header, fewer, held_back)
        return store(batch, reads, broken, self.facts.perimeter(name), rule)

    def _note(self, change: Change) -> None:
        """Record the changes of the delivery in the account of its first file, or the refusal in those of all files."""
        done = [account for account in self.accounts if account.status == DONE]
        if change.refused:
            self.rejects = []
            for account in done:
                account.fail(change.refused)
            return
        done[0].added, done[0].ended, done[0].held_back = change.added, change.ended, change.facts_held_back
        self.held_back = change.held_back

    def _read(self, batch: Batch, opened: list[_Opened]) -> Iterator[tuple[_Opened, FileRead | BrokenFileError]]:
        if self.source.gather is None:
            ends = [sum(len(file.ranges) for file in opened[:place]) for place in range(len(opened))]
            tasks = [file.tasks(rank) for file, rank in zip(opened, ends, strict=True)]
            yield from zip(opened, read_files(batch, tasks), strict=True)
            return
        outranked: list[pa.Array] = []  # if several files hold an account, the last one counts
        for rank, file in reversed(list(enumerate(opened))):
            keys = pa.chunked_array(outranked, pa.large_string()).combine_chunks() if outranked else None
            file.known = replace(file.known, outranked=keys)
            (read,) = read_files(batch, [file.tasks(rank)])
            if isinstance(read, FileRead):
                outranked += [o.keys.cast(pa.large_string()) for o in read.outcomes if o.keys is not None]
            yield file, read

    def _is_counted(self, account: FileAccount, read: FileRead | BrokenFileError) -> bool:
        """Fill in the account of a file; false if the file turns out to be broken."""
        if isinstance(read, BrokenFileError):
            account.fail(str(read))
            return False
        why = _why_broken(read.outcomes, self.settings.ingest.invalid_utf8_share)
        if self.source.name == _PERIMETER and not any(outcome.accepted for outcome in read.outcomes):
            why = why or "a perimeter of no company: nothing could be taken in"
        if why:
            discard(read)
            account.fail(why)
            return False
        for outcome in read.outcomes:
            account.read += outcome.read
            account.accepted += outcome.accepted
            account.rejected += outcome.rejected
            account.skipped += outcome.skipped
            account.ends_open |= outcome.ends_open
            if outcome.rejects is not None:
                self.rejects.append((account.file.name, outcome.rejects))
        columns = dict.fromkeys(column for outcome in read.outcomes for column in outcome.filled)
        account.filled = {column: sum(o.filled.get(column, 0) for o in read.outcomes) for column in columns}
        account.money = {
            name: sum(outcome.money[name] for outcome in read.outcomes) / 10_000 for name in self.source.money
        }
        return True


def _row_groups(file: DeliveredFile) -> list[Range]:
    with reading(), open_bytes(file.uri) as opened:
        footer = pq.ParquetFile(opened).metadata
    return row_groups_of([footer.row_group(rank).num_rows for rank in range(footer.num_row_groups)])


def _why_broken(outcomes: list[RangeOutcome], invalid_utf8_share: float) -> str:
    read, undecodable = sum(o.read for o in outcomes), sum(o.undecodable for o in outcomes)
    if undecodable > invalid_utf8_share * max(read, 1):
        return f"wrong encoding: {undecodable} of {read} lines are not UTF-8; convert the file and deliver it again"
    fatal = min((outcome.fatal for outcome in outcomes if outcome.fatal is not None), default=None)
    return f"line {fatal[0]}: {fatal[1]}; this file is taken whole or not at all" if fatal else ""


def _source_of(file: DeliveredFile, sources: tuple[Source, ...]) -> Source | None:
    """The source of a file; for an unfinished file, by its final name."""
    return source_of(finished_name(file.name), sources)


def _without_source(file: DeliveredFile, sources: tuple[Source, ...]) -> FileAccount:
    if unfinished(file.name):
        account = FileAccount(file, source="")
        account.fail(_UNFINISHED)
        return account
    names = ", ".join(source.name for source in sources)
    message = f"no source reads a file of this name (sources: {names})"
    return FileAccount(file, source="", status=UNSUPPORTED, message=message)


def _held_back_before(settings: Settings, source: str) -> int:
    """The number of facts that the last delivery of a source held back because of damage."""
    folder = location(settings.lake, HELD_BACK_FACTS)
    if not is_table(folder):
        return 0
    rows = table_at(folder).to_pyarrow_table(columns=["reason"], filters=[("source", "=", source)])
    return sum(reason != "outside_perimeter" for reason in rows.column("reason").to_pylist())


def _keep_held_back(settings: Settings, intakes: list[_Intake]) -> None:
    """List the facts that the latest delivery of a source holds back from ending."""
    folder = location(settings.lake, HELD_BACK_FACTS)
    names = [i.source.name for i in intakes if any(account.status == DONE for account in i.accounts)]
    tables = [table for intake in intakes for table in intake.held_back if len(table)]
    if names and (tables or is_table(folder)):
        # This delivery releases the facts held back by an earlier one, or holds them back again.
        these = f"source in ({literal_list(names)})"
        replace_rows(folder, pa.concat_tables([HELD_BACK.empty_table(), *tables]), these, HELD_BACK_FACTS.partition)


def _keep_rejects(settings: Settings, batch: str, intakes: list[_Intake]) -> None:
    """Store the rejected lines of all sources in one commit, replacing those of an earlier run."""
    done = [(i.source.name, a) for i in intakes for a in i.accounts if a.status == DONE]
    if not done:
        return
    sources, files = sorted({name for name, _ in done}), sorted({account.file.name for _, account in done})
    these = f"source in ({literal_list(sources)}) and _batch = '{batch}' and _file in ({literal_list(files)})"
    folder = location(settings.lake, QUARANTINE)
    if not any(intake.rejects for intake in intakes) and not (is_table(folder) and _holds(folder, batch, files)):
        return
    batches = (
        _quarantined(intake.source.name, batch, file, rejects) for intake in intakes for file, rejects in intake.rejects
    )
    rows = pa.concat_tables([_QUARANTINE.empty_table(), *batches])
    replace_rows(folder, rows, these, QUARANTINE.partition)


def _quarantined(source: str, batch: str, file: str, rejects: pa.Table) -> pa.Table:
    labels = [pa.repeat(pa.scalar(text), len(rejects)) for text in (source, batch, file)]
    columns = [*labels, *(rejects.column(name) for name in ("_line", "raw", "reasons"))]
    return pa.table(columns, names=_QUARANTINE.names).cast(_QUARANTINE)


def _holds(folder: str, batch: str, files: list[str]) -> bool:
    """Whether quarantine holds lines of these files."""
    quarantined = table_at(folder).to_pyarrow_table(columns=["_file"], filters=[("_batch", "=", batch)])
    return bool(set(quarantined.column("_file").to_pylist()) & set(files))


def _refusal(batch: str, source: Source, delivered: list[DeliveredFile], past: list[tuple[str, str]]) -> str:
    """Why the files of a source cannot be taken in as this batch; '' when they can.

    A snapshot is compared with the one before, so it cannot be inserted before a stored one. The files already taken in
    for the batch belong to the same delivery, and must still exist.
    """
    if older := _older(batch, source, [other for other, _ in past]):
        return older
    gone = sorted({name for other, name in past if other == batch} - {file.name for file in delivered})
    if gone:
        return (
            f"{', '.join(gone)} of the same delivery is no longer in batch {batch}: "
            f"put it back, or deliver the new file as a sub-batch ({batch[:4]}_01)"
        )
    return ""


def _said(history: list[dict[str, Any]], batch: str, source: Source) -> str:
    """The option of an earlier run for the delivery: ``whole``, ``partial`` or ''."""
    deliveries = {row["delivery"] for row in history if (row["_batch"], row["source"]) == (batch, source.name)}
    return next((says for says in ("whole", "partial") if f"{source.delivery} ({says})" in deliveries), "")


def _older(batch: str, source: Source, others: Sequence[str]) -> str:
    latest = max(others, default="")
    if source.delivery == "snapshot" and latest > batch:
        return (
            f"batch {batch} is older than {latest}, already taken in for {source.name}: "
            f"deliver the correction as a sub-batch of the latest ({latest[:4]}_01)"
        )
    return ""
