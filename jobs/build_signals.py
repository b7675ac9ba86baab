"""Compute the signals: panel/* -> signals/etablissement, signals/entreprise, signals/dictionary."""

import argparse

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import index_of, start_of
from sf_spark.cli import Report, job_parser, main
from sf_spark.io.delta import read_table, replace_all
from sf_spark.io.months import last_month, months_to_write, write_months
from sf_spark.schema import (
    PANEL_ENTREPRISE,
    PANEL_ETABLISSEMENT,
    SIGNALS_DICTIONARY,
    SIGNALS_ENTREPRISE,
    SIGNALS_ETABLISSEMENT,
)
from sf_spark.settings import Settings
from sf_spark.signals.catalogue import compute_signals, months_needed, signals_for
from sf_spark.signals.dictionary import dictionary

GRAINS = (("siret", PANEL_ETABLISSEMENT, SIGNALS_ETABLISSEMENT), ("siren", PANEL_ENTREPRISE, SIGNALS_ENTREPRISE))


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("build_signals", __doc__ or "")
    arguments.add_argument("--rebuild", action="store_true", help="write every month again, not only the new ones")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the months of the panel that have no signals yet, reading no more than their windows need."""
    for key, source, target in GRAINS:
        signals = signals_for(key)
        panel = read_table(spark, settings.lake, source)
        first = months_to_write(spark, settings.lake, target, options.rebuild, report)
        if first is not None:
            panel = panel.where(F.col("periode") >= F.lit(start_of(index_of(first) - months_needed(signals))))
        report(f"reading {source.path}, computing {len(signals)} signals")
        last = last_month(spark, settings.lake, source)
        assert last is not None  # read_table has found the panel, and build_panel writes no empty one
        write_months(compute_signals(panel, key, signals), settings.lake, target, first, last, report)
    replace_all(dictionary(spark), settings.lake, SIGNALS_DICTIONARY)
    return 0


if __name__ == "__main__":
    main("build_signals", parser(), run)
