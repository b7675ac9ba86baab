"""Training rows: selected in Spark, collected on the driver as one float32 matrix, in a fixed order.

A row is eligible when its company is in the perimeter and some months after it are known. Companies in proceedings,
whether known or not at the time, are marked: they are left out of training and of the headline figures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, NumericType

from sf_spark.domain.calendar import month_index, start_of
from sf_spark.errors import SfSparkError
from sf_spark.ml.dataset import NEVER, Dataset
from sf_spark.ml.models import SignalInfo

OTHER_THEME = "autre"  # theme of a signal missing in the dictionary
_KEY = ["siren", "periode"]
_DRAWN_OF = 10_000


def eligible_rows(
    labels: DataFrame, panel: DataFrame, horizon: int, least_seen: int, groups: Mapping[str, Column]
) -> DataFrame:
    """Rows that may be learned from or tested on.

    Args:
        labels: ``siren, periode, en_procedure, cible_<horizon>m, mois_avant_defaillance``.
        panel: ``siren, periode, est_dans_perimetre, en_procedure`` and what the groups read.
        horizon: Horizon of the label.
        least_seen: Number of months that must be known after a row.
        groups: Breakdowns for figures: name to a text column of the panel.

    Returns:
        ``siren, periode, ahead, seen`` (smallint, see :class:`Dataset`), ``in_procedure``, ``group_<name>``. Runs a
        job: events are known up to one horizon after the last matured label.

    Raises:
        SfSparkError: When the labels do not have this horizon.
    """
    name = f"cible_{horizon}m"
    if name not in labels.columns:
        horizons = ", ".join(column for column in labels.columns if column.startswith("cible_"))
        raise SfSparkError(
            f"labels/entreprise has no {name} (available: {horizons}): set train.horizon or labels.horizons"
        )
    month = month_index(F.col("periode"))
    last = labels.where(F.col(name).isNotNull()).agg(F.max(month).alias("month")).first()
    known_to = (last["month"] if last and last["month"] is not None else -NEVER) + horizon
    seen, ahead = F.lit(known_to) - month, F.col("mois_avant_defaillance")
    marked = labels.select(
        *_KEY,
        F.coalesce(F.when(ahead <= seen, ahead), F.lit(NEVER)).cast("smallint").alias("ahead"),
        F.least(seen, F.lit(NEVER)).cast("smallint").alias("seen"),
        F.col("en_procedure").alias("_en_procedure"),
    ).where(F.col("seen") >= least_seen)
    named = [F.coalesce(column, F.lit("inconnu")).alias(f"group_{name}") for name, column in groups.items()]
    in_scope = panel.where("est_dans_perimetre").select(*_KEY, "en_procedure", *named)
    rows = marked.join(in_scope, _KEY, "inner")
    return rows.withColumn("in_procedure", F.col("en_procedure") | F.col("_en_procedure")).drop(
        "en_procedure", "_en_procedure"
    )


def signal_names(signals: DataFrame, chosen: set[str] | None = None) -> list[str]:
    """The signals of a table, sorted by name, so that the order of its columns does not matter.

    Args:
        signals: The table.
        chosen: The signals to keep; None keeps all.

    Raises:
        SfSparkError: For a column that is not a number, or no signal at all.
    """
    fields = [
        field for field in signals.schema.fields if field.name not in _KEY and (chosen is None or field.name in chosen)
    ]
    odd = [field.name for field in fields if not isinstance(field.dataType, NumericType | BooleanType)]
    if odd or not fields:
        raise SfSparkError(f"signals/entreprise must hold numbers only, found: {', '.join(odd) or 'no signal'}")
    return sorted(field.name for field in fields)


@dataclass(frozen=True)
class Counts:
    """Counts of a month: eligible rows, those of companies that fail or have failed, months known after it."""

    rows: int
    failing: int
    seen: int


def rows_by_month(eligible: DataFrame, signals: DataFrame) -> dict[int, Counts]:
    """Eligible rows of each month index, for the months that have signals too. Runs a narrow job."""
    months = signals.select("periode").distinct()
    month = month_index(F.col("periode")).alias("month")
    counts = eligible.join(months, "periode", "left_semi").groupBy(month)
    found = counts.agg(F.count("*").alias("rows"), F.count_if(_failing()).alias("failing"), F.max("seen").alias("seen"))
    return {row["month"]: Counts(row["rows"], row["failing"], row["seen"]) for row in found.collect()}


def sample(
    signals: DataFrame, eligible: DataFrame, months: Iterable[int], names: list[str], others: float, companies: float
) -> DataFrame:
    """Eligible rows of some months: siren, month, outcome, weight, and the signals as float.

    Args:
        signals: The table of signals.
        eligible: Output of :func:`eligible_rows`.
        months: Month indexes to keep.
        names: Signals to keep.
        others: Share of rows without a failure to draw; each then stands for ``1 / others`` rows.
        companies: Share of companies to draw, always the same ones. 1 keeps all.
    """
    days = [start_of(month) for month in months]
    in_companies = F.pmod(F.xxhash64("siren"), F.lit(_DRAWN_OF)) < round(companies * _DRAWN_OF)
    in_rows = F.pmod(F.xxhash64("periode", "siren"), F.lit(_DRAWN_OF)) < round(others * _DRAWN_OF)
    drawn = eligible.where(in_companies & (_failing() | in_rows))
    weight = F.when(_failing(), 1.0).otherwise(1 / others).cast("float").alias("weight")
    kept = signals.where(F.col("periode").isin(days)).join(drawn, _KEY, "inner")
    groups = [name for name in eligible.columns if name.startswith("group_")]
    values = [F.col(name).cast("float").alias(name) for name in names]
    month = month_index(F.col("periode")).alias("month")
    return kept.select("siren", month, "ahead", "seen", "in_procedure", weight, *groups, *values)


def _failing() -> Column:
    return (F.col("ahead") < NEVER) | F.col("in_procedure")


def collect(rows: DataFrame, names: list[str]) -> Dataset:
    """Collect sampled rows on the driver through Arrow, sorted by company and month."""
    table = rows.toArrow()
    siren = np.asarray(table.column("siren").to_pylist(), dtype="U9")
    month = table.column("month").to_numpy().astype(np.int32)
    order = np.lexsort((month, siren))
    values = np.empty((len(siren), len(names)), dtype=np.float32)
    for rank, name in enumerate(names):
        values[:, rank] = table.column(name).to_numpy()[order]
    numbers = {"ahead": np.int16, "seen": np.int16, "weight": np.float32, "in_procedure": np.bool_}
    columns = {name: table.column(name).to_numpy()[order].astype(kind) for name, kind in numbers.items()}
    groups = {
        name.removeprefix("group_"): np.asarray(table.column(name).to_pylist(), dtype=str)[order]
        for name in table.column_names
        if name.startswith("group_")
    }
    return Dataset(tuple(names), siren[order], month[order], values=values, groups=groups, **columns)


def core_signals(dictionary: DataFrame | None) -> set[str] | None:
    """The signals that models read by default; None if the dictionary marks none."""
    if dictionary is None or "core" not in dictionary.columns:
        return None
    return {row["name"] for row in dictionary.where("core").select("name").collect()} or None


def signal_infos(dictionary: DataFrame | None, names: Iterable[str]) -> dict[str, SignalInfo]:
    """The dictionary's entry of each signal; an unknown signal is a measure of its own."""
    known: dict[str, SignalInfo] = {}
    if dictionary is not None:
        texts = [name for name in ("theme", "measure", "statistic") if name in dictionary.columns]
        for row in dictionary.select("name", *texts).collect():
            said = row.asDict()
            known[row["name"]] = SignalInfo(
                said.get("theme") or OTHER_THEME, said.get("measure") or row["name"], said.get("statistic") or "level"
            )
    return {name: known.get(name) or SignalInfo(OTHER_THEME, name, "level") for name in names}
