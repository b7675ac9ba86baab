"""The detection list of a month: who is alerted, in which order, since when, and what changed. Pure and lazy.

    list before       this month            status
    -                 fort                  new       a company that comes back is new again; its first alert stays
    fort              fort                  kept
    modere            fort                  raised
    fort              modere                lowered
    modere            aucun, or not scored  gone      one last row: no rank, no reason

A list looks at the lists before it and at nothing later, so publishing one again changes no other.
"""

from dataclasses import dataclass
from datetime import date
from typing import cast

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from sf_spark.domain import territories
from sf_spark.domain.naf import NAF_REV2, section_label
from sf_spark.publication import reasons

NEW, KEPT, RAISED, LOWERED, GONE = "new", "kept", "raised", "lowered", "gone"
NO_ALERT = "aucun"
LEVELS = ("modere", "fort")  # from the lowest

SCHEMA = (
    "list string, periode date, siren string, raison_sociale string, rank int, level string, probability double, "
    f"status string, first_alert date, reason_1 string, reason_2 string, reason_3 string, reasons {reasons.SCHEMA}, "
    "departement string, departement_libelle string, region string, region_libelle string, ape string, "
    "section string, section_libelle string, tranche_effectif string, effectif int, context_flags array<string>, "
    "horizon int, model_name string, model_version string, run_id string"
)
_IDENTITY = ("raison_sociale", "departement", "ape", "section", "effectif")
_MODEL = ("horizon", "model_name", "model_version", "run_id")


@dataclass(frozen=True)
class Month:
    """What a list is made of, all at its own month: one row a company.

    Attributes:
        periode: First day of the month.
        scores: ``siren, level, probability, contributions`` and the model's identity, one horizon and version.
        panel: ``siren, raison_sociale, departement, ape, section, effectif``.
        signals: ``siren`` and the signals.
        year_ago: The signals twelve months earlier; None where that month is not there.
        nomenclature: Of the sections in both: ``naf_rev2`` or ``naf2025``.
        flags: ``siren, context_flags``, see :mod:`sf_spark.publication.contexte`; None where no list was delivered.
    """

    periode: date
    scores: DataFrame
    panel: DataFrame
    signals: DataFrame
    nomenclature: str = NAF_REV2
    year_ago: DataFrame | None = None
    flags: DataFrame | None = None

    @classmethod
    def of(
        cls, periode: date, scores: DataFrame, panel: DataFrame, signals: DataFrame, nomenclature: str = NAF_REV2
    ) -> "Month":
        """Take one month out of tables that hold several."""
        this = F.col("periode") == F.lit(periode)
        before = signals.where(F.col("periode") == F.lit(periode.replace(year=periode.year - 1)))
        return cls(periode, scores.where(this), panel.where(this), signals.where(this), nomenclature, before)


def list_name(periode: date) -> str:
    """``detection-AAAA-MM``: in the order of names, lists are in the order of months."""
    return f"detection-{periode:%Y-%m}"


def champion_scores(predictions: DataFrame, horizon: int, version: str) -> DataFrame:
    """The scores to publish: those of the champion of a horizon, all columns.

    Args:
        predictions: Scores of any month, horizon and version.
        horizon: In months.
        version: Of the champion.
    """
    return predictions.where((F.col("horizon") == horizon) & (F.col("model_version") == version))


def build_list(month: Month, dictionary: DataFrame, earlier: DataFrame, previous: str | None, size: int) -> DataFrame:
    """Draw the list of a month.

    Args:
        month: Scores, panel and signals of the month.
        dictionary: The dictionary of signals.
        earlier: Rows of all lists before this one, in the columns of ``SCHEMA``.
        previous: Name of the list just before, None for the first one.
        size: At most this many companies, by rank; 0 for every alert. One that falls below is gone like any other.

    Returns:
        ``SCHEMA``, key ``siren``. Rank 1 is the highest probability; equal ones are ranked by siren. A company that is
        gone has its level and probability of this month (null when it is not scored any more) and, where the panel no
        longer holds it, the identity of the list before.
    """
    listed = _ranked(month.scores, size)
    past = earlier.where(F.col("status") != GONE)
    before = past.where(F.col("list") == F.lit(previous)).select(
        "siren", F.col("level").alias("_before"), *(F.col(name).alias(f"_{name}") for name in _IDENTITY)
    )
    since = past.groupBy("siren").agg(F.min("first_alert").alias("_since"))
    rows = (
        listed.select("siren", "rank")
        .join(before, on="siren", how="full")
        .join(month.scores.select("siren", "level", "probability"), on="siren", how="left")
        .join(month.panel.select("siren", *_IDENTITY), on="siren", how="left")
        .join(since, on="siren", how="left")
        .join(_reasons(month, listed, dictionary), on="siren", how="left")
        # One row, the same for all: a company that is not scored any more has left the list of this model too.
        .crossJoin(F.broadcast(month.scores.agg(*(F.max(name).alias(name) for name in _MODEL))))
    )
    if month.flags is None:
        flagged = rows.withColumn("context_flags", F.lit(None).cast("array<string>"))
    else:
        flagged = rows.join(month.flags, on="siren", how="left")
    return _described(flagged, month.periode, month.nomenclature)


def _reasons(month: Month, listed: DataFrame, dictionary: DataFrame) -> DataFrame:
    sectors = month.panel.select("siren", "section").where(F.col("section").isNotNull())
    return reasons.reasons(listed, month.signals, dictionary, month.year_ago, sectors, month.nomenclature)


def _ranked(scores: DataFrame, size: int) -> DataFrame:
    # One ordering of all alerts needs one task; the alerts of a month are a few thousand narrow rows.
    rank = F.row_number().over(Window.orderBy(F.col("probability").desc(), F.col("siren")))
    alerts = scores.where(F.col("level").isin(*LEVELS)).select("siren", "probability", "contributions")
    ranked = alerts.withColumn("rank", rank)
    return ranked.where(F.col("rank") <= size) if size else ranked


def _described(rows: DataFrame, periode: date, nomenclature: str) -> DataFrame:
    identity = {name: F.coalesce(name, f"_{name}") for name in _IDENTITY}
    named = rows.withColumns(identity)
    departement = F.col("departement")
    return named.select(
        F.lit(list_name(periode)).alias("list"),
        F.lit(periode).alias("periode"),
        *("siren", "raison_sociale", "rank", "level", "probability"),
        _status().alias("status"),
        F.coalesce("_since", F.lit(periode)).alias("first_alert"),
        *(F.get("reasons", F.lit(n))["text"].alias(f"reason_{n + 1}") for n in range(reasons.COUNT)),
        F.coalesce("reasons", F.array().cast(reasons.SCHEMA)).alias("reasons"),
        departement,
        territories.department_label(departement).alias("departement_libelle"),
        territories.region_code(departement).alias("region"),
        territories.region_label(departement).alias("region_libelle"),
        "ape",
        "section",
        section_label(F.col("section"), nomenclature).alias("section_libelle"),
        territories.size_class(F.col("effectif")).alias("tranche_effectif"),
        "effectif",
        F.coalesce("context_flags", F.array().cast("array<string>")).alias("context_flags"),
        *_MODEL,
    ).to(cast(StructType, StructType.fromDDL(SCHEMA)))


def _status() -> Column:
    now, before = (F.array_position(F.lit(list(LEVELS)), F.col(name)) for name in ("level", "_before"))
    return (
        F.when(F.col("rank").isNull(), GONE)
        .when(F.col("_before").isNull(), NEW)
        .when(now > before, RAISED)
        .when(now < before, LOWERED)
        .otherwise(KEPT)
    )
