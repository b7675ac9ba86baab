"""Run the whole flow, step by step: ingest, panels, signals, labels, model, scores, list. A second run continues it."""

import argparse
import time

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
    arguments.add_argument("--verbose", action="store_true", help="show all lines of the steps, not one line a step")
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Make or find the deliveries before Spark starts."""
    if options.generate:
        start, report, lines = time.monotonic(), reporter("generate"), list[str]()
        generate(settings, report if options.verbose else lines.append)
        if lines:
            report(f"{lines[-1]} ({time.monotonic() - start:.0f} s)")
    check_deliveries(settings)


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Run the steps, which write what is stale, and count the list."""
    return pipeline(spark, settings, report, reporter, options.verbose)


if __name__ == "__main__":
    main("pipeline", parser(), run, check)
