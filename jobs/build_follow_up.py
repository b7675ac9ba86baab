"""Build the table of follow-ups and opinions: staged/suivi, staged/avis -> follow_up."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.build_follow_up import build_follow_up


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("build_follow_up", __doc__ or "")


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the table when a delivery has brought something new."""
    return build_follow_up(spark, settings, report)


if __name__ == "__main__":
    main("build_follow_up", parser(), run)
