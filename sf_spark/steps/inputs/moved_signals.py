"""Drift of signals and scores of a month from those of the training months, on a sample of companies."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.lake.tables import exists, read_table
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.monitoring.drift import stabilities
from sf_spark.schema import PANEL_ENTREPRISE, SIGNALS_ENTREPRISE
from sf_spark.settings import Settings
from sf_spark.signals.specials import SECTOR_FIGURES
from sf_spark.steps import Report
from sf_spark.steps.score import rows_to_score

_ROWS = 50_000  # on each side: the index of a group of 10 % is then exact to a few thousandths


def moved_signals(spark: SparkSession, settings: Settings, last: date, report: Report) -> list[dict[str, Any]]:
    """The index of each signal of the champion, and of its scores (``score_<horizon>m``); nothing without a champion.

    The training months are the last ones whose horizon has elapsed by the month.
    """
    train = settings.train
    registry, name = Registry(settings.tracking_store()), registered_name(train.model_name, train.horizon)
    if registry.champion_version(name) is None or not exists(settings.lake, SIGNALS_ENTREPRISE):
        report(f"no drift: there is no champion at {train.horizon} months")
        return []
    model = registry.load(name).model
    end = index_of(last) - train.horizon
    months = [start_of(index) for index in range(end - settings.monitor.training_months + 1, end + 1)]
    then = _sample(spark, settings, months, model.signals)
    now = _sample(spark, settings, [last], model.signals)
    if not len(then) or not len(now):
        report(f"no drift: no company is known in {months[0]:%Y-%m} .. {months[-1]:%Y-%m}")
        return []
    score = f"score_{train.horizon}m"
    scores = [model.calibrate(model.raw_score(values))[:, None] for values in (then, now)]
    found = stabilities([score], *scores) | stabilities(model.signals, then, now)
    about = {"periode": last, "training_first": months[0], "training_last": months[-1]}
    counts = {"sample_training": len(then), "sample": len(now)}
    return [{**about, "name": each, "kind": _kind(each, score), **counts, **figures} for each, figures in found.items()]


def _kind(name: str, score: str) -> str:
    """A figure of a sector is one value for thousands of companies: groups of equal size do not exist."""
    return "score" if name == score else "sector" if name in SECTOR_FIGURES else "signal"


def _sample(spark: SparkSession, settings: Settings, months: Sequence[date], signals: Sequence[str]) -> np.ndarray:
    """Rows x signals (float32) of at most so many scored companies, always the same ones."""
    table, panel = (read_table(spark, settings.lake, each) for each in (SIGNALS_ENTREPRISE, PANEL_ENTREPRISE))
    companies = panel.where(F.col("periode").isin(list(months)) & F.col("est_dans_perimetre")).count()
    one_in = max(1, -(-companies // _ROWS))
    rows = rows_to_score(_one_in(table, one_in), _one_in(panel, one_in), months, list(signals)).toArrow()
    columns = [rows.column(name).to_numpy().astype(np.float32) for name in signals]
    return np.column_stack(columns) if len(rows) else np.empty((0, len(signals)), dtype=np.float32)


def _one_in(table: DataFrame, count: int) -> DataFrame:
    return table if count == 1 else table.where(F.pmod(F.xxhash64("siren"), F.lit(count)) == 0)
