"""Tables with one partition a month: they only grow, a refresh writes the months that are not there yet."""

from collections.abc import Callable
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import index_of, start_of
from sf_spark.io.delta import exists, read_table, replace_where
from sf_spark.schema import Table


def last_month(spark: SparkSession, lake: str, table: Table) -> date | None:
    """The last month that a table holds; None when it has none."""
    if not exists(spark, lake, table):
        return None
    row = read_table(spark, lake, table).agg(F.max("periode")).first()
    return row[0] if row else None


def months_to_write(spark: SparkSession, lake: str, table: Table, rebuild: bool = False) -> date | None:
    """The first month to write; None for all of them."""
    last = None if rebuild else last_month(spark, lake, table)
    return start_of(index_of(last) + 1) if last else None


def write_months(
    df: DataFrame, lake: str, table: Table, first: date | None, last: date, report: Callable[[str], None]
) -> None:
    """Write the months from ``first`` (None: from the beginning) to ``last`` in one commit; earlier files stay."""
    if first is not None and first > last:
        report(f"{table.path}: every month up to {last:%Y-%m} is already there")
        return
    after = start_of(index_of(last) + 1)
    wanted = f"periode < '{after}'" if first is None else f"periode >= '{first}' and periode < '{after}'"
    months = df.where(wanted)
    # One file a month: all rows of a month meet in one task.
    replace_where(months.repartition("periode"), lake, table, wanted)
    written = read_table(df.sparkSession, lake, table).where(wanted).count()
    report(
        f"{table.path}: {written} rows written, months {'from the first' if first is None else first} to {last:%Y-%m}"
    )
