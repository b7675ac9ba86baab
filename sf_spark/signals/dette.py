"""Signals on contributions and debts to URSSAF."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.signals import windows
from sf_spark.signals.record import Signal
from sf_spark.signals.rolling import Measure, quotient

WINDOWS = (3, 6, 12, 24)
_NEVER = "jamais nul : 0 sans dette connue"

COTISATION = Measure("cotisation", "cotisations dues a l'URSSAF dans le mois", "EUR", "cotisation", "dette_urssaf")
DETTE = Measure("dette", "dette envers l'URSSAF", "EUR", "debit", "dette_urssaf")
OUVRIERE = Measure("montant_part_ouvriere", "dette URSSAF, part des salaries", "EUR", "debit", "dette_urssaf")
PATRONALE = Measure("montant_part_patronale", "dette URSSAF, part de l'employeur", "EUR", "debit", "dette_urssaf")
ECARTS = Measure("nb_ecarts_negatifs", "nombre de dettes URSSAF ouvertes", "nombre", "debit", "dette_urssaf")


def _in_debt() -> Column:
    return F.col("dette") > 0


def _silent() -> Column:
    return F.col("cotisation").isNull()


def _shares() -> list[Signal]:
    signals = [
        Signal(
            f"{debt}_sur_cotisation_mean12m",
            f"{text} rapportee a un mois moyen de cotisations",
            "ratio",
            "debit",
            "dette_urssaf",
            12,
            "null si les cotisations des 12 derniers mois ne sont pas toutes connues, ou nulles en moyenne",
            quotient(debt, "cotisation_mean12m"),
            needs=tuple(dict.fromkeys((debt, "cotisation_mean12m"))),
        )
        for debt, text in (
            ("dette", "dette URSSAF"),
            ("dette_mean6m", "dette URSSAF moyenne sur 6 mois"),
            ("dette_max12m", "dette URSSAF maximale sur 12 mois"),
            ("dette_diff3m", "variation de la dette URSSAF sur 3 mois"),
            ("montant_part_ouvriere", "dette URSSAF, part des salaries,"),
        )
    ]
    return signals + [
        Signal(
            f"cotisation_mean{short}m_sur_mean{long}m",
            f"cotisations des {short} derniers mois rapportees a celles des {long} derniers",
            "ratio",
            "cotisation",
            "dette_urssaf",
            long,
            f"null si l'un des {long} derniers mois est inconnu",
            quotient(f"cotisation_mean{short}m", f"cotisation_mean{long}m"),
            needs=(f"cotisation_mean{short}m", f"cotisation_mean{long}m"),
        )
        for short, long in ((3, 12), (6, 24))
    ]


SIGNALS: list[Signal] = [
    COTISATION.level("null si aucune periode declaree ne couvre le mois"),
    *COTISATION.rolling("mean", WINDOWS),
    *COTISATION.rolling("max", (12,)),
    *COTISATION.rolling("min", (12,)),
    *COTISATION.rolling("std", (12,)),
    *COTISATION.shifted("change", (12,)),
    DETTE.level(_NEVER),
    *DETTE.rolling("mean", WINDOWS),
    *DETTE.rolling("max", WINDOWS),
    *DETTE.rolling("min", WINDOWS),
    *DETTE.shifted("lag", (1, 3, 6, 12)),
    *DETTE.shifted("diff", (1, 3, 6, 12)),
    OUVRIERE.level(_NEVER),
    *OUVRIERE.rolling("max", (6, 12)),
    *OUVRIERE.shifted("diff", (3, 12)),
    PATRONALE.level(_NEVER),
    *PATRONALE.rolling("max", (6, 12)),
    *PATRONALE.shifted("diff", (3, 12)),
    ECARTS.level(_NEVER),
    *ECARTS.rolling("max", (12,)),
    *ECARTS.shifted("diff", (3, 6)),
    *(
        DETTE.signal(
            f"nb_mois_dette_{n}m",
            f"nombre de mois avec une dette URSSAF sur {n} mois",
            "mois",
            n,
            f"null sans {n} mois d'historique",
            windows.count_of_months(_in_debt, n),
        )
        for n in WINDOWS
    ),
    DETTE.signal(
        "nb_mois_dette_consecutifs",
        "nombre de mois consecutifs avec une dette URSSAF (24 au plus)",
        "mois",
        24,
        _NEVER,
        windows.streak(_in_debt, 24),
    ),
    DETTE.signal(
        "mois_depuis_dette",
        "mois ecoules depuis la derniere dette URSSAF",
        "mois",
        24,
        "null sans dette dans les 24 derniers mois",
        windows.months_since(_in_debt, 24),
    ),
    COTISATION.signal(
        "nb_mois_sans_declaration",
        "nombre de mois consecutifs sans cotisation declaree (12 au plus)",
        "mois",
        12,
        "jamais nul",
        windows.streak(_silent, 12),
    ),
    *_shares(),
]
