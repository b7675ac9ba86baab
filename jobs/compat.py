"""Write the former system's variables for comparison: staged/* -> compat/etablissement, compat/entreprise."""

import argparse
from datetime import date, datetime

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.compat import compat


def _month(text: str) -> date:
    return datetime.strptime(text, "%Y-%m").date()


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("compat", __doc__ or "")
    arguments.add_argument("--date-debut", type=_month, default=date(2016, 1, 1), help="first month (default: 2016-01)")
    arguments.add_argument("--date-fin", type=_month, help="month after the last (default: of the last delivery)")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write both tables again, whole."""
    return compat(spark, settings, report, options.date_debut, options.date_fin)


if __name__ == "__main__":
    main("compat", parser(), run)
