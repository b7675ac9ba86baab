"""The delivery of one source in a batch: every file opened and read, its new facts stored in one commit.

All files of a source in a batch are one delivery: when one of them comes late, or again, all are read.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
from pyspark.sql import SparkSession

from sf_spark.errors import BrokenFileError, ConcurrentWriteError
from sf_spark.lake.files import files_of, open_table
from sf_spark.lake.storage import remove_folder
from sf_spark.lake.tables import location
from sf_spark.landing.files import DeliveredFile
from sf_spark.landing.header import read_header
from sf_spark.landing.names import unfinished
from sf_spark.landing.range_task import Context
from sf_spark.landing.recognition import recognise
from sf_spark.schema import staged
from sf_spark.settings import Settings
from sf_spark.sources import Source
from sf_spark.staging.batch import PARTITION, Batch, FileRead, discard, read_files
from sf_spark.staging.deliveries import DONE, Before, FileAccount, taken_in
from sf_spark.staging.held_back import held_back_before
from sf_spark.staging.known import KnownFacts
from sf_spark.staging.opened import OpenedFile, cut
from sf_spark.staging.refusals import EMPTIED, UNFINISHED, older_than_stored, why_broken
from sf_spark.staging.snapshot_rule import SnapshotRule
from sf_spark.staging.storing import Change, store

PERIMETER = "filter"  # name of the source, and of its setting
# The former code of an activity is gone from a register that is written in the new nomenclature.
_MAY_EMPTY = frozenset({"ape"})


@dataclass
class Delivery:
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

    @property
    def done(self) -> list[FileAccount]:
        """The accounts of the files that were taken in."""
        return [account for account in self.accounts if account.status == DONE]

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
                account.fail(UNFINISHED)
            elif file.unreadable:
                account.fail(file.unreadable)
            self.accounts.append(account)
        try:
            opened = [found for account in self.done if (found := self._open(account))]
            if opened:
                self._store(opened)
        finally:
            remove_folder(self.scratch)

    def _open(self, account: FileAccount) -> OpenedFile | None:
        file, ingest = account.file, self.settings.ingest
        try:
            header = read_header(file.uri, file.name, file.packing)
            found = recognise(self.source, header)
            account.layout, account.doubtful = found.layout.name, found.doubtful_months
            context = Context(
                inside=self.facts.perimeter(self.source.name),
                accounts=self.facts.accounts(file.name) if found.layout.by_account else None,
                series=self.facts.series(self.batch) if self.source.gather else None,
                ends_lines=self.previous.ends_lines,
                takes_rejected=not account.doubtful,
            )
            text, ranges = cut(file, self.source, header, found, ingest, f"{self.scratch}/text-{uuid.uuid4().hex}")
            return OpenedFile(account, found, ranges, text, context)
        except BrokenFileError as error:
            account.fail(str(error))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # any error, even a panic of compiled code, fails this file only
            account.fail(f"cannot be read: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}")
        return None

    def _store(self, opened: list[OpenedFile]) -> None:
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

    def _try_to_store(self, opened: list[OpenedFile]) -> None:
        folder = location(self.settings.lake, staged(self.source.name))
        table = open_table(folder)
        stored = tuple(files_of(table, PARTITION)) if table else ()
        # Another job may have stored a batch that is not accounted for yet.
        others = tuple(sorted({*self.other_batches, *(file.partition for file in stored)} - {self.batch}))
        refusal = older_than_stored(self.batch, self.source, others) or self._interrupted(others)
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
        emptied = [] if says else self.previous.emptied(self.done)
        if emptied := [column for column in emptied if column not in _MAY_EMPTY]:
            for read in reads:
                discard(read)
            return Change(refused=EMPTIED.format(", ".join(emptied), name))
        fewer = len(self.accounts) < len(self.previous.rows)
        held_back = held_back_before(self.settings, name)
        rule = SnapshotRule(ingest.smallest_share, says, damaged_header, fewer, held_back)
        return store(batch, reads, broken, self.facts.perimeter(name), rule)

    def _note(self, change: Change) -> None:
        """Record the changes of the delivery in the account of its first file, or the refusal in those of all files."""
        done = self.done
        if change.refused:
            self.rejects = []
            for account in done:
                account.fail(change.refused)
            return
        done[0].added, done[0].ended, done[0].held_back = change.added, change.ended, change.facts_held_back
        self.held_back = change.held_back

    def _read(self, batch: Batch, opened: list[OpenedFile]) -> Iterator[tuple[OpenedFile, FileRead | BrokenFileError]]:
        if self.source.gather is None:
            ends = [sum(len(file.ranges) for file in opened[:place]) for place in range(len(opened))]
            tasks = [file.tasks(rank) for file, rank in zip(opened, ends, strict=True)]
            yield from zip(opened, read_files(batch, tasks), strict=True)
            return
        outranked: list[pa.Array] = []  # if several files hold an account, the last one counts
        for rank, file in reversed(list(enumerate(opened))):
            keys = pa.chunked_array(outranked, pa.large_string()).combine_chunks() if outranked else None
            file.context = replace(file.context, outranked=keys)
            (read,) = read_files(batch, [file.tasks(rank)])
            if isinstance(read, FileRead):
                outranked += [o.keys.cast(pa.large_string()) for o in read.outcomes if o.keys is not None]
            yield file, read

    def _is_counted(self, account: FileAccount, read: FileRead | BrokenFileError) -> bool:
        """Fill in the account of a file; false if the file turns out to be broken."""
        if isinstance(read, BrokenFileError):
            account.fail(str(read))
            return False
        why = why_broken(read.outcomes, self.settings.ingest.invalid_utf8_share)
        if self.source.name == PERIMETER and not any(outcome.accepted for outcome in read.outcomes):
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
