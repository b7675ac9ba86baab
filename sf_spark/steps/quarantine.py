"""The rejected lines by source and reason, and the facts held back from ending: two tables on the screen."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.lake.tables import exists, read_table
from sf_spark.schema import HELD_BACK_FACTS, QUARANTINE
from sf_spark.settings import Settings
from sf_spark.staging.quarantine import held_back_by_reason, rejects_by_reason
from sf_spark.steps import Report

Wanted = Mapping[str, Sequence[str]]  # column -> values to show; none: all


def quarantine(
    spark: SparkSession, settings: Settings, report: Report, batches: Sequence[str] = (), sources: Sequence[str] = ()
) -> int:
    """Print the tables, or a message if nothing was rejected."""
    wanted = {"_batch": batches, "source": sources}
    _show_rejects(spark, settings, wanted, report)
    _show_held_back(spark, settings, wanted, report)
    return 0


def _show_held_back(spark: SparkSession, settings: Settings, wanted: Wanted, report: Report) -> None:
    if not exists(settings.lake, HELD_BACK_FACTS):
        report("no fact is held back from ending")
        return
    facts = _wanted(read_table(spark, settings.lake, HELD_BACK_FACTS), wanted)
    print(f"{'source':14} {'batch':8} {'held back for':20} {'facts':>8}  example")
    rows = held_back_by_reason(facts).collect()
    for row in rows:
        print(f"{row['source']:14} {row['_batch']:8} {row['reason']:20} {row['facts']:>8}  {row['example']}")
    report(f"{sum(row['facts'] for row in rows)} facts held back; a corrected delivery releases them")


def _wanted(rows: DataFrame, wanted: Wanted) -> DataFrame:
    for column, values in wanted.items():
        rows = rows.where(F.col(column).isin(list(values))) if values else rows
    return rows


def _show_rejects(spark: SparkSession, settings: Settings, wanted: Wanted, report: Report) -> None:
    if not exists(settings.lake, QUARANTINE):
        report(f"no line has been rejected in {settings.lake}")
        return
    lines = _wanted(read_table(spark, settings.lake, QUARANTINE), wanted)
    rows = rejects_by_reason(lines).collect()
    print(f"{'source':14} {'reason':20} {'column':22} {'lines':>8}  {'batches':11}  example")
    for row in rows:
        batches = f"{row['first_batch']}..{row['last_batch']}"
        print(f"{row[0]:14} {row[1]:20} {row[2]:22} {row[3]:>8}  {batches:11}  {row['message']} | {row['example']}")
    report(
        f"{sum(row['lines'] for row in rows)} reasons for lines rejected; corrected files go into a sub-batch (AAMM_01)"
    )
