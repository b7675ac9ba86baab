"""What a training reads: tables pinned at the versions that its run records, months planned before rows are read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame, SparkSession

from sf_spark.calendar import start_of
from sf_spark.errors import SfSparkError
from sf_spark.ml import dataset
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.split import Split, months_needed, rolling_splits, sampled_months
from sf_spark.schema import LABELS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_DICTIONARY, SIGNALS_ENTREPRISE
from sf_spark.settings import TrainSettings


@dataclass(frozen=True)
class Plan:
    """Eligible rows by month index, the origins, the months that the final model learns from."""

    rows: dict[int, int]
    splits: list[Split]
    final_months: tuple[int, ...]

    @property
    def months(self) -> list[int]:
        """Every month to read, in order."""
        return [month for month in months_needed(self.splits, self.final_months) if month in self.rows]


class TrainingInputs:
    """The rows of a training; each part is read when first asked for, and once.

    Args:
        spark: The session.
        lake: Root of the tables.
        train: Settings of training.
        report: Takes progress lines.

    Raises:
        MissingTableError: When signals, labels or panel have not been written.
    """

    def __init__(self, spark: SparkSession, lake: str, train: TrainSettings, report: Callable[[str], None]) -> None:
        self.lake = lake
        self.train = train
        self.versions = dataset.data_versions(spark, lake)
        self.identity = dataset.data_identity(lake, self.versions)
        self._spark = spark
        self._report = report

    @cached_property
    def plan(self) -> Plan:
        """The months, from the rows that have both signals and a matured label.

        Raises:
            SfSparkError: When there is no such row.
        """
        rows, train = dataset.rows_by_month(self._eligible, self._signals), self.train
        if not rows:
            raise SfSparkError(
                f"no company has both signals and a label that matured at a horizon of {train.horizon} months: "
                "give more history, or set a shorter train.horizon"
            )
        first, last, step = min(rows), max(rows), train.months_between_samples
        splits = rolling_splits(
            first, last, train.horizon, train.test_months, train.origins, train.months_between_origins, step
        )
        return Plan(rows, splits, sampled_months(first, last, step))

    @cached_property
    def data(self) -> Dataset:
        """Every row that an origin or the final model reads."""
        chosen = dataset.core_signals(self._dictionary) if self.train.signals == "core" else None
        names, months = dataset.signal_names(self._signals, chosen), self.plan.months
        share = min(1.0, self.train.max_values / (sum(self.plan.rows[month] for month in months) * len(names)))
        data = dataset.collect(dataset.sample(self._signals, self._eligible, months, names, share), names)
        drawn = f", {share:.1%} of the companies drawn (train.max_values)" if share < 1 else ""
        self._report(
            f"read {len(data)} rows x {len(names)} signals of {len(months)} months, "
            f"{start_of(months[0]):%Y-%m} .. {start_of(months[-1]):%Y-%m}, {int(data.target.sum())} failures{drawn}"
        )
        return data

    @cached_property
    def final_data(self) -> Dataset:
        """The rows of the final model: every sampled month that has matured."""
        return self.data.of_months(self.plan.final_months)

    @cached_property
    def themes(self) -> dict[str, str]:
        """The theme of each signal."""
        return dataset.themes_of(self._dictionary, self.data.signals)

    @cached_property
    def _dictionary(self) -> DataFrame | None:
        known = self.versions[SIGNALS_DICTIONARY.path] >= 0
        return self._read(SIGNALS_DICTIONARY) if known else None

    @cached_property
    def _signals(self) -> DataFrame:
        return self._read(SIGNALS_ENTREPRISE)

    @cached_property
    def _eligible(self) -> DataFrame:
        return dataset.eligible_rows(self._read(LABELS_ENTREPRISE), self._read(PANEL_ENTREPRISE), self.train.horizon)

    def _read(self, table: dataset.Table) -> DataFrame:
        return dataset.read_version(self._spark, self.lake, table, self.versions)
