"""Compute the signals: panel/* -> signals/etablissement, signals/entreprise, signals/dictionary."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.build_signals import build_signals


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("build_signals", __doc__ or "")
    arguments.add_argument("--rebuild", action="store_true", help="write every month again, not only the new ones")
    arguments.add_argument("--page", metavar="FILE", help="write the dictionary as a page, too")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the months of the panel that have no signals yet."""
    return build_signals(spark, settings, report, options.rebuild, options.page)


if __name__ == "__main__":
    main("build_signals", parser(), run)
