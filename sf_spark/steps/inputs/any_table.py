"""Any Delta or Parquet table to learn from: its columns are the signals, numbers and categories alike.

With a time column the tests are rolling origins of one period, trained on earlier periods; without one, folds of groups
(or of rows, by class), and the run records it. The label belongs to the row itself: no horizon has to elapse.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.ml.dataset import NEVER, Dataset
from sf_spark.ml.fit import Recipe
from sf_spark.ml.models import SignalInfo
from sf_spark.ml.split import Part, Split, fold_parts, rolling_parts, stratified_parts
from sf_spark.settings import Settings, TrainSettings
from sf_spark.steps import Report

HORIZON = 1  # a label of the row itself has no horizon
_FIRST = 12 * 2000  # other periods than dates and years are numbered from here
_FOLDS = 5


@dataclass(frozen=True)
class Columns:
    """The roles of the columns."""

    label: str
    keys: tuple[str, ...]
    time: str
    group: str

    @property
    def signals_of(self) -> set[str]:
        """The columns that are not signals."""
        return {self.label, *self.keys, self.time, self.group} - {""}


class TableInputs:
    """The rows of a table for a training.

    Args:
        spark: The session.
        settings: ``table, label, keys, time, group``, and those of training.
        report: Takes progress lines.

    Raises:
        ConfigurationError: When a column is missing; it names the existing ones.
        SfSparkError: When the table cannot be read, or the label is not 0 and 1.
    """

    def __init__(self, spark: SparkSession, settings: Settings, report: Report) -> None:
        self.lake = settings.table.rstrip("/").rpartition("/")[0]
        self._path = settings.table
        self.train: TrainSettings = settings.train.model_copy(update={"horizon": HORIZON})
        self.columns = Columns(settings.label, settings.keys, settings.time, settings.group)
        self._table, version = read_any(spark, settings.table)
        self._report = report
        name = Path(settings.table.rstrip("/")).name
        self.versions: Mapping[str, int] = {name: version}
        self.identity: Mapping[str, str] = {settings.table: f"{version} {content_digest(self._table)}"}
        self._check()

    @property
    def parts_are_by_time(self) -> bool:
        """Whether there is a time column."""
        return bool(self.columns.time)

    @property
    def dated(self) -> str:
        """The last period."""
        return f"{start_of(int(self.final_data.month.max())):%Y-%m}" if self.parts_are_by_time else "folds"

    @property
    def protocol(self) -> str:
        """The evaluation protocol, in words."""
        if self.parts_are_by_time:
            return f"rolling origins over {self.columns.time}, one period each"
        if self.columns.group:
            return f"{_FOLDS} folds of {self.columns.group}: no time column"
        return f"{_FOLDS} folds of rows by class: no time and no group column"

    @cached_property
    def categories(self) -> dict[str, list[str]]:
        """The categories of each text column; their codes are their positions here."""
        names = [name for name in self._signals if _is_text(self._table.column(name).type)]
        return {name: sorted(pc.unique(self._table.column(name)).drop_null().to_pylist()) for name in names}

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the columns that hold codes."""
        return tuple(rank for rank, name in enumerate(self._signals) if name in self.categories)

    @cached_property
    def final_data(self) -> Dataset:
        """Every row that has a label."""
        table = self._table.filter(pc.is_valid(self._table.column(self.columns.label)))
        target = _labels(table, self.columns.label)
        for name in filter(None, (self.columns.time, self.columns.group)):
            if empty := table.column(name).null_count:
                raise SfSparkError(f"{name} has no value in {empty} of {table.num_rows} rows of {self._path}")
        rows = np.arange(len(target))
        owner = self.columns.group or (self.columns.keys[0] if self.columns.time and self.columns.keys else "")
        siren = np.asarray(table.column(owner).to_pylist() if owner else rows, dtype=str)
        month = _periods(table.column(self.columns.time)) if self.parts_are_by_time else np.full(len(rows), _FIRST)
        order = np.lexsort((month, siren))
        data = Dataset(
            self._signals,
            siren[order],
            month[order].astype(np.int32),
            np.where(target == 1, HORIZON, NEVER).astype(np.int16)[order],
            np.full(len(rows), NEVER - 1, dtype=np.int16),
            encode(table, self._signals, self.categories)[order],
            np.ones(len(rows), dtype=np.float32),
            np.zeros(len(rows), dtype=bool),
        )
        self._report(
            f"read {len(data)} rows x {len(self._signals)} columns ({len(self.categories)} of them categories), "
            f"{int(target.sum())} with {self.columns.label}; {self.protocol}"
        )
        return data

    @cached_property
    def infos(self) -> Mapping[str, SignalInfo]:
        """Every column is a measure of its own."""
        return {name: SignalInfo("table", name, "level") for name in self._signals}

    def parts(self, recipe: Recipe, protocol: str = "new_failures") -> Iterator[Part]:
        """The tests: rolling origins, folds of groups, or folds of rows by class."""
        data, seed = self.final_data, self.train.seed
        if self.parts_are_by_time:
            periods = np.unique(data.month).tolist()
            tested = periods[max(1, len(periods) - self.train.origins) :]
            splits = [Split(period, (), (period,)) for period in tested]
            return rolling_parts(data, splits, periods, HORIZON, HORIZON, "new_failures", seed)
        return fold_parts(data, _FOLDS, seed) if self.columns.group else stratified_parts(data, HORIZON, _FOLDS, seed)

    @cached_property
    def _signals(self) -> tuple[str, ...]:
        return tuple(sorted(set(self._table.column_names) - self.columns.signals_of))

    def _check(self) -> None:
        names = self._table.column_names
        if not self.columns.label:
            raise ConfigurationError(f"train on {self._path} needs label=...: its columns are {', '.join(names)}")
        missing = sorted(self.columns.signals_of - set(names))
        if missing:
            raise ConfigurationError(f"{self._path} has no column {', '.join(missing)} (available: {', '.join(names)})")
        odd = [
            name for name in self._signals if not (_is_number(kind := self._table.column(name).type) or _is_text(kind))
        ]
        if odd or not self._signals:
            raise ConfigurationError(f"{self._path}: neither number nor text: {', '.join(odd) or 'no column is left'}")


def read_any(spark: SparkSession, path: str) -> tuple[pa.Table, int]:
    """A Delta or Parquet table, and its version (-1 for Parquet).

    Raises:
        SfSparkError: When there is neither.
    """
    try:
        if DeltaTable.isDeltaTable(spark, path):
            version = DeltaTable.forPath(spark, path).history(1).select("version").first()["version"]  # type: ignore[index]
            return spark.read.format("delta").option("versionAsOf", version).load(path).toArrow(), int(version)
        return spark.read.parquet(path).toArrow(), -1
    except Exception as error:  # noqa: BLE001 - Spark's own types tell a missing path from a broken one by text alone
        raise SfSparkError(f"no Delta or Parquet table at {path}: {str(error).splitlines()[0][:200]}") from None


def content_digest(table: pa.Table) -> str:
    """An identifier of the rows of a table without versions, whatever their order and that of its columns."""
    names = sorted(table.column_names)
    hashes = pd.util.hash_pandas_object(table.select(names).to_pandas(), index=False).to_numpy()
    return f"{len(hashes)} {','.join(names)} {hashes.sum():016x}"


def _labels(table: pa.Table, name: str) -> np.ndarray:
    """The label of each row, 0 or 1 (double)."""
    found = table.column(name).to_pylist()
    odd = sorted({str(value) for value in found if str(value) not in ("0", "1", "0.0", "1.0", "False", "True")})
    if odd:
        raise SfSparkError(f"label {name} must be 0 or 1 (or true or false), found {', '.join(odd[:3])}")
    if not found:
        raise SfSparkError(f"no row has a label in {name}")
    return np.array([str(value) in ("1", "1.0", "True") for value in found], dtype=np.float64)


def encode(table: pa.Table, names: tuple[str, ...], categories: Mapping[str, list[str]]) -> np.ndarray:
    """Rows x columns (float32): numbers as they are, categories as their rank, unknown and new ones as NaN."""
    values = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for rank, name in enumerate(names):
        column = table.column(name).combine_chunks()
        if name in categories:
            column = pc.index_in(column, value_set=pa.array(categories[name], column.type))
        values[:, rank] = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def _periods(column: pa.ChunkedArray) -> np.ndarray:
    """Month indexes: of dates; of years (January); else periods are numbered in order."""
    if pa.types.is_temporal(column.type):
        return np.array([index_of(day) for day in pc.cast(column, pa.date32()).to_pylist()])
    values = np.asarray(column.to_pylist())
    if np.issubdtype(values.dtype, np.number) and ((values >= 1900) & (values <= 2100) & (values % 1 == 0)).all():
        return values.astype(np.int64) * 12
    return _FIRST + np.unique(values, return_inverse=True)[1]


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
    )
