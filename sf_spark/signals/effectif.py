"""Signals on headcount."""

from pyspark.sql import functions as F

from sf_spark.signals.record import Signal
from sf_spark.signals.rolling import Measure, quotient

WINDOWS = (3, 6, 12, 24)
EFFECTIF = Measure("effectif", "effectif salarie, dernier publie", "salaries", "effectif", "effectif")

SIGNALS: list[Signal] = [
    EFFECTIF.level("null avant le premier effectif publie"),
    *EFFECTIF.rolling("mean", WINDOWS),
    *EFFECTIF.rolling("max", (12, 24)),
    *EFFECTIF.rolling("min", (12, 24)),
    *EFFECTIF.rolling("std", (12,)),
    *EFFECTIF.shifted("lag", (3, 6, 12, 24)),
    *EFFECTIF.shifted("diff", (3, 6, 12, 24)),
    *EFFECTIF.shifted("change", (3, 6, 12, 24)),
    EFFECTIF.signal(
        "effectif_age_mois",
        "age du dernier effectif publie",
        "mois",
        1,
        "null avant le premier effectif publie",
        lambda _key: F.col("effectif_age_mois"),
    ),
    Signal(
        "effectif_sur_max24m",
        "effectif rapporte a son maximum sur 24 mois",
        "ratio",
        "effectif",
        "effectif",
        24,
        "null sans 24 mois d'effectifs connus",
        quotient("effectif", "effectif_max24m"),
        needs=("effectif", "effectif_max24m"),
    ),
    Signal(
        "cotisation_mean12m_sur_effectif_mean12m",
        "cotisations mensuelles par salarie, moyenne sur 12 mois",
        "EUR",
        "cotisation",
        "effectif",
        12,
        "null si cotisations ou effectifs des 12 derniers mois ne sont pas tous connus",
        quotient("cotisation_mean12m", "effectif_mean12m"),
        needs=("cotisation_mean12m", "effectif_mean12m"),
    ),
    Signal(
        "dette_sur_effectif",
        "dette URSSAF par salarie",
        "EUR",
        "debit",
        "dette_urssaf",
        1,
        "null sans effectif connu",
        quotient("dette", "effectif"),
        needs=("dette", "effectif"),
    ),
]
