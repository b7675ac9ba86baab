"""Evaluate the champion's configuration by rolling origins on today's data; logs a run, registers nothing."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.ml.train import evaluate_champion
from sf_spark.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("evaluate", __doc__ or "")
    arguments.add_argument("--disjoint", action="store_true", help="keep companies of training and test apart too")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    """Evaluate, or show the figures that a run on the same data logged."""
    evaluate_champion(spark, settings, report, disjoint=options.disjoint or settings.train.disjoint)


if __name__ == "__main__":
    main("evaluate", parser(), run)
