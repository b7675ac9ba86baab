"""The inputs of an edition, read at the versions of its plan."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.lake.planning import Plan
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import read_version
from sf_spark.panel.inputs import COLUMNS as _COLUMNS
from sf_spark.panel.inputs import dated
from sf_spark.publication.companies import companies, creations, followed, head_offices, still_open
from sf_spark.publication.contexte import COLUMNS as _CONTEXTE
from sf_spark.publication.contexte import context_flags
from sf_spark.publication.editions import Edition
from sf_spark.publication.list_columns import SCHEMA
from sf_spark.publication.lists import Month
from sf_spark.publication.wording import WORDINGS
from sf_spark.schema import (
    FOLLOW_UP,
    LISTS_DETECTION,
    PANEL_ENTREPRISE,
    PREDICTIONS_ENTREPRISE,
    SIGNALS_DICTIONARY,
    SIGNALS_ENTREPRISE,
    Table,
    staged,
)
from sf_spark.settings import Settings

STAGED = {"contexte": _CONTEXTE, "sirene": _COLUMNS["sirene"], "sirene_ul": _COLUMNS["sirene_ul"]}
_OF_FOLLOW_UP = {"siren", "siret", "service", "date", "state"}


class ListInputs:
    """The tables of one plan.

    Args:
        spark: The session.
        settings: All settings.
        step: Step of the edition.
    """

    def __init__(self, spark: SparkSession, settings: Settings, step: Plan) -> None:
        self._spark, self._settings, self._step = spark, settings, step

    def month(self, edition: Edition) -> Month:
        """The inputs of the edition's month."""
        cutoff = edition.periode.replace(day=self._settings.cutoff_day)
        this, last_year = edition.periode, edition.periode.replace(year=edition.periode.year - 1)
        scores, panel = (self._required(table, this) for table in (PREDICTIONS_ENTREPRISE, PANEL_ENTREPRISE))
        signals, before = (self._required(SIGNALS_ENTREPRISE, month) for month in (this, last_year))
        of_model = (F.col("horizon") == edition.horizon) & (F.col("model_version") == edition.model_version)
        scores = scores.where(of_model)
        chosen = ("siren", "periode", *self._signals_of_reasons(scores, signals.columns))
        return Month(
            scores=still_open(scores, panel),
            companies=self._companies(panel, cutoff),
            signals=signals.select(*chosen),
            cutoff=cutoff,
            nomenclature=self._settings.panel.nomenclature,
            year_ago=before.select(*chosen),
            flags=self._flags(panel, cutoff),
            followed=self._followed(cutoff),
        )

    def dictionary(self) -> DataFrame:
        """The dictionary of signals."""
        return self._required(SIGNALS_DICTIONARY)

    def editions(self, names: list[str]) -> DataFrame:
        """The rows of some editions."""
        if self._step.stored is None or not names:
            # Not createDataFrame([]): its rows would pass through Python.
            return self._spark.createDataFrame(self._spark.sparkContext.emptyRDD(), SCHEMA)
        rows = read_version(self._spark, self._step.lake, LISTS_DETECTION, self._step.version)
        return rows.where(F.col("list").isin(*names))

    def _signals_of_reasons(self, scores: DataFrame, columns: list[str]) -> list[str]:
        """The signals that reasons may name: those of the model, and the main ones of their measures.

        With all of over a thousand signals, planning would take Spark ten times longer than running.
        """
        explained = scores.where(F.col("contributions").isNotNull())
        first = explained.select(F.map_keys("contributions").alias("names")).first()
        names = set(first["names"]) if first else set()
        of_model = self.dictionary().where(F.col("name").isin(*names)) if names else self.dictionary()
        measures = {row["measure"] for row in of_model.select("measure").distinct().collect()}
        wanted = names | measures | {WORDINGS[each].signal for each in measures if each in WORDINGS}
        return [name for name in columns if name in wanted and name not in ("siren", "periode")]

    def _companies(self, panel: DataFrame, cutoff: date) -> DataFrame:
        seats = head_offices(self._staged("sirene"), cutoff)
        return companies(panel, seats, creations(self._staged("sirene_ul"), cutoff))

    def _flags(self, panel: DataFrame, cutoff: date) -> DataFrame | None:
        delivered = self._step.build.read[staged("contexte").path] is not None
        return context_flags(self._staged("contexte"), panel, cutoff) if delivered else None

    def _followed(self, cutoff: date) -> DataFrame | None:
        if self._step.version_of(FOLLOW_UP) is None:
            return None
        follow_up = self._required(FOLLOW_UP)
        return followed(follow_up, cutoff) if set(follow_up.columns) >= _OF_FOLLOW_UP else None

    def _staged(self, source: str) -> DataFrame:
        content = self._step.build.read[staged(source).path]
        version = None if content is None else content.version
        rows = read_or_empty(self._spark, self._step.lake, source, STAGED[source], version)
        return dated(rows, self._settings.cutoff_day)

    def _required(self, table: Table, *months: date) -> DataFrame:
        version = self._step.version_of(table)
        assert version is not None  # inputs of a plan exist
        return read_version(self._spark, self._step.lake, table, version, months or None)
