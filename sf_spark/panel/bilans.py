"""Accounts and payment behaviour of a company: the last ones known, and their age. Pure and lazy.

Accounts are known 7 months after the closing date and hold for 14 months from then; staged rows carry the first rule
in ``known_on``:

    closed on     known from the row of    hold until the row of
    2023-12-31    2024-08                  2025-09
    2024-06-15    2025-01                  2026-02
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, known_month, month_index
from sf_spark.panel.asof import latest_entries
from sf_spark.panel.inputs import RATIOS, RATIOS_BDF

KNOWN_AFTER_MONTHS, VALID_MONTHS = 7, 14
# Several accounts of one closing date, least wanted first: consolidated ones speak of a group; the company's own
# complete ones say most.
TYPES_BILAN = ("K", "A", "B", "S", "C")


def bilan_entries(ratios: DataFrame, cutoff_day: int = CUTOFF_DAY) -> DataFrame:
    """Entries of the last accounts known of each company."""
    rank = F.coalesce(F.array_position(F.array(*map(F.lit, TYPES_BILAN)), F.col("type_bilan")), F.lit(0))
    ranked = ratios.where(F.col("date_cloture_exercice").isNotNull()).select("*", rank.alias("rang"))
    order = ("date_cloture_exercice", "rang", "_batch", "_line")
    return latest_entries(ranked, "siren", "bilan", order, RATIOS, cutoff_day)


def bdf_entries(bdf: DataFrame, cutoff_day: int = CUTOFF_DAY) -> DataFrame:
    """Entries of the last ratios of the Banque de France known of each company."""
    dated = bdf.where(F.col("arrete_bilan_bdf").isNotNull())
    return latest_entries(dated, "siren", "bdf", ("arrete_bilan_bdf", "_batch", "_line"), RATIOS_BDF, cutoff_day)


def paydex_entries(paydex: DataFrame, cutoff_day: int = CUTOFF_DAY) -> DataFrame:
    """Entries of the last payment behaviour known of each company."""
    told = paydex.where(F.col("nb_jours").isNotNull() & F.col("date_valeur").isNotNull())
    return latest_entries(told, "siren", "paydex", ("date_valeur", "_batch", "_line"), ["nb_jours"], cutoff_day)


def bilan_measures(cutoff_day: int = CUTOFF_DAY) -> dict[str, Column]:
    """``bilan_<ratio>`` (as published) and ``bilan_age_mois`` (months since the closing); null when there are none."""
    return _while_valid("bilan", "date_cloture_exercice", RATIOS, cutoff_day)


def bdf_measures(cutoff_day: int = CUTOFF_DAY) -> dict[str, Column]:
    """``bdf_<ratio>`` (percent or days, as published) and ``bdf_age_mois``; null when there are none."""
    return _while_valid("bdf", "arrete_bilan_bdf", RATIOS_BDF, cutoff_day)


def paydex_measures() -> dict[str, Column]:
    """``paydex_nb_jours`` (days late on average) and ``paydex_age_mois``; null before the first one known."""
    return {
        "paydex_nb_jours": F.col("paydex.nb_jours").cast("double"),
        "paydex_age_mois": F.col("mois") - month_index(F.col("paydex.date_valeur")),
    }


def _while_valid(state: str, closing: str, ratios: Sequence[str], cutoff_day: int) -> dict[str, Column]:
    closed = F.col(f"{state}.{closing}")
    end = known_month(F.add_months(closed, KNOWN_AFTER_MONTHS), cutoff_day) + VALID_MONTHS
    valid = F.col("mois") < end
    measures = {f"{state}_{name}": F.when(valid, F.col(f"{state}.{name}")) for name in ratios}
    return measures | {f"{state}_age_mois": F.when(valid, F.col("mois") - month_index(closed))}
