"""Accounts and payment behaviour of a company: the last ones known, and their age. Pure and lazy.

Accounts are known 7 months after the closing date and valid for 14 months from then; ``known_on`` of staged rows holds
the first rule:

    closed on     known from the row of    valid until the row of
    2023-12-31    2024-08                  2025-09
    2024-06-15    2025-01                  2026-02

See :mod:`sf_spark.domain.bilans` for the choice of accounts, confidential zeros and thousandfold amounts. An amount is
compared with the accounts known before it, so that a row never changes:

    accounts known           turnover    row
    2022, then 2023          2 M, 2 000 M    from the month of 2023 on: unknown, ``bilan_saut_mille`` true
    the same, corrected      2 M, 2.1 M      from the month of the correction on: 2.1 M
"""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.domain.bilans import (
    CONSOLIDATED,
    OWN_ACCOUNTS_LAST_MONTHS,
    VALID_MONTHS,
    rank_of_type,
    slips,
    without_confidential_zero,
)
from sf_spark.domain.calendar import known_month, month_index
from sf_spark.domain.ratios import AMOUNTS, PUBLISHED, RATIOS_BDF
from sf_spark.domain.timing import BILANS_DELAY_MONTHS
from sf_spark.panel.asof import latest_entries

_OWN, _GROUP = "bilan", "bilan_groupe"
_KEPT = (*PUBLISHED, "type_bilan", "sauts")
_STEADY = 10  # with a headcount that grew tenfold, turnover may grow a thousandfold


def bilan_entries(ratios: DataFrame, cutoff_day: int) -> DataFrame:
    """Entries of the last known accounts of a company: its own (``bilan``), its group's (``bilan_groupe``)."""
    order = ("date_cloture_exercice", "rang", "_batch", "_line")
    entries = latest_entries(_compared(_readable(ratios)), "siren", _OWN, order, _KEPT, cutoff_day, "groupe")
    columns = {
        f"{name}_{state}": F.when(F.col("groupe") == (name == _GROUP), F.col(f"{_OWN}_{state}"))
        for name in (_OWN, _GROUP)
        for state in ("durable", "passing")
    }
    return entries.select("siren", "mois", "fin", *(column.alias(name) for name, column in columns.items()))


def _readable(ratios: DataFrame) -> DataFrame:
    """Accounts with a date: confidential zeros are null, ``rang`` orders those of one date, ``groupe``: a group's."""
    values = {name: without_confidential_zero(F.col(name), F.col("confidentialite")) for name in PUBLISHED}
    whose = {"rang": rank_of_type(F.col("type_bilan")), "groupe": F.col("type_bilan").eqNullSafe(CONSOLIDATED)}
    return ratios.where(F.col("date_cloture_exercice").isNotNull()).withColumns({**values, **whose})


def _compared(accounts: DataFrame) -> DataFrame:
    """Accounts with ``sauts``: the amounts that are a thousand times, or a thousandth of, those known before."""
    amounts = F.struct(*AMOUNTS)
    known = F.struct(
        F.col("date_cloture_exercice").alias("cloture"),
        *("rang", "_batch", "_line"),
        amounts.alias("montants"),
        *("known_on", "superseded_on"),
    )
    series = Window.partitionBy("siren", "groupe")
    together = accounts.withColumn("_tous", F.collect_list(known).over(series))
    delivered = F.filter("_tous", lambda o: o["known_on"] <= F.col("known_on"))
    in_force = F.filter(delivered, lambda o: o["superseded_on"].isNull() | (o["superseded_on"] > F.col("known_on")))
    before = together.withColumn("_avant", _last_before(in_force, F.col("date_cloture_exercice")))
    earlier = before.withColumn("_plus_tot", _last_before(in_force, F.col("_avant.cloture")))
    found = slips(amounts, F.col("_avant.montants"), F.col("_plus_tot.montants"))
    names = F.array_compact(F.array(*(F.when(slip, F.lit(name)) for name, slip in found.items())))
    return earlier.withColumn("sauts", names)


def _last_before(accounts: Column, closing: Column) -> Column:
    return F.array_max(F.filter(accounts, lambda other: other["cloture"] < closing))


def steady(fewest: Column, most: Column) -> Column:
    """Whether a headcount changed too little for a thousandfold change of amounts; true if unknown."""
    return F.coalesce(most < _STEADY * F.greatest(fewest, F.lit(1)), F.lit(True))


def bdf_entries(bdf: DataFrame, cutoff_day: int) -> DataFrame:
    """Entries of the last known ratios of the Banque de France of each company."""
    dated = bdf.where(F.col("arrete_bilan_bdf").isNotNull())
    return latest_entries(dated, "siren", "bdf", ("arrete_bilan_bdf", "_batch", "_line"), RATIOS_BDF, cutoff_day)


def paydex_entries(paydex: DataFrame, cutoff_day: int) -> DataFrame:
    """Entries of the last known payment behaviour of each company."""
    observed = paydex.where(F.col("nb_jours").isNotNull() & F.col("date_valeur").isNotNull())
    return latest_entries(observed, "siren", "paydex", ("date_valeur", "_batch", "_line"), ["nb_jours"], cutoff_day)


def company_accounts() -> Column:
    """The accounts that count in a month, of ``bilan`` and ``bilan_groupe``: ``comptes`` for the measures."""
    recent = F.col("mois") - month_index(F.col(f"{_OWN}.date_cloture_exercice")) <= OWN_ACCOUNTS_LAST_MONTHS
    of_group = ~F.coalesce(recent, F.lit(False)) & F.col(_GROUP).isNotNull()
    return F.when(of_group, F.col(_GROUP)).otherwise(F.col(_OWN))


def bilan_measures(cutoff_day: int) -> dict[str, Column]:
    """``bilan_<ratio>`` (as published), ``bilan_age_mois`` (months since the closing), and the kind of accounts.

    ``bilan_type`` is the type of the accounts. ``bilan_saut_mille`` tells whether an amount is null because it looks
    like a thousandfold slip: never unless the headcount is steady (``effectif_stable``). All are null without accounts.
    """
    chosen = F.col("comptes")
    slipped = F.when(F.col("effectif_stable"), chosen["sauts"])
    known = {name: F.when(~F.coalesce(F.array_contains(slipped, name), F.lit(False)), chosen[name]) for name in AMOUNTS}
    values = {name: known.get(name, chosen[name]) for name in PUBLISHED}
    values |= {"type": chosen["type_bilan"], "saut_mille": F.coalesce(F.size(slipped), F.lit(0)) > 0}
    return _while_valid("bilan", chosen["date_cloture_exercice"], values, cutoff_day)


def bdf_measures(cutoff_day: int) -> dict[str, Column]:
    """``bdf_<ratio>`` (percent or days, as published) and ``bdf_age_mois``; null when there are none."""
    values = {name: F.col(f"bdf.{name}") for name in RATIOS_BDF}
    return _while_valid("bdf", F.col("bdf.arrete_bilan_bdf"), values, cutoff_day)


def paydex_measures() -> dict[str, Column]:
    """``paydex_nb_jours`` (average days late) and ``paydex_age_mois``; null before the first known value."""
    return {
        "paydex_nb_jours": F.col("paydex.nb_jours").cast("double"),
        "paydex_age_mois": F.col("mois") - month_index(F.col("paydex.date_valeur")),
    }


def _while_valid(prefix: str, closed: Column, values: Mapping[str, Column], cutoff_day: int) -> dict[str, Column]:
    end = known_month(F.add_months(closed, BILANS_DELAY_MONTHS), cutoff_day) + VALID_MONTHS
    valid = F.col("mois") < end
    measures = {f"{prefix}_{name}": F.when(valid, value) for name, value in values.items()}
    return measures | {f"{prefix}_age_mois": F.when(valid, F.col("mois") - month_index(closed))}
