"""Results of past lists: the editions in force whose horizon has elapsed."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.lake.tables import exists, read_table
from sf_spark.monitoring.performance import performance
from sf_spark.publication.editions import Edition, in_force
from sf_spark.publication.list_columns import LEVELS
from sf_spark.schema import LABELS_ENTREPRISE, LISTS_DETECTION, PREDICTIONS_ENTREPRISE
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.editions import published_editions

_KEY = ["siren", "periode"]


def matured_lists(spark: SparkSession, settings: Settings, report: Report) -> list[dict[str, Any]]:
    """One row for each list and level (``modere`` includes ``fort``); see :mod:`sf_spark.monitoring.performance`.

    Recall counts the companies that the model of the list scored in its month.
    """
    has_labels = exists(settings.lake, LABELS_ENTREPRISE)
    editions = in_force(published_editions(settings.lake)).values() if has_labels else ()
    found: list[dict[str, Any]] = []
    for edition in sorted(editions, key=lambda each: (each.periode, each.horizon)):
        outcomes = _outcomes(spark, settings, edition)
        if outcomes is None:
            continue
        rows = outcomes.toPandas()
        for level in LEVELS:
            figures = performance(rows, level, settings.train.seed, settings.monitor.resamples)
            about = {"list": edition.name, "periode": edition.periode, "horizon": edition.horizon, "level": level}
            found.append({**about, "model_version": edition.model_version, "scored": edition.scored, **figures})
            report(_line(found[-1]))
    if not found:
        report("no list has matured yet")
    return found


def _outcomes(spark: SparkSession, settings: Settings, edition: Edition) -> DataFrame | None:
    """The companies that were on the list or failed; None if the horizon has not elapsed."""
    target = f"cible_{edition.horizon}m"
    labels = read_table(spark, settings.lake, LABELS_ENTREPRISE)
    if target not in labels.columns:
        return None
    this = F.col("periode") == F.lit(edition.periode)
    labels = labels.where(this & F.col(target).isNotNull()).select(
        *_KEY, F.col(target).cast("int").alias("target"), F.col("mois_avant_defaillance").alias("months_ahead")
    )
    if labels.isEmpty():
        return None
    of_model = (F.col("horizon") == edition.horizon) & (F.col("model_version") == edition.model_version)
    scored = read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE).where(this & of_model)
    listed = read_table(spark, settings.lake, LISTS_DETECTION).where(F.col("list") == edition.name)
    alerts = listed.where(F.col("rank").isNotNull()).select("siren", F.col("level"))
    rows = scored.select(*_KEY, "probability").join(labels, _KEY, "inner").join(alerts, "siren", "left")
    return rows.where(F.col("level").isNotNull() | (F.col("target") == 1))


def _line(row: dict[str, Any]) -> str:
    def share(name: str) -> str:
        value, low, high = (row[name + end] for end in ("", "_low", "_high"))
        return "unknown" if value is None else f"{value:.1%} [{low:.1%} .. {high:.1%}]"

    return (
        f"{row['list']}, {row['level']}: {row['alerts']} alerts, {row['found']} found, {row['missed']} missed; "
        f"precision {share('precision')}, recall {share('recall')}"
    )
