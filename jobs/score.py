"""Score companies with the champion: signals of the last months -> predictions/entreprise."""

import argparse
from datetime import date, datetime

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.ml.score import score
from sf_spark.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("score", __doc__ or "")
    arguments.add_argument(
        "--periode",
        action="append",
        type=month,
        metavar="AAAA-MM",
        help="month to score; may be repeated (default: the last score.months that have signals)",
    )
    return arguments


def month(text: str) -> date:
    """Read AAAA-MM as the first day of that month."""
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a month: write 2024-03 for March 2024") from None


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    """Score the months and replace their rows."""
    score(spark, settings, options.periode, report)


if __name__ == "__main__":
    main("score", parser(), run)
