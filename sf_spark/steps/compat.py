"""The former system's variables: staged/* -> compat/etablissement, compat/entreprise."""

from collections.abc import Callable, Mapping
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.compat.build import compat_entreprise, compat_etablissement
from sf_spark.compat.inputs import COLUMNS
from sf_spark.compat.series import Series
from sf_spark.errors import SfSparkError
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.deliveries import Delivered, delivered
from sf_spark.lake.planning import Plan, Read, describe_plan, plan
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import read_table
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.recipes import compat_recipes
from sf_spark.steps.twice import tried_twice

_Build = Callable[[Mapping[str, DataFrame], Series], DataFrame]


def compat(
    spark: SparkSession, settings: Settings, report: Report, date_debut: date, date_fin: date | None = None
) -> int:
    """Rewrite both tables when anything has changed: each column depends on the end of the series."""
    return tried_twice(lambda: _compat(spark, settings, report, date_debut, date_fin), report)


def _compat(spark: SparkSession, settings: Settings, report: Report, date_debut: date, date_fin: date | None) -> int:
    inputs = delivered(settings.lake, COLUMNS)
    last = date_fin or inputs.last
    recipes = compat_recipes(date_debut.isoformat(), last.isoformat())
    todo = [plan(settings.lake, recipe, Read(inputs)) for recipe in recipes]
    builds: tuple[_Build, _Build] = (compat_etablissement, compat_entreprise)
    if all(each.stale is None for each in todo):
        report(f"compat/*: up to date, built from the same tables, months up to {last:%Y-%m}")
        return 0
    staged, series = _series(spark, settings.lake, inputs, date_debut, last)
    report(f"reading {', '.join(f'staged/{name}' for name in COLUMNS)}; headcounts up to {series.fin_effectif:%Y-%m}")
    for each, build in zip(todo, builds, strict=True):
        if each.stale is not None:
            _write(each, build(staged, series), last, report)
    return 0


def _series(
    spark: SparkSession, lake: str, inputs: Delivered, first: date, last: date
) -> tuple[dict[str, DataFrame], Series]:
    staged = {name: read_or_empty(spark, lake, name, ddl, inputs.version(name)) for name, ddl in COLUMNS.items()}
    counted = staged["effectif"].where("superseded_on is null and effectif is not null")
    published = counted.agg(F.max("periode")).first()[0]  # type: ignore[index]
    if published is None or first >= last:
        raise SfSparkError(f"no series from {first:%Y-%m} to {last:%Y-%m}: last headcount {published}")
    return staged, Series(first, last, published)


def _write(todo: Plan, rows: DataFrame, last: date, report: Report) -> None:
    report(describe_plan(todo))
    commit_rows(rows.repartition("periode"), todo.writing(None, last))
    written = read_table(rows.sparkSession, todo.lake, todo.table).count()
    report(f"{todo.table.path}: {written} rows written, months up to {last:%Y-%m}")
