"""Run the whole flow, step after step: ingest, panels, signals, labels, model, scores, list. Run again, it goes on."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main, reporter
from sf_spark.settings import Settings
from sf_spark.steps.generate import generate
from sf_spark.steps.ingest import check_deliveries
from sf_spark.steps.pipeline import pipeline


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("pipeline", __doc__ or "")
    arguments.add_argument("--generate", action="store_true", help="generate the deliveries first (a demonstration)")
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Make or find the deliveries before Spark starts."""
    if options.generate:
        generate(settings, reporter("generate"))
    check_deliveries(settings)


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Run the steps; each writes what is stale, and the list is counted."""
    return pipeline(spark, settings, report, reporter)


if __name__ == "__main__":
    main("pipeline", parser(), run, check)
