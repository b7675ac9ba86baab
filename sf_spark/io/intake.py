"""Taking a batch in: every file read or refused by name, facts staged once, rejects kept, all accounted for.

Order of the commits of a batch: staged rows of each source, then quarantine, then the account in ``deliveries``. Each
is recognised when repeated, so a batch that was interrupted anywhere is simply taken in again.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import batch_date
from sf_spark.errors import BrokenFileError, SfSparkError
from sf_spark.io.delta import append_and_supersede, append_once, exists, literal_list, read_table, replace_where
from sf_spark.io.files import DeliveredFile, find_batch, list_files, read_header
from sf_spark.io.lines import numbered_lines
from sf_spark.schema import DELIVERIES, QUARANTINE, staged
from sf_spark.settings import Settings
from sf_spark.sources import SOURCES, Source, source_of
from sf_spark.sources.reading import (
    ACCEPTED,
    REJECTED,
    SKIPPED,
    content_columns,
    header_columns,
    read_lines,
    staged_rows,
)
from sf_spark.sources.versions import IDENTITY, appeared, identify, known_date, withdrawn

Report = Callable[[str], None]

DONE, FAILED, UNSUPPORTED = "ok", "failed", "unsupported"
_DELIVERY_SCHEMA = (
    "source string, _batch string, _file string, sha256 string, bytes long, lines_read long, lines_accepted long, "
    "lines_rejected long, lines_skipped long, money map<string,double>, delivery string, status string, "
    "message string, known_on date, started_at timestamp, finished_at timestamp"
)


@dataclass
class FileAccount:
    """What became of one delivered file."""

    file: DeliveredFile
    source: str
    delivery: str = ""
    status: str = DONE
    message: str = ""
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    money: dict[str, float] = field(default_factory=dict)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def line(self) -> str:
        """One line for the user."""
        if self.status != DONE:
            return f"{self.file.name}: {self.status}: {self.message}"
        return (
            f"{self.file.name} -> staged/{self.source}: {self.read} lines = {self.accepted} accepted"
            f" + {self.rejected} rejected + {self.skipped} skipped"
        )

    def row(self, known_on: Any) -> tuple[Any, ...]:
        """The file's row of ``deliveries``."""
        counts = (self.read, self.accepted, self.rejected, self.skipped)
        identity = (self.source, self.file.batch, self.file.name, self.file.sha256, self.file.size)
        end = (self.delivery, self.status, self.message, known_on, self.started_at, datetime.now(UTC))
        return (*identity, *counts, self.money, *end)


def take_in(spark: SparkSession, settings: Settings, batch: str, report: Report) -> list[FileAccount]:
    """Take in the files of a batch that have not been taken in yet.

    Returns:
        The account of each file handled now; empty when there was nothing to do.

    Raises:
        SfSparkError: When a later batch of the same source is already there.
    """
    files = list_files(find_batch(settings.landing, batch), batch)
    todo = _not_yet(spark, settings, batch, files)
    if not todo:
        report(f"batch {batch}: nothing new ({len(files)} files already taken in)")
        return []
    accounts = [_unsupported(file) for file in todo if source_of(file.name) is None]
    for source in SOURCES:
        mine = [file for file in todo if source_of(file.name) is source]
        if mine:
            start = time.monotonic()
            taken = _take_in_source(spark, settings, batch, source, mine)
            accounts += taken
            for account in taken:
                report(f"{account.line()} ({time.monotonic() - start:.1f} s)")
    for account in accounts:
        if account.status == UNSUPPORTED:
            report(account.line())
    _write_accounts(spark, settings, batch, accounts)
    return accounts


def _not_yet(spark: SparkSession, settings: Settings, batch: str, files: list[DeliveredFile]) -> list[DeliveredFile]:
    """The files whose very bytes have not been taken in under this batch."""
    if not exists(spark, settings.lake, DELIVERIES):
        return files
    rows = (
        read_table(spark, settings.lake, DELIVERIES)
        .where((F.col("_batch") == batch) & (F.col("status") != FAILED))
        .select("_file", "sha256")
        .collect()
    )
    known = {(row["_file"], row["sha256"]) for row in rows}
    return [file for file in files if (file.name, file.sha256) not in known]


def _unsupported(file: DeliveredFile) -> FileAccount:
    names = ", ".join(source.name for source in SOURCES)
    message = f"no source reads a file of this name (sources: {names})"
    return FileAccount(file, source="", status=UNSUPPORTED, message=message)


def _take_in_source(
    spark: SparkSession, settings: Settings, batch: str, source: Source, files: list[DeliveredFile]
) -> list[FileAccount]:
    _refuse_older(spark, settings, batch, source)
    accounts: list[FileAccount] = []
    opened: list[DataFrame] = []
    try:
        for file in files:
            account = FileAccount(file, source.name, source.delivery)
            accounts.append(account)
            try:
                read = _open(spark, source, file).persist(StorageLevel.MEMORY_AND_DISK)
                opened.append(read)
                _count(read, source, account, settings.ingest.invalid_utf8_share)
            except BrokenFileError as error:
                account.status, account.message = FAILED, str(error)
                if opened and len(opened) == len(accounts):
                    opened.pop().unpersist()
        _stage(spark, settings, batch, source, accounts, opened)
        _keep_rejects(settings, source, accounts, opened)
    finally:
        for read in opened:
            read.unpersist()
    return accounts


def _open(spark: SparkSession, source: Source, file: DeliveredFile) -> DataFrame:
    columns = header_columns(source, read_header(file.path))
    read = read_lines(numbered_lines(spark, file), source, columns)
    return read.withColumn("_batch", F.lit(file.batch)).withColumn("_file", F.lit(file.name))


def _count(read: DataFrame, source: Source, account: FileAccount, invalid_utf8_share: float) -> None:
    """Fill in the account of a file; one pass, which also fills the cache."""
    exact = {name: F.col(name).cast("decimal(20,4)") for name in source.money}
    row = read.agg(
        F.count("*").alias("read"),
        F.count_if(~F.is_valid_utf8("_raw")).alias("undecodable"),
        *(F.count_if(F.col("_class") == name).alias(name) for name in (ACCEPTED, REJECTED, SKIPPED)),
        *(F.sum(F.when(F.col("_class") == ACCEPTED, amount)).alias(f"sum_{name}") for name, amount in exact.items()),
    ).first()
    assert row is not None  # an aggregate without groups has one row
    if row["undecodable"] > invalid_utf8_share * max(row["read"], 1):
        raise BrokenFileError(
            f"wrong encoding: {row['undecodable']} of {row['read']} lines are not UTF-8; "
            "convert the file and deliver it again"
        )
    account.read, account.accepted = row["read"], row[ACCEPTED]
    account.rejected, account.skipped = row[REJECTED], row[SKIPPED]
    account.money = {name: float(row[f"sum_{name}"] or 0) for name in source.money}


def _stage(
    spark: SparkSession,
    settings: Settings,
    batch: str,
    source: Source,
    accounts: list[FileAccount],
    opened: list[DataFrame],
) -> None:
    """Store the facts that are new, and date the end of those that a full snapshot withdraws, in one commit."""
    if not opened:
        return
    table = staged(source.name)
    rows = _union([staged_rows(read, source) for read in opened])
    content = content_columns(rows)
    delivered = identify(rows, content)
    day = batch_date(batch, settings.cutoff_day)
    first = not exists(spark, settings.lake, table)
    transaction = _transaction(source.name, batch, accounts)
    ordered = [*content, "_batch", "_file", "_line", "known_on", "superseded_on", IDENTITY]

    def dated(facts: DataFrame, is_first: bool) -> DataFrame:
        known = facts.withColumn("known_on", known_date(source.known_on(), day, is_first))
        return known.withColumn("superseded_on", F.lit(None).cast("date")).select(ordered)

    if first:
        append_once(dated(delivered, True), settings.lake, table, transaction)
        return
    stored = read_table(spark, settings.lake, table)
    current = stored.where(F.col("superseded_on").isNull())
    delivered = delivered.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        is_first = stored.where(F.col("_batch") < batch).isEmpty()
        new_rows = dated(appeared(delivered, current), is_first)
        whole = source.delivery == "snapshot" and all(account.status == DONE for account in accounts)
        ended = withdrawn(delivered, current, day) if whole else None
        if ended is None or ended.isEmpty():
            append_once(new_rows, settings.lake, table, transaction)
        else:
            append_and_supersede(new_rows, ended, settings.lake, table, IDENTITY, transaction)
    finally:
        delivered.unpersist()


def _keep_rejects(settings: Settings, source: Source, accounts: list[FileAccount], opened: list[DataFrame]) -> None:
    if not any(account.rejected for account in accounts):
        return
    rejects = _union(
        [
            read.where(F.col("_class") == REJECTED).select(
                F.lit(source.name).alias("source"),
                *("_batch", "_file", "_line"),
                # Other engines refuse text that is not UTF-8: a bad byte shows as U+FFFD, the file keeps the original.
                F.make_valid_utf8("_raw").alias("raw"),
                F.transform(
                    "_errors",
                    lambda e: F.struct(
                        e.code.alias("code"), e.column.alias("column"), F.make_valid_utf8(e.message).alias("message")
                    ),
                ).alias("reasons"),
            )
            for read in opened
        ]
    )
    append_once(
        rejects, settings.lake, QUARANTINE, "quarantine/" + _transaction(source.name, accounts[0].file.batch, accounts)
    )


def _write_accounts(spark: SparkSession, settings: Settings, batch: str, accounts: list[FileAccount]) -> None:
    day = batch_date(batch, settings.cutoff_day)
    rows = spark.createDataFrame([account.row(day) for account in accounts], _DELIVERY_SCHEMA).coalesce(1)
    names = literal_list([account.file.name for account in accounts])
    replace_where(rows, settings.lake, DELIVERIES, f"_batch = '{batch}' and _file in ({names})")


def _refuse_older(spark: SparkSession, settings: Settings, batch: str, source: Source) -> None:
    """Snapshots are compared with the one before: a delivery cannot go below one that is already there."""
    if not exists(spark, settings.lake, DELIVERIES):
        return
    latest = (
        read_table(spark, settings.lake, DELIVERIES)
        .where((F.col("source") == source.name) & (F.col("status") == DONE))
        .agg(F.max("_batch"))
        .first()
    )
    if latest and latest[0] and latest[0] > batch:
        raise SfSparkError(
            f"batch {batch} is older than {latest[0]}, already taken in for {source.name}: "
            f"deliver the correction as a sub-batch of the latest ({latest[0][:4]}_01)"
        )


def _transaction(source: str, batch: str, accounts: list[FileAccount]) -> str:
    """A name that is the same only for the same bytes taken in as the same batch."""
    digest = hashlib.sha256("".join(sorted(a.file.sha256 for a in accounts if a.status == DONE)).encode())
    return f"ingest/{source}/{batch}/{digest.hexdigest()[:32]}"


def _union(frames: Iterable[DataFrame]) -> DataFrame:
    first, *others = frames
    for frame in others:
        first = first.unionByName(frame)
    return first
