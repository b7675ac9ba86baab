"""Evaluate the champion's configuration, or a model's, on today's data; logs runs, registers nothing."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.ml.split import PROTOCOLS
from sf_spark.settings import Settings
from sf_spark.steps.evaluate import evaluate_champion


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("evaluate", __doc__ or "")
    arguments.add_argument(
        "--protocol",
        action="append",
        choices=[*PROTOCOLS, "all"],
        help="how rows are split; may be repeated (default: new_failures, the headline)",
    )
    arguments.add_argument("--model", default="", help="a model of conf/models (default: the champion's configuration)")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    """Evaluate, or show the figures that a run on the same data logged."""
    asked = options.protocol or ["new_failures"]
    evaluate_champion(spark, settings, report, PROTOCOLS if "all" in asked else tuple(asked), options.model)


if __name__ == "__main__":
    main("evaluate", parser(), run)
