"""Search for the parameters of a model of conf/models, inside the training period; log one run with its trials."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.ml.model_files import read_definitions
from sf_spark.settings import Settings
from sf_spark.steps.train import MODELS
from sf_spark.steps.tune import tune


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("tune", __doc__ or "")
    arguments.add_argument("--model", required=True, help="a model of conf/models whose file has a search")
    arguments.add_argument("--save", default="", metavar="NAME", help="write the best one as conf/models/NAME.yml")
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse an unknown model before Spark starts."""
    read_definitions(MODELS, [options.model])


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    """Search, or continue an interrupted search."""
    tune(spark, settings, options.model, report, options.save)


if __name__ == "__main__":
    main("tune", parser(), run, check)
