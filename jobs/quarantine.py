"""Show the rejected lines by source and reason, and the facts held back from ending: two tables on the screen."""

import argparse

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.cli import Report, job_parser, main
from sf_spark.io.delta import exists, read_table
from sf_spark.quality.rejects import held_back_by_reason, rejects_by_reason
from sf_spark.schema import HELD_BACK_FACTS, QUARANTINE
from sf_spark.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("quarantine", __doc__ or "")
    arguments.add_argument("--batch", action="append", default=[], help="only this batch; may be repeated")
    arguments.add_argument("--source", action="append", default=[], help="only this source; may be repeated")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Print the tables; a lake that has rejected nothing says so."""
    _show_rejects(spark, settings, options, report)
    _show_held_back(spark, settings, options, report)
    return 0


def _show_held_back(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    if not exists(spark, settings.lake, HELD_BACK_FACTS):
        report("no fact is held back from ending")
        return
    facts = _wanted(read_table(spark, settings.lake, HELD_BACK_FACTS), options)
    print(f"{'source':14} {'batch':8} {'held back for':20} {'facts':>8}  example")
    rows = held_back_by_reason(facts).collect()
    for row in rows:
        print(f"{row['source']:14} {row['_batch']:8} {row['reason']:20} {row['facts']:>8}  {row['example']}")
    report(f"{sum(row['facts'] for row in rows)} facts held back; a corrected delivery releases them")


def _wanted(rows: DataFrame, options: argparse.Namespace) -> DataFrame:
    for column, wanted in (("_batch", options.batch), ("source", options.source)):
        rows = rows.where(F.col(column).isin(wanted)) if wanted else rows
    return rows


def _show_rejects(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    if not exists(spark, settings.lake, QUARANTINE):
        report(f"no line has been rejected in {settings.lake}")
        return
    lines = _wanted(read_table(spark, settings.lake, QUARANTINE), options)
    rows = rejects_by_reason(lines).collect()
    print(f"{'source':14} {'reason':20} {'column':22} {'lines':>8}  {'batches':11}  example")
    for row in rows:
        batches = f"{row['first_batch']}..{row['last_batch']}"
        print(f"{row[0]:14} {row[1]:20} {row[2]:22} {row[3]:>8}  {batches:11}  {row['message']} | {row['example']}")
    report(
        f"{sum(row['lines'] for row in rows)} reasons for lines rejected; corrected files go into a sub-batch (AAMM_01)"
    )


if __name__ == "__main__":
    main("quarantine", parser(), run)
