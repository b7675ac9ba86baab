"""Publish the detection lists: predictions/*, signals/*, panel/*, staged/*, follow_up -> lists/detection."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main, month
from sf_spark.errors import ConfigurationError
from sf_spark.settings import Settings
from sf_spark.steps.publish import Correction, publish
from sf_spark.steps.try_adjustments import try_adjustments


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("publish", __doc__ or "")
    arguments.add_argument(
        "--edition", metavar="REASON", help="publish a correction of a list, and say why; the former edition stays"
    )
    arguments.add_argument(
        "--periode", type=month, metavar="AAAA-MM", help="with --edition: month of the list (default: the last one)"
    )
    arguments.add_argument("--horizon", type=int, help="with --edition: horizon of the list (default: train.horizon)")
    arguments.add_argument(
        "--try-adjustments",
        action="store_true",
        help="show what the expert rules would have done in past months (monitoring/adjustments); publish nothing",
    )
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse a correction without a reason, and options that need one.

    Raises:
        ConfigurationError: It names the option.
    """
    if options.edition is not None and not options.edition.strip():
        raise ConfigurationError("--edition needs a reason: --edition 'contributions of 75 were delivered twice'")
    if options.edition is None and (options.periode or options.horizon):
        raise ConfigurationError("--periode and --horizon name the list to correct: they go with --edition 'reason'")


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Publish the months that have no list yet, or a correction, and count the latest list."""
    if options.try_adjustments:
        return try_adjustments(spark, settings, report)
    asked = Correction(options.edition.strip(), options.periode, options.horizon) if options.edition else None
    return publish(spark, settings, report, asked)


if __name__ == "__main__":
    main("publish", parser(), run, check)
