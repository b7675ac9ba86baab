"""Take delivered batches in: landing/<batch>/files -> staged/*, quarantine, deliveries."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.ingest import check_deliveries, ingest


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("ingest", __doc__ or "")
    arguments.add_argument("--batch", action="append", default=[], help="batch to take in (default: all, in order)")
    arguments.add_argument(
        "--whole", action="append", default=[], metavar="SOURCE", help="all facts absent from its snapshot have ended"
    )
    arguments.add_argument(
        "--partial", action="append", default=[], metavar="SOURCE", help="its snapshot only adds and corrects"
    )
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse a missing landing folder, an unknown batch or source before Spark starts."""
    check_deliveries(settings, options.batch, options.whole, options.partial)


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Take in each batch; 1 when a file failed."""
    return ingest(spark, settings, report, options.batch, options.whole, options.partial)


if __name__ == "__main__":
    main("ingest", parser(), run, check)
