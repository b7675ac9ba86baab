"""The inputs of a training: tables at the versions recorded by its run, and months planned before rows are read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import start_of
from sf_spark.domain.territories import region_label, size_class
from sf_spark.errors import TooLittleHistoryError
from sf_spark.lake.contents import content_of
from sf_spark.lake.files import table_at
from sf_spark.lake.places import rooted
from sf_spark.lake.tables import read_table, spark_location, table_version
from sf_spark.ml import rows
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.fit import LearningTask
from sf_spark.ml.hazard import PERIOD
from sf_spark.ml.models import SignalInfo
from sf_spark.ml.split import Part, Split, months_needed, rolling_parts, rolling_splits, sampled_months
from sf_spark.schema import LABELS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_DICTIONARY, SIGNALS_ENTREPRISE, Table
from sf_spark.settings import TrainSettings

TABLES = (SIGNALS_ENTREPRISE, LABELS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_DICTIONARY)
_FEWEST_OTHERS = 0.05  # share of the rows without failure; a smaller draw loses the rare fragile companies


@dataclass(frozen=True)
class Plan:
    """Eligible rows by month index, the origins, the training months, and the last matured month."""

    rows: dict[int, rows.Counts]
    splits: list[Split]
    sample: tuple[int, ...]
    last_matured: int

    @property
    def months(self) -> list[int]:
        """Every month to read, in order."""
        return [month for month in months_needed(self.splits, self.sample) if month in self.rows]


@dataclass(frozen=True)
class Shares:
    """Shares to draw so that the rows fit in memory: of the rows without failure, then of the companies."""

    others: float
    companies: float


class TrainingInputs:
    """The rows of a training; each part is read once, on first use.

    Args:
        spark: The session.
        lake: Root of the tables.
        train: Settings of training; ``horizon`` is the one to train for.
        report: Takes progress lines.

    Raises:
        MissingTableError: When signals, labels or panel have not been written.
    """

    categorical: tuple[int, ...] = ()  # all signals of the platform are numbers
    categories: Mapping[str, list[str]] = {}

    def __init__(self, spark: SparkSession, lake: str, train: TrainSettings, report: Callable[[str], None]) -> None:
        self.lake = lake
        self.train = train
        self.versions = data_versions(spark, lake)
        self.identity = data_identity(lake, self.versions)
        self._spark = spark
        self._report = report

    @cached_property
    def plan(self) -> Plan:
        """The months, from the rows with signals and enough known months after them.

        Raises:
            TooLittleHistoryError: When no label has matured.
        """
        found, train = rows.rows_by_month(self._eligible, self._signals), self.train
        matured = [month for month, counts in found.items() if counts.seen >= train.horizon]
        if not matured:
            raise TooLittleHistoryError(
                f"no company has both signals and a label that matured at a horizon of {train.horizon} months: "
                "give more history, or set a shorter train.horizon"
            )
        first, last, step = min(found), max(matured), train.months_between_samples
        splits = rolling_splits(
            first, last, train.horizon, train.test_months, train.origins, train.months_between_origins, step
        )
        # Months that have not matured, for models that learn from censored rows.
        later = range(last + step, max(found) + 1, step)
        return Plan(found, splits, (*sampled_months(first, last, step), *later), last)

    @cached_property
    def data(self) -> Dataset:
        """Every row that an origin or the final model needs, companies in proceedings included."""
        chosen = rows.core_signals(self._dictionary) if self.train.signals == "core" else None
        names, months = rows.signal_names(self._signals, chosen), self.plan.months
        shares = draw_shares([self.plan.rows[month] for month in months], len(names), self.train.max_values)
        sampled = rows.sample(self._signals, self._eligible, months, names, shares.others, shares.companies)
        data = rows.collect(sampled, names)
        drawn = f", {shares.others:.1%} of the rows without failure drawn" if shares.others < 1 else ""
        drawn += f", {shares.companies:.1%} of the companies" if shares.companies < 1 else ""
        free = data.where(~data.in_procedure)
        failing = free.where(free.ahead <= self.train.horizon)
        self._report(
            f"read {len(data)} rows x {len(names)} signals of {data.companies()} companies and {len(months)} months, "
            f"{start_of(months[0]):%Y-%m} .. {start_of(months[-1]):%Y-%m}; {failing.companies()} companies fail within "
            f"{self.train.horizon} months of a row ({len(failing)} rows){drawn}"
        )
        return data

    @cached_property
    def final_data(self) -> Dataset:
        """The rows of the final model: every sampled month, companies in proceedings left out."""
        data = self.data.of_months(self.plan.sample)
        return data.where(~data.in_procedure)

    def parts(self, task: LearningTask, protocol: str = "new_failures") -> Iterator[Part]:
        """The tests of a protocol, for a model."""
        plan, train = self.plan, self.train
        return rolling_parts(self.data, plan.splits, plan.sample, train.horizon, task.wait, protocol, train.seed)

    @property
    def dated(self) -> str:
        """The last month whose label has matured, AAAA-MM."""
        return f"{start_of(self.plan.last_matured):%Y-%m}"

    @property
    def protocol(self) -> str:
        """The evaluation protocol, in words."""
        origins = ", ".join(f"{start_of(split.origin):%Y-%m}" for split in self.plan.splits)
        return f"rolling origins {origins}, {self.train.test_months} months each"

    @cached_property
    def infos(self) -> Mapping[str, SignalInfo]:
        """The dictionary's entry of each signal."""
        return rows.signal_infos(self._dictionary, self.data.signals)

    @cached_property
    def _dictionary(self) -> DataFrame | None:
        known = self.versions[SIGNALS_DICTIONARY.path] >= 0
        return self._read(SIGNALS_DICTIONARY) if known else None

    @cached_property
    def _signals(self) -> DataFrame:
        return self._read(SIGNALS_ENTREPRISE)

    @cached_property
    def _eligible(self) -> DataFrame:
        panel, horizon = self._read(PANEL_ENTREPRISE), self.train.horizon
        least_seen = min(PERIOD, horizon)
        return rows.eligible_rows(self._read(LABELS_ENTREPRISE), panel, horizon, least_seen, groups_of(panel))

    def _read(self, table: Table) -> DataFrame:
        """Read a table at the version recorded by the run, whatever is written meanwhile."""
        reader = self._spark.read.format("delta").option("versionAsOf", self.versions[table.path])
        return reader.load(spark_location(self.lake, table))


def groups_of(panel: DataFrame) -> dict[str, Column]:
    """The breakdowns for figures that the panel allows."""
    known = {
        "section": ("section", F.col("section")),
        "size": ("effectif", size_class(F.col("effectif"))),
        "region": ("departement", region_label(F.col("departement"))),
    }
    return {name: column for name, (needs, column) in known.items() if needs in panel.columns}


def draw_shares(counts: list[rows.Counts], signals: int, max_values: int) -> Shares:
    """The shares to draw so that rows x signals fit: first of rows without failure, then, below 5 %, of companies."""
    total, failing = sum(each.rows for each in counts), sum(each.failing for each in counts)
    room = max_values / signals
    if total <= room:
        return Shares(1.0, 1.0)
    others = max(_FEWEST_OTHERS, (room - failing) / (total - failing)) if total > failing else 1.0
    return Shares(others, min(1.0, room / (failing + others * (total - failing))))


def data_versions(spark: SparkSession, lake: str) -> dict[str, int]:
    """The version of every table that training reads.

    Raises:
        MissingTableError: When one does not exist; without a dictionary only the themes are lost.
    """
    versions = {table.path: table_version(lake, table) for table in TABLES}
    for table in TABLES[:3]:
        if versions[table.path] < 0:
            read_table(spark, lake, table)  # raises an error that names the missing table
    return versions


def data_identity(lake: str, versions: Mapping[str, int]) -> dict[str, str]:
    """An identifier of the content of every table at its version, '' if it does not exist: see sf_spark.lake.contents.

    A commit that only describes a table, such as comments, does not change it. A moved lake keeps its identifiers; a
    copied one keeps them until either copy changes.
    """
    folder = rooted(lake)
    return {
        path: content_of(table_at(f"{folder}/{path}", version)).digest if version >= 0 else ""
        for path, version in versions.items()
    }
