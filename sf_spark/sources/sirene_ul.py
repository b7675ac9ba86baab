"""Companies of the Sirene register: one line for a SIREN."""

import polars as pl

from sf_spark.landing import dates, register
from sf_spark.landing.rules import Rules
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import diffused, diffused_and_filled

_NAF25 = "activiteprincipalenaf25unitelegale"  # since May 2026
_VERBATIM = {
    "prenom1_unite_legale": "prenom1unitelegale",
    "prenom2_unite_legale": "prenom2unitelegale",
    "prenom3_unite_legale": "prenom3unitelegale",
    "prenom4_unite_legale": "prenom4unitelegale",
    "nom_unite_legale": "nomunitelegale",
    "nom_usage_unite_legale": "nomusageunitelegale",
    "categorie_juridique": "categoriejuridiqueunitelegale",
}
_REQUIRED = (
    "siren",
    "denominationunitelegale",
    *_VERBATIM.values(),
    "datecreationunitelegale",
    "etatadministratifunitelegale",
)
_ACTIVITY = ("activiteprincipaleunitelegale", "nomenclatureactiviteprincipaleunitelegale")


def clean() -> Rules:
    """Type the lines. A creation date that cannot be read is null: the register holds such dates.

    ``raison_sociale`` stays as delivered: empty for a sole trader, who has a personal name instead; null where it is
    not diffused. A line whose state is neither A (active) nor C (ceased) is skipped, and ends no company. A
    nomenclature unknown to INSEE rejects the line.
    """
    return Rules(
        columns={
            "siren": pl.col("siren"),
            "raison_sociale": diffused(pl.col("denominationunitelegale")),
            **{name: diffused_and_filled(pl.col(column)) for name, column in _VERBATIM.items()},
            "date_creation": dates.iso_date(pl.col("datecreationunitelegale")),
            **register.activities(*_ACTIVITY, _NAF25),
            "est_actif": pl.col("etatadministratifunitelegale") == "A",
        },
        checks=(register.unknown_nomenclature(_ACTIVITY[1]),),
        skip=register.unknown_state(pl.col("etatadministratifunitelegale"), "A", "C"),
    )


SOURCE = Source(
    name="sirene_ul",
    description="companies of the Sirene register, INSEE",
    file_pattern=r"(sireneUL|StockUniteLegale_utf8)\.csv",
    delimiter=",",
    layouts=(Layout("2026-05", (*_REQUIRED, _NAF25), _ACTIVITY), Layout("2019", _REQUIRED, _ACTIVITY)),
    key_column="siren",
    natural_key=("siren",),
    clean=clean,
    known_on=register.known_on,
)
