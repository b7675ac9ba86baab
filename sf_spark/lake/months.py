"""Tables with one partition a month: they only grow, a refresh writes the months that are not there yet.

A delivery that corrects a month already written is the exception: the months from its own on are written again.

    last month written    delivered since              first month to write
    2024-03               2404                         2024-04
    2024-03               2403_02, 2404                2024-03
    2024-03               2401_01, 2404                2024-01
    2024-03               2401, older than the first   every month: that one dates the facts of the past
    none                  2403                         every month
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import batch_date, index_of, start_of
from sf_spark.errors import SfSparkError
from sf_spark.lake.tables import exists, location, read_table, replace_all, replace_where
from sf_spark.schema import DELIVERIES, Table

# Commits that lay out or describe a table, and leave its rows as they are.
_HOUSEKEEPING = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES")


def first_to_write(last: date | None, delivered_since: Iterable[str]) -> date | None:
    """The first month to write; None for all of them.

    Args:
        last: The last month written; None for an empty table.
        delivered_since: Batches (AAMM or AAMM_NN) delivered since the table was last written.
    """
    if last is None:
        return None
    of_batches = [start_of(index_of(batch_date(batch))) for batch in delivered_since]
    return min([start_of(index_of(last) + 1), *of_batches])


def older_beginnings(before: Iterable[tuple[str, str]], since: Iterable[tuple[str, str]]) -> list[str]:
    """Batches that came since, and are older than all that was there of their source.

    The first delivery of a source dates its facts by their own rule, in a past before any delivery. A source of which
    nothing was there changes no past: its measures were unknown, and stay so.

    Args:
        before: (source, batch) of the deliveries that were there.
        since: (source, batch) of those that came since.
    """
    first: dict[str, str] = {}
    for source, batch in before:
        first[source] = min(batch, first.get(source, batch))
    return sorted({batch for source, batch in since if source in first and batch < first[source]})


def last_month(spark: SparkSession, lake: str, table: Table) -> date | None:
    """The last month that a table holds; None when it has none."""
    if not exists(spark, lake, table):
        return None
    row = read_table(spark, lake, table).agg(F.max("periode")).first()
    return row[0] if row else None


def months_to_write(
    spark: SparkSession,
    lake: str,
    table: Table,
    rebuild: bool = False,
    report: Callable[[str], None] = lambda text: None,
) -> date | None:
    """The first month to write; None for all of them."""
    last = None if rebuild else last_month(spark, lake, table)
    if last is None:
        return None
    before, since = _deliveries(spark, lake, _last_write(spark, lake, table))
    if older := older_beginnings(before, since):
        report(f"{table.path}: {', '.join(older)} came after it was written and is older: every month is written again")
        return None
    batches = sorted({batch for _, batch in since})
    first = first_to_write(last, batches)
    assert first is not None  # there is a last month
    if first <= last:
        corrections = ", ".join(batch for batch in batches if batch_date(batch) <= batch_date(f"{last:%y%m}"))
        report(f"{table.path}: {corrections} came after it was written: months from {first:%Y-%m} on are written again")
    return first


def write_months(
    df: DataFrame, lake: str, table: Table, first: date | None, last: date, report: Callable[[str], None]
) -> None:
    """Write the months from ``first`` (None: from the beginning) to ``last`` in one commit; earlier files stay.

    Raises:
        SfSparkError: When the table was written with other columns: they would differ from month to month.
    """
    if first is not None and first > last:
        report(f"{table.path}: every month up to {last:%Y-%m} is already there")
        return
    after = start_of(index_of(last) + 1)
    wanted = f"periode < '{after}'" if first is None else f"periode >= '{first}' and periode < '{after}'"
    # One file a month: all rows of a month meet in one task.
    months = df.where(wanted).repartition("periode")
    if first is None:
        replace_all(months, lake, table)
    else:
        _check_columns(df, lake, table)
        replace_where(months, lake, table, wanted)
    written = read_table(df.sparkSession, lake, table).where(wanted).count()
    report(
        f"{table.path}: {written} rows written, months {'from the first' if first is None else first} to {last:%Y-%m}"
    )


def _last_write(spark: SparkSession, lake: str, table: Table) -> datetime:
    history = DeltaTable.forPath(spark, location(lake, table)).history().where(~F.col("operation").isin(*_HOUSEKEEPING))
    return history.agg(F.max("timestamp")).first()[0]  # type: ignore[index]


def _deliveries(
    spark: SparkSession, lake: str, moment: datetime
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(source, batch) of the deliveries taken in up to a moment, and of those since."""
    if not exists(spark, lake, DELIVERIES):
        return [], []
    taken_in = read_table(spark, lake, DELIVERIES).where("status = 'ok'")
    is_later = (F.col("finished_at") > moment).alias("later")
    rows = taken_in.select("source", "_batch", is_later).distinct().collect()
    before, since = ([(row["source"], row["_batch"]) for row in rows if row["later"] is flag] for flag in (False, True))
    return before, since


def _check_columns(df: DataFrame, lake: str, table: Table) -> None:
    there, asked = set(read_table(df.sparkSession, lake, table).columns), set(df.columns)
    if there != asked:
        differing = ", ".join(sorted(there ^ asked)[:5])
        raise SfSparkError(f"table {table.path} was written with other columns ({differing}...): run with --rebuild")
