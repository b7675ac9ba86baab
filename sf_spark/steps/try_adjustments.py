"""The effect of the expert rules in past months: moved companies, and precision of the alerts before and after.

Covers the months scored by the published model of each list, or else by the champion: score earlier ones with ``score
--periode``. For months with matured labels, precision is given, with the middle 90 % over draws of companies. In months
that a model has learned from, its precision is too high, both before and after a rule.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import SfSparkError
from sf_spark.lake.files import append_rows
from sf_spark.lake.tables import location, read_table
from sf_spark.ml.bootstrap import share
from sf_spark.publication.adjustments import Rule, adjusted, rules_that_hold
from sf_spark.publication.list_columns import LEVELS, NO_ALERT
from sf_spark.schema import LABELS_ENTREPRISE, MONITORING_ADJUSTMENTS, PREDICTIONS_ENTREPRISE, SIGNALS_ENTREPRISE
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.expert_rules import rules_in_use
from sf_spark.steps.inputs.models_of_months import models_of_months

ALL = "(toutes)"  # all rules together, in order
_KEY = ["siren", "periode"]
_INTERVALS = tuple(f"precision_{when}{end}" for when in ("before", "after") for end in ("", "_low", "_high"))
_SCHEMA = pa.schema(
    [
        *(("tried_at", pa.timestamp("us", tz="UTC")), ("periode", pa.date32()), ("horizon", pa.int32())),
        *(("rule", pa.string()), ("level", pa.string()), ("moved_up", pa.int64()), ("moved_down", pa.int64())),
        *((name, pa.int64()) for name in ("alerts_before", "alerts_after", "found_before", "found_after")),
        *((name, pa.float64()) for name in _INTERVALS),
    ]
)


def try_adjustments(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write ``monitoring/adjustments``, one row a month, horizon, rule and level; print totals; publish nothing.

    A null month stands for all months with matured labels. ``level`` means at or above: ``modere`` includes ``fort``.

    Raises:
        SfSparkError: When no month is scored.
    """
    signals = read_table(spark, settings.lake, SIGNALS_ENTREPRISE)
    rules = rules_in_use(settings, signals, report)
    models = models_of_months(spark, settings)
    if not models:
        raise SfSparkError("no month is scored by a champion: run score --periode AAAA-MM for past months")
    moment, rows = datetime.now(UTC), []
    for horizon in sorted({horizon for horizon, _ in models}):
        months = {month: version for (each, month), version in models.items() if each == horizon}
        levels = _levels(spark, settings, signals, rules, horizon, months).toPandas()
        rows += list(_effects(levels, rules, horizon, settings, moment))
    append_rows(location(settings.lake, MONITORING_ADJUSTMENTS), pa.Table.from_pylist(rows, schema=_SCHEMA))
    for row in rows:
        if row["periode"] is None:
            report(_line(row))
    report(
        f"{MONITORING_ADJUSTMENTS.path}: {len(rows)} rows; rules: {', '.join(rule.name for rule in rules) or 'none'}"
    )
    return 0


def _levels(
    spark: SparkSession,
    settings: Settings,
    signals: DataFrame,
    rules: Sequence[Rule],
    horizon: int,
    months: dict[date, str],
) -> DataFrame:
    """``siren, periode, target`` (null: not matured), ``before``, and the level after each rule alone and after all.

    Only companies alerted by one of them: others do not change precision.
    """
    of_model = [(F.col("periode") == F.lit(month)) & (F.col("model_version") == v) for month, v in months.items()]
    wanted = of_model[0]
    for each in of_model[1:]:
        wanted = wanted | each
    scores = read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE).where((F.col("horizon") == horizon) & wanted)
    found = rules_that_hold(rules, F.col("periode")).alias("_rules")
    holding = signals.where(F.col("periode").isin(list(months))).select(*_KEY, found)
    target = f"cible_{horizon}m"
    labels = read_table(spark, settings.lake, LABELS_ENTREPRISE).where(F.col("periode").isin(list(months)))
    labels = labels.select(*_KEY, F.col(target).cast("double").alias("target"))
    joined = scores.join(holding, _KEY, "left").join(labels, _KEY, "left")
    after = {rule.name: _after([rule]) for rule in rules} | {ALL: _after(rules)}
    rows = joined.select(*_KEY, "target", F.col("level_model").alias("before"), *(c.alias(n) for n, c in after.items()))
    alerted = [F.col(f"`{name}`") != NO_ALERT for name in ("before", *after)]
    return rows.where(F.exists(F.array(*alerted), lambda each: each))


def _after(rules: Sequence[Rule]) -> Column:
    return adjusted(rules, F.col("level_model"), F.col("_rules"), F.col("contributions_theme"))[0]


def _effects(
    levels: pd.DataFrame, rules: Sequence[Rule], horizon: int, settings: Settings, moment: datetime
) -> Iterator[dict[str, Any]]:
    """The rows of the table, month by month, and of all matured months together."""
    matured = levels[levels["target"].notna()]
    parts: list[tuple[date | None, pd.DataFrame]] = [(None, matured)]
    parts += [(month, part) for month, part in levels.groupby("periode")]
    for month, part in parts:
        for rule in (*(rule.name for rule in rules), ALL):
            for level in LEVELS:
                figures = effect(part, rule, level, settings.train.seed, settings.monitor.resamples)
                yield {
                    "tried_at": moment,
                    "periode": month,
                    "horizon": horizon,
                    "rule": rule,
                    "level": level,
                    **figures,
                }


def effect(part: pd.DataFrame, rule: str, level: str, seed: int, resamples: int) -> dict[str, Any]:
    """The effect of a rule on the alerts at or above a level.

    Args:
        part: ``siren, target`` (NaN: unknown yet), ``before``, and the level after the rule, in a column of its name.
        rule: Name of the rule.
        level: ``modere`` or ``fort``.
        seed: Seed of the draws.
        resamples: Number of draws of companies.

    Returns:
        Companies that enter or leave the level; alerts, failures found and precision, before and after: null where
        labels have not matured.
    """
    high = LEVELS[LEVELS.index(level) :]
    before, after = (part[name].isin(high).to_numpy() for name in ("before", rule))
    counts: dict[str, Any] = {"moved_up": int((after & ~before).sum()), "moved_down": int((before & ~after).sum())}
    target, siren = part["target"].to_numpy(dtype=np.float64), part["siren"].to_numpy()
    known = bool(len(part)) and not np.isnan(target).any()
    for when, alert in (("before", before), ("after", after)):
        counts |= {f"alerts_{when}": int(alert.sum()), f"found_{when}": None}
        counts |= {f"precision_{when}{end}": None for end in ("", "_low", "_high")}
        if known and alert.any():
            interval = share(target * alert, alert, siren, seed, resamples)
            counts |= {f"found_{when}": int(target[alert].sum()), f"precision_{when}": interval.value}
            counts |= {f"precision_{when}_low": interval.low, f"precision_{when}_high": interval.high}
    return counts


def _line(row: dict[str, Any]) -> str:
    before, after = (f"{row[f'alerts_{when}']} alerts, precision {_percent(row, when)}" for when in ("before", "after"))
    return (
        f"{row['horizon']} months, {row['rule']}, {row['level']}: {row['moved_up']} up, {row['moved_down']} down; "
        f"before {before}; after {after}"
    )


def _percent(row: dict[str, Any], when: str) -> str:
    value, low, high = (row[f"precision_{when}{end}"] for end in ("", "_low", "_high"))
    return "unknown" if value is None else f"{value:.1%} [{low:.1%} .. {high:.1%}]"
