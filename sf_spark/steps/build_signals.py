"""The signals: panel/* -> signals/etablissement, signals/entreprise, signals/dictionary."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from sf_spark.errors import MissingTableError, SfSparkError
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.files import is_table
from sf_spark.lake.month_files import commit_months
from sf_spark.lake.months import months_of
from sf_spark.lake.planning import Plan, Read, describe_plan, plan
from sf_spark.lake.tables import location
from sf_spark.schema import PANEL_ENTREPRISE, SIGNALS_ENTREPRISE
from sf_spark.settings import Settings
from sf_spark.signals.dictionary import coverage, dictionary, page
from sf_spark.steps import Report
from sf_spark.steps.outputs.signal_tables import GRAINS, Months, last_rows, write_signals
from sf_spark.steps.recipes import catalogue_of, dictionary_recipe, signal_recipes
from sf_spark.steps.twice import tried_twice


def build_signals(
    spark: SparkSession, settings: Settings, report: Report, rebuild: bool = False, page_file: str | None = None
) -> int:
    """Write the months of the panel whose signals are missing or stale, and read only what their windows need."""

    def action() -> int:
        _build_tables(spark, settings, report, rebuild)
        _build_dictionary(spark, settings, report, page_file)
        return 0

    return tried_twice(action, report)


def _build_tables(spark: SparkSession, settings: Settings, report: Report, rebuild: bool) -> None:
    chosen, lake = settings.signals, settings.lake
    if not is_table(location(lake, PANEL_ENTREPRISE)):
        raise MissingTableError(f"table {PANEL_ENTREPRISE.path} is not in {lake}: run the job that writes it first")
    panel_months = months_of(lake, PANEL_ENTREPRISE)
    if not panel_months:
        raise SfSparkError(f"{PANEL_ENTREPRISE.path} is empty: no delivery so far gives a company a month")
    read = Read(last=panel_months[-1])
    plans = {key: plan(lake, recipe, read, rebuild) for key, recipe in signal_recipes(settings).items()}
    todo = {key: each for key, each in plans.items() if each.stale is not None}
    if not todo:
        report(f"signals/*: all months to {panel_months[-1]:%Y-%m} are up to date")
        return
    for each in todo.values():
        report(describe_plan(each))
    catalogue, months = catalogue_of(settings), _months(lake, todo, panel_months[-1])
    if months.first > months.last:  # the panel has lost months, so the signals lose them too
        for key, each in todo.items():
            names = [signal.name for signal in catalogue.of(key)]
            commit_months(each.writing(months.first, months.last), key, names, [])
    else:
        write_signals(spark, todo, catalogue, months, chosen.rows_per_task, report)


def _months(lake: str, todo: Mapping[str, Plan], last: date) -> Months:
    """The months that both tables need: they are computed in one pass."""
    starts = [each.stale.first for each in todo.values() if each.stale is not None]
    if None in starts:
        first = min(month for panel, _ in GRAINS.values() for month in months_of(lake, panel))
        return Months(first, last, whole=True)
    return Months(min(start for start in starts if start is not None), last, whole=False)


def _build_dictionary(spark: SparkSession, settings: Settings, report: Report, page_file: str | None) -> None:
    todo = plan(settings.lake, dictionary_recipe(settings), Read())
    if todo.stale is None and not page_file:
        return
    version = todo.version_of(SIGNALS_ENTREPRISE)
    assert version is not None  # inputs of a plan exist
    signals, known = catalogue_of(settings).of("siren"), coverage(last_rows(spark, settings.lake, version))
    if todo.stale is not None:
        commit_rows(dictionary(spark, signals, known), todo.writing(None, None))
        report(f"{todo.table.path}: {len(signals)} signals described")
    if page_file:
        Path(page_file).write_text(page(signals, known), encoding="utf-8")
