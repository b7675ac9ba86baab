"""After a refresh, monitor data, scores and lists: tables in monitoring/, and a line for each warning.

Reference months and thresholds are in the section ``monitor`` of conf/base/settings.yml.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.errors import MissingTableError
from sf_spark.lake.files import open_table, replace_rows
from sf_spark.lake.months import months_of
from sf_spark.lake.runs import runs_by_job
from sf_spark.lake.tables import location, read_table
from sf_spark.monitoring import warnings
from sf_spark.monitoring.freshness import freshness
from sf_spark.monitoring.warnings import Warned
from sf_spark.panel.measures import common_measures, company_measures, urssaf_measures
from sf_spark.publication.editions import in_force
from sf_spark.schema import (
    DELIVERIES,
    MONITORING_COVERAGE,
    MONITORING_DRIFT,
    MONITORING_FRESHNESS,
    MONITORING_LISTS,
    MONITORING_PERFORMANCE,
    MONITORING_WARNINGS,
    PANEL_ENTREPRISE,
    Table,
)
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.editions import published_editions
from sf_spark.steps.inputs.matured_lists import matured_lists
from sf_spark.steps.inputs.moved_signals import moved_signals

_WARNING = "WARNING: "  # prefix of lines that need attention
_SHOWN = 5  # printed warnings of one check; the table has all
_FEWEST_RUNS = 3  # before the last one, for a meaningful median
_TEXT, _COUNT, _NUMBER = pa.string(), pa.int64(), pa.float64()
_TYPES = {"periode": pa.date32(), "training_first": pa.date32(), "training_last": pa.date32(), "horizon": pa.int32()}
_TYPES |= dict.fromkeys(("name", "kind", "source", "measure", "last_batch", "list", "level", "subject"), _TEXT)
_TYPES |= dict.fromkeys(("message", "model_version"), _TEXT)
_TYPES |= dict.fromkeys(
    ("companies", "sample", "sample_training", "batches", "months_since", "scored", "alerts", "found", "missed"), _COUNT
)
Rows = Sequence[Mapping[str, Any]]


def monitor(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write the tables of the last month, and report figures beyond their thresholds; always returns 0.

    Raises:
        MissingTableError: When there is no panel yet.
    """
    months = months_of(settings.lake, PANEL_ENTREPRISE)
    if not months:
        raise MissingTableError(f"table {PANEL_ENTREPRISE.path} is not in {settings.lake}: run build_panel first")
    last, found = months[-1], list[Warned]()
    for name, check in _CHECKS.items():
        report(f"{name} of {last:%Y-%m}")
        found += check(spark, settings, last, report)
    rows = [{"periode": last, **vars(each)} for each in found]
    _replace(settings.lake, MONITORING_WARNINGS, rows, f"periode = '{last}'", tuple(Warned.__dataclass_fields__))
    for line in _lines(found):
        report(line)
    return 0


def _drift(spark: SparkSession, settings: Settings, last: date, report: Report) -> list[Warned]:
    rows = moved_signals(spark, settings, last, report)
    _replace(settings.lake, MONITORING_DRIFT, rows, f"periode = '{last}'")
    return warnings.of_drift(rows, settings.monitor.psi_warns)


def _coverage(spark: SparkSession, settings: Settings, last: date, report: Report) -> list[Warned]:
    rows = _known_shares(spark, settings, last)
    _replace(settings.lake, MONITORING_COVERAGE, rows, f"periode = '{last}'")
    return warnings.of_coverage(rows, settings.monitor.coverage_drop_warns)


def _freshness(spark: SparkSession, settings: Settings, last: date, report: Report) -> list[Warned]:
    stored = open_table(location(settings.lake, DELIVERIES))
    taken_in = [] if stored is None else stored.to_pyarrow_table().to_pylist()
    rows = freshness(row for row in taken_in if row["status"] == "ok")
    if rows:
        _replace(settings.lake, MONITORING_FRESHNESS, rows, f"periode = '{rows[0]['periode']}'")
    return warnings.of_freshness(rows, settings.monitor.late_months_warns)


def _performance(spark: SparkSession, settings: Settings, last: date, report: Report) -> list[Warned]:
    rows = matured_lists(spark, settings, report)
    _replace(settings.lake, MONITORING_PERFORMANCE, rows, "list is not null")
    return warnings.of_performance(rows, settings.monitor.precision_drop_warns)


def _churn(spark: SparkSession, settings: Settings, last: date, report: Report) -> list[Warned]:
    stored = open_table(location(settings.lake, MONITORING_LISTS))
    rows = [] if stored is None else stored.to_pyarrow_table().to_pylist()
    speaking = {each.name for each in in_force(published_editions(settings.lake)).values() if each.periode == last}
    return warnings.of_churn([row for row in rows if row["list"] in speaking], settings.monitor.churn_warns)


def _run_times(spark: SparkSession, settings: Settings, last: date, report: Report) -> list[Warned]:
    rows = [
        {"job": job, "seconds": seconds[-1], "median_seconds": median(seconds[:-1])}
        for job, seconds in sorted(runs_by_job(settings.lake).items())
        if len(seconds) > _FEWEST_RUNS
    ]
    return warnings.of_run_times(rows, settings.monitor.slower_warns)


Check = Callable[[SparkSession, Settings, date, Report], list[Warned]]
_CHECKS: Mapping[str, Check] = {
    "drift": _drift,
    "coverage": _coverage,
    "freshness": _freshness,
    "performance": _performance,
    "churn": _churn,
    "run times": _run_times,
}


def _known_shares(spark: SparkSession, settings: Settings, last: date) -> list[dict[str, Any]]:
    """Share of the companies in the perimeter for which each measure is known, now and a year ago."""
    day = settings.cutoff_day
    measures = urssaf_measures("effectif_ent") | common_measures(day) | company_measures(day)
    sources = {name: source for name, (source, _) in measures.items()}
    year_ago = start_of(index_of(last) - 12)
    panel = read_table(spark, settings.lake, PANEL_ENTREPRISE)
    wanted = panel.where(F.col("est_dans_perimetre") & F.col("periode").isin(last, year_ago))
    names = [name for name in sources if name in panel.columns]
    counts = wanted.groupBy("periode").agg(
        F.count("*").alias("companies"), *(F.count(name).alias(name) for name in names)
    )
    by_month = {row["periode"]: row for row in counts.collect()}
    now, then = by_month.get(last), by_month.get(year_ago)
    if now is None:
        return []
    return [
        {
            "periode": last,
            "source": sources[name],
            "measure": name,
            "companies": now["companies"],
            "known": now[name] / now["companies"],
            "known_year_ago": None if then is None else then[name] / then["companies"],
        }
        for name in names
    ]


def _replace(lake: str, table: Table, rows: Rows, predicate: str, columns: Sequence[str] = ()) -> None:
    """Replace the rows of a month, or all rows; write nothing if there are neither new nor old rows."""
    folder = location(lake, table)
    if not rows and open_table(folder) is None:
        return
    names = list(rows[0]) if rows else ["periode", *columns]
    schema = pa.schema([(name, _TYPES.get(name, _NUMBER)) for name in names])
    replace_rows(folder, pa.Table.from_pylist(list(rows), schema=schema), predicate)


def _lines(found: Sequence[Warned]) -> Iterator[str]:
    for check in dict.fromkeys(each.kind for each in found):
        of_check = [each for each in found if each.kind == check]
        yield from (f"{_WARNING}{each}" for each in of_check[:_SHOWN])
        if len(of_check) > _SHOWN:
            yield f"{_WARNING}{len(of_check) - _SHOWN} more of {check}"
    counts = ", ".join(f"{kind} {count}" for kind, count in Counter(each.kind for each in found).items())
    yield f"{len(found)} to look at ({counts}): {MONITORING_WARNINGS.path}" if found else "nothing to look at"
