"""Build the panels: staged/* -> panel/etablissement, panel/entreprise."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.build_panel import build_panel


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("build_panel", __doc__ or "")
    arguments.add_argument("--rebuild", action="store_true", help="write every month again, not only the new ones")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the missing months, and those that a later delivery corrects."""
    return build_panel(spark, settings, report, options.rebuild)


if __name__ == "__main__":
    main("build_panel", parser(), run)
