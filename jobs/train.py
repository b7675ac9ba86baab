"""Train and judge the models of each horizon: signals/entreprise, labels/entreprise, panel/entreprise -> MLflow.

Every model of conf/models is evaluated at rolling origins; the best goes through the gate.
"""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.ml.model_files import read_definitions
from sf_spark.settings import Settings
from sf_spark.steps.train import MODELS, train


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("train", __doc__ or "")


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse a model's file that cannot be used before Spark starts."""
    read_definitions(MODELS, settings.train.models)


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> None:
    """Train, or reuse an earlier training on the same data."""
    train(spark, settings, report)


if __name__ == "__main__":
    main("train", parser(), run, check)
