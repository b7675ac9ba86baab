"""Train every model of conf/models, judge them by rolling origins, register the best one as champion."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.ml.models import read_definitions
from sf_spark.ml.train import MODELS, train
from sf_spark.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("train", __doc__ or "")


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse a model's file that cannot be used before Spark starts."""
    read_definitions(MODELS)


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    """Train, or find what an earlier training on the same data left."""
    train(spark, settings, report)


if __name__ == "__main__":
    main("train", parser(), run, check)
