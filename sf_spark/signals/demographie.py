"""Signals on the life of the company: age, establishments."""

from pyspark.sql import functions as F

from sf_spark.signals.record import Signal
from sf_spark.signals.rolling import Measure

ETABLISSEMENTS = Measure(
    "nb_etablissements", "nombre d'etablissements ouverts", "nombre", "sirene", "demographie", company_only=True
)
AGE = Measure("age_mois", "age", "mois", "sirene_ul", "demographie")

SIGNALS: list[Signal] = [
    AGE.level("null si la date de creation est inconnue"),
    ETABLISSEMENTS.level("jamais nul : 0 sans etablissement au repertoire"),
    *ETABLISSEMENTS.rolling("max", (12, 24)),
    *ETABLISSEMENTS.shifted("diff", (3, 12, 24)),
    Signal(
        "est_personne_physique",
        "entreprise individuelle (categorie juridique 1xxx)",
        "code",
        "sirene_ul",
        "demographie",
        1,
        "null si la categorie juridique est inconnue",
        lambda _key: F.col("categorie_juridique").startswith("1").cast("int"),
        company_only=True,
    ),
]
