"""Companies of the Sirene register: one line for a SIREN."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark import calendar
from sf_spark.columns import filled
from sf_spark.sources import register
from sf_spark.sources.checks import problems
from sf_spark.sources.source import Source

_VERBATIM = {
    "prenom1_unite_legale": "prenom1unitelegale",
    "prenom2_unite_legale": "prenom2unitelegale",
    "prenom3_unite_legale": "prenom3unitelegale",
    "prenom4_unite_legale": "prenom4unitelegale",
    "nom_unite_legale": "nomunitelegale",
    "nom_usage_unite_legale": "nomusageunitelegale",
    "categorie_juridique": "categoriejuridiqueunitelegale",
    "ape_naf25": "activiteprincipalenaf25unitelegale",
}


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
    required=(
        "siren",
        "denominationunitelegale",
        *_VERBATIM.values(),
        "datecreationunitelegale",
        "etatadministratifunitelegale",
    ),
    optional=("activiteprincipaleunitelegale", "nomenclatureactiviteprincipaleunitelegale"),
    key_column="siren",
    natural_key=("siren",),
    clean=clean,
    known_on=register.known_on,
)
