"""Promote a version of a horizon's model to champion, by hand; who, why and the former version are logged."""

import argparse

from sf_spark.cli import Report, job_parser, main_without_spark
from sf_spark.settings import Settings
from sf_spark.steps.promote import promote


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("promote", __doc__ or "")
    arguments.add_argument("--version", required=True, metavar="N", help="version of the model of train.horizon")
    arguments.add_argument("--why", required=True, help="the reason, kept with the model")
    arguments.add_argument("--who", default="", help="who decided (default: the user of this machine)")
    return arguments


def run(settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Move the alias and log it."""
    promote(settings, options.version, options.why, options.who, report)
    return 0


if __name__ == "__main__":
    main_without_spark("promote", parser(), run)
