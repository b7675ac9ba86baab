"""The signals: panel/* -> signals/etablissement, signals/entreprise, signals/dictionary."""

from pathlib import Path

from pyspark.sql import SparkSession

from sf_spark.lake.tables import replace_all
from sf_spark.schema import SIGNALS_DICTIONARY
from sf_spark.settings import Settings
from sf_spark.signals.catalogue import catalogue_from
from sf_spark.signals.dictionary import coverage, dictionary, page
from sf_spark.steps import Report
from sf_spark.steps.signal_months import plan_of
from sf_spark.steps.signal_tables import last_rows, write_signals_by_kernel, write_signals_by_sql


def build_signals(
    spark: SparkSession, settings: Settings, report: Report, rebuild: bool = False, page_file: str | None = None
) -> int:
    """Write the months of the panel that have no signals yet, reading no more than their windows need."""
    chosen, lake = settings.signals, settings.lake
    catalogue = catalogue_from(chosen.catalogue, chosen.families)
    plan = plan_of(spark, lake, catalogue, rebuild, report)
    if plan is None:
        report("signals/*: every month of the panel is already there")
    elif chosen.engine == "kernel" and "://" not in lake:
        write_signals_by_kernel(spark, lake, catalogue, plan, chosen.rows_per_task, report)
    else:
        write_signals_by_sql(spark, lake, catalogue, plan, report)
    signals, known = catalogue.of("siren"), coverage(last_rows(spark, lake))
    replace_all(dictionary(spark, signals, known), lake, SIGNALS_DICTIONARY)
    if page_file:
        Path(page_file).write_text(page(signals, known), encoding="utf-8")
    return 0
