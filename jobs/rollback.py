"""Put back the version that the champion of a horizon replaced; who, why and the former version are logged."""

import argparse

from sf_spark.cli import Report, job_parser, main_without_spark
from sf_spark.settings import Settings
from sf_spark.steps.promote import rollback


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("rollback", __doc__ or "")
    arguments.add_argument("--why", required=True, help="the reason, kept with the model")
    arguments.add_argument("--who", default="", help="who decided (default: the user of this machine)")
    return arguments


def run(settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Move the alias and log it."""
    rollback(settings, options.why, options.who, report)
    return 0


if __name__ == "__main__":
    main_without_spark("rollback", parser(), run)
