"""Take delivered batches in: landing/<batch>/files -> staged/*, quarantine, deliveries."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.errors import ConfigurationError
from sf_spark.landing.files import check_landing, find_batch, list_batches
from sf_spark.settings import Settings
from sf_spark.sources import SOURCES
from sf_spark.staging.deliveries import FAILED
from sf_spark.staging.intake import take_in


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("ingest", __doc__ or "")
    arguments.add_argument("--batch", action="append", default=[], help="batch to take in (default: all, in order)")
    arguments.add_argument(
        "--whole", action="append", default=[], metavar="SOURCE", help="what its snapshot lacks has ended, however much"
    )
    arguments.add_argument(
        "--partial", action="append", default=[], metavar="SOURCE", help="its snapshot only adds and corrects"
    )
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse a missing landing folder or an unknown batch before Spark starts."""
    check_landing(settings.landing)
    known = [source.name for source in SOURCES if source.delivery == "snapshot"]
    said = (*settings.ingest.whole, *settings.ingest.partial, *options.whole, *options.partial)
    for name in said:
        if name not in known:
            raise ConfigurationError(f"'{name}' is not a source that delivers snapshots: there is {', '.join(known)}")
    for batch in options.batch:
        find_batch(settings.landing, batch)
    if not options.batch and not list_batches(settings.landing):
        raise ConfigurationError(f"landing folder '{settings.landing}' holds no batch (folders named AAMM or AAMM_NN)")


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Take in each batch; 1 when a file failed."""
    said = {
        "whole": (*settings.ingest.whole, *options.whole),
        "partial": (*settings.ingest.partial, *options.partial),
    }
    settings = settings.model_copy(update={"ingest": settings.ingest.model_copy(update=said)})
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
