"""Take delivered batches in: landing/<batch>/files -> staged/*, quarantine, deliveries."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.errors import ConfigurationError
from sf_spark.staging.deliveries import FAILED
from sf_spark.landing.files import check_landing, find_batch, list_batches
from sf_spark.staging.intake import take_in
from sf_spark.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("ingest", __doc__ or "")
    arguments.add_argument("--batch", action="append", default=[], help="batch to take in (default: all, in order)")
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse a missing landing folder or an unknown batch before Spark starts."""
    check_landing(settings.landing)
    for batch in options.batch:
        find_batch(settings.landing, batch)
    if not options.batch and not list_batches(settings.landing):
        raise ConfigurationError(f"landing folder '{settings.landing}' holds no batch (folders named AAMM or AAMM_NN)")


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Take in each batch; 1 when a file failed."""
    failed = []
    for batch in sorted(options.batch) or list_batches(settings.landing):
        report(f"reading {find_batch(settings.landing, batch)}, writing {settings.lake}/staged")
        failed += [
            f"{a.file.batch}/{a.file.name}" for a in take_in(spark, settings, batch, report) if a.status == FAILED
        ]
    if failed:
        report(f"{len(failed)} file(s) failed: {', '.join(failed)}; the others are taken in")
    return 1 if failed else 0


if __name__ == "__main__":
    main("ingest", parser(), run, check)
