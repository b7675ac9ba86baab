"""Label the months: staged/procol, staged/procedures, panel/entreprise -> labels/entreprise."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.build_labels import build_labels


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("build_labels", __doc__ or "")


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write every month again."""
    return build_labels(spark, settings, report)


if __name__ == "__main__":
    main("build_labels", parser(), run)
