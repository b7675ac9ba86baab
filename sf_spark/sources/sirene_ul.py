"""Companies of the Sirene register: one line for a SIREN."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark import calendar
from sf_spark.columns import filled
from sf_spark.sources import register
from sf_spark.sources.checks import problems
from sf_spark.sources.source import Layout, Source

_NAF25 = "activiteprincipalenaf25unitelegale"  # since May 2026
_VERBATIM = {
    "prenom1_unite_legale": "prenom1unitelegale",
    "prenom2_unite_legale": "prenom2unitelegale",
    "prenom3_unite_legale": "prenom3unitelegale",
    "prenom4_unite_legale": "prenom4unitelegale",
    "nom_unite_legale": "nomunitelegale",
    "nom_usage_unite_legale": "nomusageunitelegale",
    "categorie_juridique": "categoriejuridiqueunitelegale",
    "ape_naf25": _NAF25,
}
_REQUIRED = (
    "siren",
    "denominationunitelegale",
    *(column for column in _VERBATIM.values() if column != _NAF25),
    "datecreationunitelegale",
    "etatadministratifunitelegale",
)
_OPTIONAL = ("activiteprincipaleunitelegale", "nomenclatureactiviteprincipaleunitelegale")


def clean(df: DataFrame) -> DataFrame:
    """Type the lines. A creation date that cannot be read is null: the register holds such dates.

    ``raison_sociale`` stays as delivered: empty for a person in business, who has a name instead.
    """
    return df.select(
        "_line",
        "_raw",
        F.col("siren"),
        F.col("denominationunitelegale").alias("raison_sociale"),
        *(filled(F.col(column)).alias(name) for name, column in _VERBATIM.items()),
        calendar.iso_date(F.col("datecreationunitelegale")).alias("date_creation"),
        register.activity(F.col("activiteprincipaleunitelegale")).alias("ape"),
        (F.col("etatadministratifunitelegale") == "A").alias("est_actif"),
        problems().alias("_errors"),
        register.skipped_nomenclature(
            F.col("activiteprincipaleunitelegale"), F.col("nomenclatureactiviteprincipaleunitelegale")
        ).alias("_skip"),
    )


SOURCE = Source(
    name="sirene_ul",
    description="companies of the Sirene register, INSEE",
    file_pattern=r"sireneUL\.csv",
    delimiter=",",
    layouts=(Layout("2026-05", (*_REQUIRED, _NAF25), _OPTIONAL), Layout("2019", _REQUIRED, _OPTIONAL)),
    key_column="siren",
    natural_key=("siren",),
    clean=clean,
    known_on=register.known_on,
)
