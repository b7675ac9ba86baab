"""Tables whose rows have a digest: one commit writes only new, changed and removed rows.

Files of a table are immutable, so a file that holds a changed row is rewritten without it. A changed row therefore
costs its file; files stay small, and separate for each group of companies (a department).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.lake.committing import commit_rows
from sf_spark.lake.files import open_table
from sf_spark.lake.planning import Plan
from sf_spark.lake.tables import literal_list, location, read_version

DIGEST = "empreinte"
ROWS_PER_FILE = 2_000  # rows of a few KB: a file of a few MB, with few rows to rewrite beside a changed one
MOST_KEYS = 20_000  # keys listed one by one; beyond this, and above the share, the whole table is rewritten
_MOST_OF_ALL = 0.2


@dataclass(frozen=True)
class Written:
    """The result of a commit.

    Attributes:
        rows: Rows of the table now.
        changed: New and changed rows.
        gone: Removed rows.
        files: Files of the table now.
        new_files: Files written.
    """

    rows: int
    changed: int
    gone: int
    files: int
    new_files: int


def commit_changed(rows: DataFrame, plan: Plan, key: str, report: Callable[[str], None]) -> Written:
    """Write the rows whose digest differs from the table's, and remove those that are gone.

    Args:
        rows: The table as it should be: ``key``, the partition column and ``empreinte`` among the columns.
        plan: A stale plan; its commit records the build, even if no row has changed.
        key: The key column.
        report: Takes progress lines.

    Raises:
        ConcurrentWriteError: When another job has changed the table since the plan was made.
    """
    assert plan.table.partition is not None and plan.stale is not None
    report(f"{plan.table.path}: {'; '.join(plan.stale.reasons)}: rows that differ are written")
    before = set() if plan.stored is None else set(plan.stored.file_uris())
    spark = rows.sparkSession
    kept = rows.persist(StorageLevel.DISK_ONLY)  # cached: compared, then written
    try:
        counts = _commit(kept, plan, key, _stored_rows(spark, plan, key, kept))
    finally:
        kept.unpersist()
    now = open_table(location(plan.lake, plan.table))
    assert now is not None
    files = set(now.file_uris())
    written = Written(*counts, len(files), len(files - before))
    report(_described(plan, written))
    return written


def _commit(rows: DataFrame, plan: Plan, key: str, stored: DataFrame | None) -> tuple[int, int, int]:
    """Commit; returns the numbers of rows: all, changed, removed."""
    step, total = plan.writing(None, plan.build.last), rows.count()
    if stored is None:
        commit_rows(_laid_out(rows, plan, key), step, rows_per_file=ROWS_PER_FILE)
        return total, total, 0
    old, new = stored.select(key, F.col(DIGEST).alias("_old")), rows.select(key, F.col(DIGEST).alias("_new"))
    both = new.join(old, on=key, how="full").where(~F.col("_old").eqNullSafe(F.col("_new")))
    changes = (
        both.groupBy().agg(F.count("_new").alias("changed"), F.count_if(F.col("_new").isNull()).alias("gone")).first()
    )
    assert changes is not None
    changed, gone = int(changes["changed"]), int(changes["gone"])
    if changed + gone > min(MOST_KEYS, _MOST_OF_ALL * max(total, 1)):
        commit_rows(_laid_out(rows, plan, key), step, rows_per_file=ROWS_PER_FILE)
        return total, changed, gone
    keys = [row[key] for row in both.select(key).collect()]
    wanted = rows.where(F.col(key).isin(*keys)) if keys else rows.where("false")
    commit_rows(_laid_out(wanted, plan, key), step, _among(key, keys), rows_per_file=ROWS_PER_FILE)
    return total, changed, gone


def _stored_rows(spark: SparkSession, plan: Plan, key: str, rows: DataFrame) -> DataFrame | None:
    """The table at the plan's version; None if it must be created: missing, or with other columns."""
    if plan.stored is None:
        return None
    stored = read_version(spark, plan.lake, plan.table, plan.version)
    return stored if [field.simpleString() for field in stored.schema] == _kinds(rows) else None


def _kinds(rows: DataFrame) -> list[str]:
    return [field.simpleString() for field in rows.schema]


def _among(key: str, keys: Sequence[str]) -> str:
    return f"{key} in ({literal_list(sorted(keys))})" if keys else "false"


def _laid_out(rows: DataFrame, plan: Plan, key: str) -> DataFrame:
    """The rows, distributed into files of one partition each, by key."""
    partition = plan.table.partition
    assert partition is not None
    return rows.repartition(partition).sortWithinPartitions(partition, key)


def _described(plan: Plan, written: Written) -> str:
    share = written.changed / max(written.rows, 1)
    return (
        f"{plan.table.path}: {written.rows} rows, of which {written.changed} new or other ({share:.1%}) and "
        f"{written.gone} gone; {written.new_files} of {written.files} files written"
    )
