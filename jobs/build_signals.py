"""Compute the signals: panel/* -> signals/etablissement, signals/entreprise, signals/dictionary."""

import argparse
from pathlib import Path

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.io.delta import replace_all
from sf_spark.io.signals import last_rows, write_signals_by_kernel, write_signals_by_sql
from sf_spark.io.signals_plan import plan_of
from sf_spark.schema import SIGNALS_DICTIONARY
from sf_spark.settings import Settings
from sf_spark.signals.catalogue import catalogue_from
from sf_spark.signals.dictionary import coverage, dictionary, page


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("build_signals", __doc__ or "")
    arguments.add_argument("--rebuild", action="store_true", help="write every month again, not only the new ones")
    arguments.add_argument("--page", metavar="FILE", help="write the dictionary as a page, too")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the months of the panel that have no signals yet, reading no more than their windows need."""
    chosen, lake = settings.signals, settings.lake
    catalogue = catalogue_from(chosen.catalogue, chosen.families)
    plan = plan_of(spark, lake, catalogue, options.rebuild, report)
    if plan is None:
        report("signals/*: every month of the panel is already there")
    elif chosen.engine == "kernel" and "://" not in lake:
        write_signals_by_kernel(spark, lake, catalogue, plan, chosen.rows_per_task, report)
    else:
        write_signals_by_sql(spark, lake, catalogue, plan, report)
    signals, known = catalogue.of("siren"), coverage(last_rows(spark, lake))
    replace_all(dictionary(spark, signals, known), lake, SIGNALS_DICTIONARY)
    if options.page:
        Path(options.page).write_text(page(signals, known), encoding="utf-8")
    return 0


if __name__ == "__main__":
    main("build_signals", parser(), run)
