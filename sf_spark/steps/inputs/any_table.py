"""Any Delta or Parquet table to learn from: its columns are the signals, numbers and categories alike.

With a time column the tests are rolling origins of one period, trained on earlier periods; without one, folds of groups
(or of rows, by class), and the run records it. The label belongs to the row itself: no horizon has to elapse.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.ml.dataset import NEVER, Dataset
from sf_spark.ml.fit import LearningTask
from sf_spark.ml.models import SignalInfo
from sf_spark.ml.split import Part, Split, fold_parts, rolling_parts, stratified_parts
from sf_spark.settings import Settings, TrainSettings
from sf_spark.steps import Report
from sf_spark.steps.inputs.model_names import table_name
from sf_spark.steps.inputs.periods import Periods
from sf_spark.steps.inputs.table_rows import content_digest, encode, is_number, is_text, labels_of, read_any, row_hashes

HORIZON = 1  # a label of the row itself has no horizon
_NO_PERIOD = 12 * 2000  # one month for all rows
_FOLDS = 5
# Columns of a prediction.
SCORES = ("probability", "raw_score", "expected_value", "level", "contributions", "model_version")


@dataclass(frozen=True)
class Columns:
    """The roles of the columns."""

    label: str
    keys: tuple[str, ...]
    time: str
    group: str

    @classmethod
    def of(cls, settings: Settings) -> "Columns":
        """Those that the settings name."""
        return cls(settings.label, settings.keys, settings.time, settings.group)

    @property
    def not_signals(self) -> set[str]:
        """The columns that are not signals."""
        return {self.label, *self.keys, self.time, self.group} - {""}

    @property
    def kept(self) -> list[str]:
        """The columns that a prediction keeps."""
        return list(dict.fromkeys(name for name in (*self.keys, self.group, self.time) if name))


class TableInputs:
    """The rows of a table for a training.

    Args:
        spark: The session.
        settings: ``table, label, keys, time, group``, and those of training.
        report: Takes progress lines.

    Raises:
        ConfigurationError: When a column is missing (the existing ones are named), or has two roles.
        SfSparkError: When the table cannot be read, or its columns cannot be learned from.
    """

    def __init__(self, spark: SparkSession, settings: Settings, report: Report) -> None:
        self.lake = settings.table.rstrip("/").rpartition("/")[0]
        self._path = settings.table
        self.train: TrainSettings = settings.train.model_copy(update={"horizon": HORIZON})
        self.columns = Columns.of(settings)
        self._table, version = read_any(spark, settings.table)
        self._report = report
        self._check()
        self.versions: Mapping[str, int] = {table_name(settings): version}
        self._hashes = row_hashes(self._table)
        self.identity: Mapping[str, str] = {
            "rows": content_digest(self._table.column_names, self._hashes),
            "columns": repr(self.columns),
        }

    @property
    def parts_are_by_time(self) -> bool:
        """Whether there is a time column."""
        return bool(self.columns.time)

    @property
    def dated(self) -> str:
        """The last period."""
        return self._periods.names[int(self.final_data.month.max())] if self.parts_are_by_time else "folds"

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
        names = [name for name in self._signals if is_text(self._table.column(name).type)]
        return {name: sorted(pc.unique(self._table.column(name)).drop_null().to_pylist()) for name in names}

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the columns that hold codes."""
        return tuple(rank for rank, name in enumerate(self._signals) if name in self.categories)

    @cached_property
    def final_data(self) -> Dataset:
        """Every row that has a label, in an order that depends on what the rows hold, not on where they stand.

        Without group and time, a row is a company of its own; equal rows are one, so that no copy of a row learned from
        is tested on.
        """
        target, columns = self._target, self.columns
        rows = np.flatnonzero(~np.isnan(target))
        hashes = self._hashes[rows]
        owner = columns.group or (columns.keys[0] if columns.time and columns.keys else "")
        owners = self._table.column(owner).take(rows).to_pylist() if owner else [f"{each:016x}" for each in hashes]
        siren = np.asarray(owners, dtype=str)
        month = self._periods.index[rows] if columns.time else np.full(len(rows), _NO_PERIOD)
        order = np.lexsort((hashes, month, siren))
        rows, month = rows[order], month[order].astype(np.int32)
        data = Dataset(
            self._signals,
            siren[order],
            month,
            np.where(target[rows] == 1, HORIZON, NEVER).astype(np.int16),
            np.full(len(rows), NEVER - 1, dtype=np.int16),
            encode(self._table.take(rows), self._signals, self.categories),
            np.ones(len(rows), dtype=np.float32),
            np.zeros(len(rows), dtype=bool),
            {"month": np.array([self._periods.names[each] for each in month.tolist()])} if columns.time else {},
        )
        self._report(
            f"read {len(data)} rows x {len(self._signals)} columns ({len(self.categories)} of them categories), "
            f"{int(target[rows].sum())} with {columns.label}; {self.protocol}"
        )
        return data

    @cached_property
    def infos(self) -> Mapping[str, SignalInfo]:
        """Every column is a measure of its own."""
        return {name: SignalInfo("table", name, "level") for name in self._signals}

    def parts(self, task: LearningTask, protocol: str = "new_failures") -> Iterator[Part]:
        """The tests: rolling origins, folds of groups, or folds of rows by class."""
        data, seed = self.final_data, self.train.seed
        if self.parts_are_by_time:
            periods = np.unique(data.month).tolist()
            tested = periods[max(1, len(periods) - self.train.origins) :]
            splits = [Split(period, (), (period,)) for period in tested]
            found = rolling_parts(data, splits, periods, HORIZON, HORIZON, "new_failures", seed)
            return (
                replace(part, name=self._periods.names[split.origin]) for part, split in zip(found, splits, strict=True)
            )
        return fold_parts(data, _FOLDS, seed) if self.columns.group else stratified_parts(data, HORIZON, _FOLDS, seed)

    @property
    def signature(self) -> str:
        """What makes two tables the same one at two dates: the label and the columns learned from."""
        return f"{self.columns.label} by {hashlib.sha256(repr(self._signals).encode()).hexdigest()[:16]}"

    @cached_property
    def _signals(self) -> tuple[str, ...]:
        return tuple(sorted(set(self._table.column_names) - self.columns.not_signals))

    @cached_property
    def _target(self) -> np.ndarray:
        """The label of each row, 0 or 1; NaN where it has none."""
        name = self.columns.label
        target = labels_of(self._table, name)
        known = target[~np.isnan(target)]
        if len(np.unique(known)) < 2:
            found = f"{known[0]:g} in all {len(known)} rows" if len(known) else "empty in all rows"
            raise SfSparkError(f"label {name} of {self._path} is {found}: there is nothing to tell apart")
        return target

    @cached_property
    def _periods(self) -> Periods:
        found = Periods.of(self._table.column(self.columns.time), self.columns.time)
        if len(found.names) < 2:
            (only,) = found.names.values()
            raise SfSparkError(
                f"time {self.columns.time} of {self._path} is {only} in every row: tests by time need two periods; "
                "without time= the rows are dealt into folds"
            )
        return found

    def _check(self) -> None:
        names = self._table.column_names
        if not self.columns.label:
            raise ConfigurationError(f"train on {self._path} needs label=...: its columns are {', '.join(names)}")
        if self.columns.label in {*self.columns.keys, self.columns.time, self.columns.group}:
            raise ConfigurationError(f"{self.columns.label} cannot be the label and a key, the time or the group too")
        if not self._table.num_rows:
            raise SfSparkError(f"{self._path} has no row")
        missing = sorted(self.columns.not_signals - set(names))
        if missing:
            raise ConfigurationError(f"{self._path} has no column {', '.join(missing)} (available: {', '.join(names)})")
        odd = [
            name for name in self._signals if not (is_number(kind := self._table.column(name).type) or is_text(kind))
        ]
        if odd or not self._signals:
            raise ConfigurationError(f"{self._path}: neither number nor text: {', '.join(odd) or 'no column is left'}")
        check_kept(self._table, self.columns)
        for name in filter(None, (self.columns.time, self.columns.group)):
            if empty := self._table.column(name).null_count:
                raise SfSparkError(f"{name} has no value in {empty} of {self._table.num_rows} rows of {self._path}")


def check_kept(table: pa.Table, columns: Columns) -> None:
    """Refuse key, time and group columns that a table of predictions cannot hold.

    Raises:
        ConfigurationError: Naming the column.
    """
    for name in columns.kept:
        if name not in table.column_names:
            raise ConfigurationError(f"no column {name} (available: {', '.join(table.column_names)})")
        if name in SCORES:
            raise ConfigurationError(f"{name} is a column of the predictions: rename the one of the table")
        if re.search(r"[ ,;{}()\n\t=]", name):
            raise ConfigurationError(f"no table of predictions can hold a column '{name}': rename it, without blanks")
        if pa.types.is_nested(table.column(name).type):
            raise ConfigurationError(f"{name} holds a {table.column(name).type} in each row: a key is one value")
