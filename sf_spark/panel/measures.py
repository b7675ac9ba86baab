"""The measures of a panel row, from the columns of its month: names, units, null for a source never delivered. Pure.

Money in EUR, hours, days; ages in months. Null is unknown or not applicable. Zero is zero: a complete file (debts,
payment plans, short-time work) without an entry means none.
"""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month, month_index
from sf_spark.domain.money import euros, ratio
from sf_spark.panel.activite_partielle import demande_measures
from sf_spark.panel.bilans import bdf_measures, bilan_measures, paydex_measures
from sf_spark.panel.delais import delai_measures

_DETTE_CENTS = ("part_ouvriere_cents", "part_patronale_cents")


def urssaf_measures(effectif_source: str) -> dict[str, tuple[str, Column]]:
    """Contributions, debts and headcount: name -> (source, column).

    A contribution is null in a month that no declared period reaches; a headcount before the first published one.
    """
    return {
        "cotisation": ("cotisation", euros(F.col("cotisation_cents"))),
        "montant_part_ouvriere": ("debit", euros(F.col("part_ouvriere_cents"))),
        "montant_part_patronale": ("debit", euros(F.col("part_patronale_cents"))),
        "dette": ("debit", euros(_dette())),
        "nb_ecarts_negatifs": ("debit", F.col("nb_ecarts_negatifs").cast("int")),
        "effectif": (effectif_source, F.col("effectif.effectif").cast("int")),
        "effectif_age_mois": (effectif_source, F.col("mois") - month_index(F.col("effectif.periode"))),
    }


def common_measures(cutoff_day: int) -> dict[str, tuple[str, Column]]:
    """Silence, payment plans and short-time work, at both grains: name -> (source, column)."""
    silence = F.greatest(F.col("mois") - F.col("declaration.dernier_mois"), F.lit(0))
    since_ccsf = F.col("mois") - known_month(F.col("ccsf.date_traitement"), cutoff_day)
    plans = delai_measures(_dette(), cutoff_day)
    return {
        "mois_depuis_declaration": ("cotisation", F.when(F.col("declaration").isNotNull(), silence)),
        **{name: ("delai", column) for name, column in plans.items()},
        "mois_depuis_ccsf": ("ccsf", F.when(F.col("ccsf").isNotNull(), F.greatest(since_ccsf, F.lit(0)))),
        **{name: ("apdemande", column) for name, column in demande_measures().items()},
        "apart_heures_consommees": ("apconso", F.coalesce(F.col("apart_centiemes"), F.lit(0)) / 100),
    }


def company_measures(cutoff_day: int) -> dict[str, tuple[str, Column]]:
    """Demography, establishments, payment behaviour and accounts: name -> (source, column)."""
    indebted = F.coalesce("nb_etablissements_en_dette", F.lit(0))
    sites = F.greatest("nb_etablissements", F.coalesce("nb_etablissements_suivis", F.lit(0)))
    return {
        "nb_ouvertures": ("sirene", F.coalesce("nb_ouvertures", F.lit(0)).cast("int")),
        "nb_fermetures": ("sirene", F.coalesce("nb_fermetures", F.lit(0)).cast("int")),
        "nb_etablissements_en_dette": ("debit", indebted.cast("int")),
        "part_etablissements_en_dette": ("debit", ratio(indebted.cast("double"), sites)),
        "effectif_max_etablissement": ("effectif", F.col("effectif_max_etablissement")),
        **{name: ("paydex", column) for name, column in paydex_measures().items()},
        **{name: ("ratios", column) for name, column in bilan_measures(cutoff_day).items()},
        **{name: ("bdf", column) for name, column in bdf_measures(cutoff_day).items()},
    }


def measure_columns(measures: Mapping[str, tuple[str, Column]], absent: frozenset[str]) -> list[Column]:
    """The columns, null where their source was never delivered; the type stays."""
    return [
        (F.when(F.lit(False), column) if source in absent else column).alias(name)
        for name, (source, column) in measures.items()
    ]


def _dette() -> Column:
    return F.col(_DETTE_CENTS[0]) + F.col(_DETTE_CENTS[1])
