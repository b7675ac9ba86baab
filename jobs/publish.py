"""Publish the detection lists: predictions/*, signals/*, panel/* -> lists/detection, exports by department."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.publish import publish


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("publish", __doc__ or "")


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Publish every scored month, in order, and show the top of the latest list."""
    return publish(spark, settings, report)


if __name__ == "__main__":
    main("publish", parser(), run)
