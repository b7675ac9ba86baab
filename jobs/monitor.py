"""Watch data, scores and lists: panel/*, signals/*, labels/*, predictions/*, lists/*, deliveries -> monitoring/*."""

import argparse
import sys

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main, main_without_spark
from sf_spark.settings import Settings
from sf_spark.steps.build_follow_up import report_funnel
from sf_spark.steps.monitor import monitor
from sf_spark.steps.show_builds import show_builds

_BUILDS = "--builds"


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("monitor", __doc__ or "")
    arguments.add_argument(
        _BUILDS, action="store_true", help="only show what the derived tables were built from, and which are stale"
    )
    arguments.add_argument(
        "--follow-up", action="store_true", help="only the outcome of detections: monitoring/follow_up"
    )
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write drift, coverage, freshness, what past lists found, and the warnings."""
    if options.follow_up:
        return report_funnel(spark, settings, report)
    return monitor(spark, settings, report)


def run_builds(settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Print the builds; no Spark is needed."""
    return show_builds(settings, report)


if __name__ == "__main__":
    if _BUILDS in sys.argv[1:]:
        main_without_spark("monitor", parser(), run_builds)
    else:
        main("monitor", parser(), run)
