"""Establishments of the Sirene register, history: one line for a period in which an establishment did not change."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.sources import register
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_STATE, _CHANGE = "etatadministratifetablissement", "changementetatadministratifetablissement"


def clean(df: DataFrame) -> DataFrame:
    """Type the lines. Without any date, or with a state that is neither A (open) nor F (closed), a line is skipped."""
    dates = {column: calendar.iso_date(F.col(column)) for column in ("datedebut", "datefin")}
    changed = arithmetic.boolean(F.col(_CHANGE))
    return df.select(
        "_line",
        "_raw",
        F.col("siret"),
        dates["datedebut"].alias("date_debut"),
        dates["datefin"].alias("date_fin"),
        (F.col(_STATE) == "A").alias("est_actif"),
        changed.alias("changement_statut_actif"),
        problems(
            *(unreadable(F.col(name), value, "bad_date", name, "a date AAAA-MM-JJ") for name, value in dates.items()),
            unreadable(F.col(_CHANGE), changed, "bad_boolean", _CHANGE, "true or false", required=True),
        ).alias("_errors"),
        F.when((F.col("datedebut") == "") & (F.col("datefin") == ""), F.lit("no_date"))
        .when(~F.col(_STATE).isin("A", "F"), F.lit("unknown_state"))
        .alias("_skip"),
    )


def known_on() -> Column:
    """The first day of the period; the 1st of January 1900 where it is unknown."""
    return F.coalesce(F.col("date_debut"), F.lit(register.BEFORE_ALL).cast("date"))


SOURCE = Source(
    name="sirene_histo",
    description="history of the establishments of the Sirene register, INSEE",
    file_pattern=r"StockEtablissementHistorique_utf8\.csv",
    delimiter=",",
    layouts=(Layout("2025-11", ("siret", "datedebut", "datefin", _STATE, _CHANGE)),),
    key_column="siret",
    natural_key=("siret", "date_debut"),
    clean=clean,
    known_on=known_on,
)
