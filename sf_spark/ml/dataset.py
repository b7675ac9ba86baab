"""Training rows: chosen in Spark, brought to the driver as one narrow float32 matrix, in a fixed order.

A row is eligible when its company is in the perimeter, is not in proceedings in that month, and its label has matured.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, NumericType

from sf_spark.calendar import month_index, start_of
from sf_spark.errors import SfSparkError
from sf_spark.lake.places import rooted
from sf_spark.lake.storage import open_bytes
from sf_spark.lake.tables import read_table, spark_location, table_version
from sf_spark.schema import LABELS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_DICTIONARY, SIGNALS_ENTREPRISE, Table

TABLES = (SIGNALS_ENTREPRISE, LABELS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_DICTIONARY)
OTHER_THEME = "autre"  # of a signal that the dictionary does not know
_KEY = ["siren", "periode"]
_DRAWN_OF = 10_000


@dataclass(frozen=True)
class Dataset:
    """Rows in order of (siren, month): company, month index, target (0 or 1), values (float32, NaN where unknown)."""

    signals: tuple[str, ...]
    siren: np.ndarray
    month: np.ndarray
    target: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.siren)

    def where(self, mask: np.ndarray) -> "Dataset":
        """The rows of a boolean mask."""
        return Dataset(self.signals, self.siren[mask], self.month[mask], self.target[mask], self.values[mask])

    def of_months(self, months: Iterable[int]) -> "Dataset":
        """The rows of some months."""
        return self.where(np.isin(self.month, list(months)))


def data_versions(spark: SparkSession, lake: str) -> dict[str, int]:
    """The version of every table that training reads.

    Raises:
        MissingTableError: When one has not been written; a missing dictionary only loses the themes.
    """
    versions = {table.path: table_version(spark, lake, table) for table in TABLES}
    for table in TABLES[:3]:
        if versions[table.path] < 0:
            read_table(spark, lake, table)  # says what is missing
    return versions


def data_identity(lake: str, versions: Mapping[str, int]) -> dict[str, str]:
    """What names the content of every table: its version, and a digest of the commit that made it.

    The digest tells a lake from another one that reached the same version. A lake that was moved is the same; one that
    was copied is the same until either goes on.
    """
    return {path: f"{version} {_digest(f'{rooted(lake)}/{path}', version)}" for path, version in versions.items()}


def _digest(folder: str, version: int) -> str:
    if version < 0:
        return ""
    with open_bytes(f"{folder}/_delta_log/{version:020d}.json") as commit:
        return hashlib.sha256(commit.read()).hexdigest()[:16]


def read_version(spark: SparkSession, lake: str, table: Table, versions: Mapping[str, int]) -> DataFrame:
    """A table as it stood at the version that the run records, whoever writes meanwhile."""
    return spark.read.format("delta").option("versionAsOf", versions[table.path]).load(spark_location(lake, table))


def eligible_rows(labels: DataFrame, panel: DataFrame, horizon: int) -> DataFrame:
    """Rows that may be learned from or tested on: siren, periode, cible (tinyint, 0 or 1).

    Companies in proceedings are left out twice: those known to be, which no list would name, and those that were though
    nobody knew, which have no first failure ahead.

    Raises:
        SfSparkError: When the labels do not have this horizon.
    """
    name = f"cible_{horizon}m"
    if name not in labels.columns:
        there = ", ".join(column for column in labels.columns if column.startswith("cible_"))
        raise SfSparkError(f"labels/entreprise has no {name} (there: {there}): set train.horizon or labels.horizons")
    matured = labels.where(F.col(name).isNotNull() & ~F.col("en_procedure"))
    in_scope = panel.where(F.col("est_dans_perimetre") & ~F.col("en_procedure")).select(_KEY)
    return matured.select(*_KEY, F.col(name).cast("tinyint").alias("cible")).join(in_scope, _KEY, "inner")


def signal_names(signals: DataFrame, chosen: set[str] | None = None) -> list[str]:
    """The signals of a table, by name, so that the order of its columns does not matter.

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


def rows_by_month(eligible: DataFrame, signals: DataFrame) -> dict[int, int]:
    """Eligible rows of each month index, for the months that have signals too. Runs a narrow job."""
    months = signals.select("periode").distinct()
    counts = eligible.join(months, "periode", "left_semi").groupBy(month_index(F.col("periode")).alias("month")).count()
    return {row["month"]: row["count"] for row in counts.collect()}


def sample(signals: DataFrame, eligible: DataFrame, months: Iterable[int], names: list[str], share: float) -> DataFrame:
    """Signals and target of the eligible rows of some months: siren, month, cible, then the signals as float.

    Args:
        signals: The table of signals.
        eligible: Output of :func:`eligible_rows`.
        months: Month indexes to keep.
        names: Signals to keep.
        share: Share of the companies to draw; whole companies, always the same ones. 1 keeps all.
    """
    days = [start_of(month) for month in months]
    drawn = F.pmod(F.xxhash64("siren"), F.lit(_DRAWN_OF)) < round(share * _DRAWN_OF)
    kept = signals.where(F.col("periode").isin(days) & drawn).join(eligible.where(drawn), _KEY, "inner")
    values = [F.col(name).cast("float").alias(name) for name in names]
    return kept.select("siren", month_index(F.col("periode")).alias("month"), "cible", *values)


def collect(rows: DataFrame, names: list[str]) -> Dataset:
    """Bring sampled rows to the driver through Arrow, sorted by company and month."""
    table = rows.toArrow()
    siren = np.asarray(table.column("siren").to_pylist(), dtype="U9")
    month = table.column("month").to_numpy().astype(np.int32)
    order = np.lexsort((month, siren))
    values = np.empty((len(siren), len(names)), dtype=np.float32)
    for rank, name in enumerate(names):
        values[:, rank] = table.column(name).to_numpy()[order]
    target = table.column("cible").to_numpy().astype(np.int8)[order]
    return Dataset(tuple(names), siren[order], month[order], target, values)


def core_signals(dictionary: DataFrame | None) -> set[str] | None:
    """The signals that models read unless told otherwise; None where no dictionary marks any."""
    if dictionary is None or "core" not in dictionary.columns:
        return None
    return {row["name"] for row in dictionary.where("core").select("name").collect()} or None


def themes_of(dictionary: DataFrame | None, names: Iterable[str]) -> dict[str, str]:
    """The theme of each signal, from the dictionary of signals."""
    known: dict[str, str] = {}
    if dictionary is not None:
        known = {row["name"]: row["theme"] for row in dictionary.select("name", "theme").collect()}
    return {name: known.get(name) or OTHER_THEME for name in names}
