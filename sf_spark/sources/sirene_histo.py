"""Establishments of the Sirene register, history: one line for a period in which an establishment did not change."""

import polars as pl

from sf_spark.landing import dates, register
from sf_spark.landing.rules import Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import boolean

_STATE, _CHANGE = "etatadministratifetablissement", "changementetatadministratifetablissement"
_ACTIVITY = (
    "activiteprincipaleetablissement",
    "nomenclatureactiviteprincipaleetablissement",
    "activiteprincipalenaf25etablissement",
)


def clean() -> Rules:
    """Type the lines. Without any date, or with a state that is neither A (open) nor F (closed), a line is skipped.

    A nomenclature unknown to INSEE rejects it.
    """
    days = {name: pl.col(f"_{name}") for name in ("datedebut", "datefin")}
    changed, state = pl.col("_changement"), pl.col(_STATE)
    undated = (pl.col("datedebut") == "") & (pl.col("datefin") == "")
    return Rules(
        columns={
            "siret": pl.col("siret"),
            "date_debut": days["datedebut"],
            "date_fin": days["datefin"],
            "est_actif": state == "A",
            "changement_statut_actif": changed,
            **register.activities(*_ACTIVITY),
        },
        checks=(
            *(unreadable(name, day, "bad_date", "a date AAAA-MM-JJ") for name, day in days.items()),
            unreadable(_CHANGE, changed, "bad_boolean", "true or false", required=True),
            register.unknown_nomenclature(_ACTIVITY[1]),
        ),
        read={
            **{f"_{name}": dates.iso_date(pl.col(name)) for name in days},
            "_changement": boolean(pl.col(_CHANGE)),
        },
        skip=pl.when(undated).then(pl.lit("no_date")).when(~state.is_in(["A", "F"])).then(pl.lit("unknown_state")),
    )


def known_on() -> pl.Expr:
    """The first day of the period; the 1st of January 1900 where it is unknown."""
    return register.since(pl.col("date_debut"))


SOURCE = Source(
    name="sirene_histo",
    description="history of the establishments of the Sirene register, INSEE",
    file_pattern=r"StockEtablissementHistorique_utf8\.csv",
    delimiter=",",
    layouts=(Layout("2025-11", ("siret", "datedebut", "datefin", _STATE, _CHANGE), _ACTIVITY),),
    key_column="siret",
    natural_key=("siret", "date_debut"),
    clean=clean,
    known_on=known_on,
)
