"""Build the cards that agents read: panel/*, staged/*, lists/detection, follow_up -> cards/*."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.build_cards import build_cards


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("build_cards", __doc__ or "")


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the cards that have changed."""
    return build_cards(spark, settings, report)


if __name__ == "__main__":
    main("build_cards", parser(), run)
