"""Taking a batch in: every file read or refused by name, facts staged once, rejects kept, all accounted for.

Order of the commits of a batch: staged rows of each source, then quarantine, then the account in ``deliveries``. Each
replaces what an earlier run of the same batch left, so a batch that was interrupted anywhere is simply taken in again.
All files that a source has in a batch are one delivery: when one of them comes late, or again, all are read.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import BrokenFileError
from sf_spark.io.context import Context
from sf_spark.io.deliveries import DONE, FAILED, UNSUPPORTED, FileAccount, taken_in, write_accounts
from sf_spark.io.delta import exists, literal_list, read_table, replace_where
from sf_spark.io.files import DeliveredFile, find_batch, list_files, read_header
from sf_spark.io.lines import numbered_lines
from sf_spark.io.records import find_quotes
from sf_spark.io.staging import Delivery, store
from sf_spark.schema import QUARANTINE
from sf_spark.settings import Settings
from sf_spark.sources import SOURCES, Source, source_of
from sf_spark.sources.comptes import latest_file
from sf_spark.sources.perimetre import skip_outside
from sf_spark.sources.reading import (
    ACCEPTED,
    REJECTED,
    SKIPPED,
    compact,
    read_lines,
    recognise,
    staged_lines,
)
from sf_spark.sources.versions import identify, repeated

_MOST_REPEATED = 100_000  # contents that are looked up in memory; a delivery that repeats more is put in order
Report = Callable[[str], None]


def take_in(
    spark: SparkSession, settings: Settings, batch: str, report: Report, sources: tuple[Source, ...] = SOURCES
) -> list[FileAccount]:
    """Take in the files of a batch that have not been taken in yet.

    Args:
        spark: The session.
        settings: All settings.
        batch: ``AAMM`` or ``AAMM_NN``.
        report: Takes progress lines.
        sources: What is read.

    Returns:
        The account of each file handled now; empty when there was nothing to do. A file that cannot be taken in has
        failed, by name: see :func:`_refusal` for those of the wrong batch.
    """
    files = list_files(find_batch(settings.landing, batch), batch)
    history = taken_in(spark, settings)
    known = {(row["_file"], row["sha256"]) for row in history if row["_batch"] == batch}
    todo = [file for file in files if (file.name, file.sha256) not in known]
    if not todo:
        report(f"batch {batch}: nothing new ({len(files)} files already taken in)")
        return []
    intakes, context = [], Context(spark, settings)
    for source in sources:
        mine = [file for file in files if source_of(file.name, sources) is source]
        late = [file for file in mine if file in todo]
        past = [(row["_batch"], row["_file"]) for row in history if row["source"] == source.name]
        if late:
            refusal = _refusal(batch, source, mine, past)
            taken = late if refusal else mine
            others = sorted({other for other, _ in past if other != batch})
            intakes.append(_Intake(spark, settings, batch, source, taken, others, refusal, context))
    try:
        for intake in intakes:
            start = time.monotonic()
            intake.stage()
            for account in intake.accounts:
                report(f"{account.line()} ({time.monotonic() - start:.1f} s)")
        _keep_rejects(spark, settings, batch, intakes)
    finally:
        for intake in intakes:
            intake.forget()
    unsupported = [_unsupported(file, sources) for file in todo if source_of(file.name, sources) is None]
    for account in unsupported:
        report(account.line())
    accounts = [account for intake in intakes for account in intake.accounts] + unsupported
    write_accounts(spark, settings, batch, accounts)
    return accounts


@dataclass
class _Intake:
    """The files of one source in one batch, from opening them to storing their facts."""

    spark: SparkSession
    settings: Settings
    batch: str
    source: Source
    files: list[DeliveredFile]
    other_batches: list[str]
    refusal: str
    context: Context
    accounts: list[FileAccount] = field(default_factory=list)
    cached: list[DataFrame] = field(default_factory=list)
    opened: list[DataFrame] = field(default_factory=list)

    def stage(self) -> None:
        """Read every file, then store what is new in one commit."""
        for file in self.files:
            if self.refusal:
                refused = FileAccount(file, self.source.name, self.source.delivery, status=FAILED, message=self.refusal)
                self.accounts.append(refused)
            else:
                self._open(file)
        if self.opened:
            self._store()

    def forget(self) -> None:
        """Release the cached lines."""
        for read in self.cached:
            read.unpersist()

    def _open(self, file: DeliveredFile) -> None:
        account = FileAccount(file, self.source.name, self.source.delivery)
        self.accounts.append(account)
        read = None
        try:
            # Kept as it is: pyspark's MEMORY_AND_DISK would serialise what is in memory too.
            read = compact(self._read(file, account)).persist(StorageLevel.MEMORY_AND_DISK_DESER)
            _count(read, self.source, account, self.settings.ingest.invalid_utf8_share)
            self.cached.append(read)
            self.opened.append(read.withColumn("_batch", F.lit(file.batch)).withColumn("_file", F.lit(file.name)))
        except (BrokenFileError, PySparkException, Py4JJavaError) as error:
            account.status, account.message = FAILED, _why(error)
            if read is not None:
                read.unpersist()

    def _read(self, file: DeliveredFile, account: FileAccount) -> DataFrame:
        """The classified records of a file, lazily; its layout is noted in its account."""
        header = read_header(file.path)
        reading = recognise(self.source, header.text, header.encoding, header.byte_order_mark)
        account.layout = reading.layout.name
        start = header.line - 1 if reading.layout.first_record else header.line
        where = (reading.layout.encoding, reading.delimiter, self.source.lazy_quotes, start)
        quotes = find_quotes(file.path, *where)
        lines = numbered_lines(self.spark, file, start, reading.layout.encoding, quotes.spans)
        accounts = self.context.accounts(file.name) if reading.layout.by_account else None
        read = read_lines(lines, reading, accounts, self.context.series(self.batch), quotes.found)
        inside = self.context.perimeter(self.source.name)
        if inside is not None:
            read = skip_outside(read, inside, self.source.key_column, ACCEPTED, SKIPPED)
        return read

    def _store(self) -> None:
        lines = _union([staged_lines(read, self.source) for read in self.opened])
        if self.source.gather is not None and len(self.opened) > 1:
            lines = latest_file(lines, self.source.key_column)
        broken = tuple(account.file.name for account in self.accounts if account.status != DONE)
        equal = [(row["_first"], row["_second"]) for row in repeated(lines).limit(_MOST_REPEATED + 1).collect()]
        facts = identify(lines, equal if len(equal) <= _MOST_REPEATED else None)
        delivery = Delivery(self.source, self.batch, facts, broken, tuple(self.other_batches))
        store(self.spark, self.settings, delivery)


def _unsupported(file: DeliveredFile, sources: tuple[Source, ...]) -> FileAccount:
    names = ", ".join(source.name for source in sources)
    message = f"no source reads a file of this name (sources: {names})"
    return FileAccount(file, source="", status=UNSUPPORTED, message=message)


def _count(read: DataFrame, source: Source, account: FileAccount, invalid_utf8_share: float) -> None:
    """Fill in the account of a file; one pass, which also fills the cache."""
    exact = {name: F.col(name).cast("decimal(20,4)") for name in source.money}
    row = read.agg(
        F.count("*").alias("read"),
        F.count_if("_undecodable").alias("undecodable"),
        F.min(_fatal(source)).alias("fatal"),
        *(F.count_if(F.col("_class") == name).alias(name) for name in (ACCEPTED, REJECTED, SKIPPED)),
        *(F.sum(F.when(F.col("_class") == ACCEPTED, amount)).alias(f"sum_{name}") for name, amount in exact.items()),
    ).first()
    assert row is not None  # an aggregate without groups has one row
    if row["undecodable"] > invalid_utf8_share * max(row["read"], 1):
        raise BrokenFileError(
            f"wrong encoding: {row['undecodable']} of {row['read']} lines are not UTF-8; "
            "convert the file and deliver it again"
        )
    if row["fatal"] is not None:
        reason = row["fatal"]
        raise BrokenFileError(f"line {reason['line']}: {reason['message']}; this file is taken whole or not at all")
    account.read, account.accepted = row["read"], row[ACCEPTED]
    account.rejected, account.skipped = row[REJECTED], row[SKIPPED]
    account.money = {name: float(row[f"sum_{name}"] or 0) for name in source.money}


def _fatal(source: Source) -> Column:
    """Line and message of the first reason that makes the whole file fail; null where there is none."""
    if not source.fatal_codes:
        return F.lit(None).cast("struct<line: long, message: string>")
    found = F.filter("_errors", lambda reason: reason["code"].isin(*source.fatal_codes))
    message = F.get(found, F.lit(0))["message"]
    return F.when(message.isNotNull(), F.struct(F.col("_line").alias("line"), message.alias("message")))


def _keep_rejects(spark: SparkSession, settings: Settings, batch: str, intakes: list[_Intake]) -> None:
    """Store the rejected lines of all sources in one commit, in place of those of an earlier run."""
    done = [(i.source.name, a) for i in intakes for a in i.accounts if a.status == DONE]
    if not done:
        return
    sources, files = sorted({name for name, _ in done}), sorted({account.file.name for _, account in done})
    these = f"source in ({literal_list(sources)}) and _batch = '{batch}' and _file in ({literal_list(files)})"
    earlier = (
        exists(spark, settings.lake, QUARANTINE)
        and not read_table(spark, settings.lake, QUARANTINE).where(these).isEmpty()
    )
    if not earlier and not any(account.rejected for _, account in done):
        return
    rejects = [
        read.where(F.col("_class") == REJECTED).select(
            F.lit(intake.source.name).alias("source"),
            "_batch",
            "_file",
            "_line",
            # Other engines refuse text that is not UTF-8: a bad byte shows as U+FFFD, the file keeps the original.
            F.make_valid_utf8("_raw").alias("raw"),
            F.transform("_errors", _readable).alias("reasons"),
        )
        for intake in intakes
        for read in intake.opened
    ]
    replace_where(_union(rejects), settings.lake, QUARANTINE, these)


def _readable(reason: Column) -> Column:
    message = F.make_valid_utf8(reason["message"])
    return F.struct(reason["code"].alias("code"), reason["column"].alias("column"), message.alias("message"))


def _refusal(batch: str, source: Source, mine: list[DeliveredFile], past: list[tuple[str, str]]) -> str:
    """Why the files of a source cannot be taken in as this batch; '' when they can.

    A snapshot is compared with the one before, so it cannot go below one that is there. Files that were taken in for
    the same batch belong to the same delivery, and have to be there still.
    """
    latest = max((other for other, _ in past), default="")
    if source.delivery == "snapshot" and latest > batch:
        return (
            f"batch {batch} is older than {latest}, already taken in for {source.name}: "
            f"deliver the correction as a sub-batch of the latest ({latest[:4]}_01)"
        )
    gone = sorted({name for other, name in past if other == batch} - {file.name for file in mine})
    if gone:
        return (
            f"{', '.join(gone)} of the same delivery is no longer in batch {batch}: "
            f"put it back, or deliver the new file as a sub-batch ({batch[:4]}_01)"
        )
    return ""


def _why(error: Exception) -> str:
    """One line on why a file could not be read."""
    if isinstance(error, BrokenFileError):
        return str(error)
    causes = [line for line in str(error).splitlines() if "Exception" in line] or [str(error)]
    return f"cannot be read to its end: {causes[-1].strip()[:200]}"


def _union(frames: Iterable[DataFrame]) -> DataFrame:
    first, *others = frames
    for frame in others:
        first = first.unionByName(frame)
    return first
