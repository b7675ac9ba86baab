"""Show the rejected lines by source and reason, and the facts held back from ending: two tables on the screen."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.quarantine import quarantine


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("quarantine", __doc__ or "")
    arguments.add_argument("--batch", action="append", default=[], help="only this batch; may be repeated")
    arguments.add_argument("--source", action="append", default=[], help="only this source; may be repeated")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Print the tables, or a message if nothing was rejected."""
    return quarantine(spark, settings, report, options.batch, options.source)


if __name__ == "__main__":
    main("quarantine", parser(), run)
