"""Score companies with the champion of each horizon: signals/entreprise, panel/entreprise -> predictions/entreprise."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main, month
from sf_spark.settings import Settings
from sf_spark.steps.score import score
from sf_spark.steps.score_table import score_table


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
    arguments.add_argument("--model-version", metavar="N", help="score with this version at train.horizon")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    """Score the months and replace their rows; with ``table`` set, every row of that table."""
    if settings.table:
        score_table(spark, settings, report, options.model_version)
    else:
        score(spark, settings, options.periode, report, options.model_version)


if __name__ == "__main__":
    main("score", parser(), run)
