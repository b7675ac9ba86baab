"""Show the rejected lines by source and reason: quarantine -> a table on the screen."""

import argparse

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.cli import Report, job_parser, main
from sf_spark.io.delta import exists, read_table
from sf_spark.quality.rejects import rejects_by_reason
from sf_spark.schema import QUARANTINE
from sf_spark.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("quarantine", __doc__ or "")
    arguments.add_argument("--batch", action="append", default=[], help="only this batch; may be repeated")
    arguments.add_argument("--source", action="append", default=[], help="only this source; may be repeated")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Print the table; a lake that has rejected nothing says so."""
    if not exists(spark, settings.lake, QUARANTINE):
        report(f"no line has been rejected in {settings.lake}")
        return 0
    lines = read_table(spark, settings.lake, QUARANTINE)
    for column, wanted in (("_batch", options.batch), ("source", options.source)):
        lines = lines.where(F.col(column).isin(wanted)) if wanted else lines
    rows = rejects_by_reason(lines).collect()
    print(f"{'source':14} {'reason':20} {'column':22} {'lines':>8}  {'batches':11}  example")
    for row in rows:
        batches = f"{row['first_batch']}..{row['last_batch']}"
        print(f"{row[0]:14} {row[1]:20} {row[2]:22} {row[3]:>8}  {batches:11}  {row['message']} | {row['example']}")
    report(
        f"{sum(row['lines'] for row in rows)} reasons for lines rejected; corrected files go into a sub-batch (AAMM_01)"
    )
    return 0


if __name__ == "__main__":
    main("quarantine", parser(), run)
