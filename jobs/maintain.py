"""Maintain the tables of the lake: compact small files, remove files that nothing needs any more."""

import argparse

from sf_spark.cli import Report, job_parser, main_without_spark
from sf_spark.settings import Settings
from sf_spark.steps.maintain import maintain


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("maintain", __doc__ or "")
    arguments.add_argument("--dry-run", action="store_true", help="only show what would be done")
    return arguments


def run(settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Maintain every table."""
    return maintain(settings, report, options.dry_run)


if __name__ == "__main__":
    main_without_spark("maintain", parser(), run)
