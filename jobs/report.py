"""Write the report of a service: lists/detection, cards/*, monitoring/*, deliveries -> a folder of pages."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.settings import Settings
from sf_spark.steps.report import AskedReport, check_report, report


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("report", __doc__ or "")
    arguments.add_argument("--service", required=True, help="who receives it: a name of conf/habilitations.yml")
    arguments.add_argument("--to", default="", metavar="FOLDER", help="folder (default: the exports of the service)")
    arguments.add_argument("--list", default="", dest="name", help="the list (default: the last one)")
    arguments.add_argument("--agent", default="", help="who asks, for exports/log (default: the user)")
    return arguments


def _asked(options: argparse.Namespace) -> AskedReport:
    return AskedReport(options.service, options.to, options.name, options.agent)


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse an unknown service, and a folder that holds something else, before Spark starts."""
    check_report(settings, _asked(options))


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, say: Report) -> int:
    """Write the pages and the row of the log."""
    report(spark, settings, _asked(options), say)
    return 0


if __name__ == "__main__":
    main("report", parser(), run, check)
