"""Show what the tables were made of, what is stale of them, and why."""

import argparse

from sf_spark.cli import Report, job_parser, main_without_spark
from sf_spark.settings import Settings
from sf_spark.steps.show_builds import show_builds


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("monitor", __doc__ or "")
    arguments.add_argument("--builds", action="store_true", help="the builds of the derived tables (default)")
    return arguments


def run(settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Print the builds."""
    return show_builds(settings, report)


if __name__ == "__main__":
    main_without_spark("monitor", parser(), run)
