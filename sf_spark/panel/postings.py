"""Monthly postings of each measure: amounts to add to an establishment's account, by month. Pure and lazy.

A *flow* that covers n months and becomes known in month K is spread evenly over rows K .. K+n-1; when it is withdrawn
or corrected, the opposite is posted the same way from the month of the correction. Totals are conserved to the cent:

    a quarter, 100.00 EUR, known 2024-04      rows 2024-04, 05, 06: 33.33, 33.33, 33.34
    corrected to 70.00 EUR, known 2024-08     rows 2024-08, 09, 10: -10.00, -10.00, -10.00

A *state* posts its change in the month of the change; its level is the running total.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month, month_index
from sf_spark.domain.money import cents, share_of_month
from sf_spark.panel.asof import latest_entries, state_changes

_ECART_NEGATIF = ("siret", "numero_compte", "periode_debut", "periode_fin", "numero_ecart_negatif")
_OPERATION_ORDER = ("numero_historique", "date_traitement", "_batch", "_line")


def cotisation_postings(cotisation: DataFrame, cutoff_day: int, first_month: int | None = None) -> DataFrame:
    """Contributions due, spread over months.

    Args:
        cotisation: The staged table.
        cutoff_day: Day of the cut-off.
        first_month: Index of the first month wanted: earlier amounts are not spread. None for all.

    Returns:
        ``siret, siren, mois, cotisation_cents``; several rows a month; amounts unknown at the source post nothing.
    """
    months = month_index(F.col("periode_fin")) - month_index(F.col("periode_debut"))
    sides = F.array(
        _side(known_month(F.col("known_on"), cutoff_day), 1),
        _side(known_month(F.col("superseded_on"), cutoff_day), -1),
    )
    # The sign is applied after the split, so a withdrawal reverses exactly the amounts posted in each month.
    share = share_of_month(F.col("montant"), F.col("nb_mois"), F.col("rank")) * F.col("sign")
    earliest = F.lit(0) if first_month is None else F.greatest(F.lit(first_month) - F.col("mois"), F.lit(0))
    return (
        cotisation.where(F.col("du").isNotNull())
        .select("siret", "siren", months.alias("nb_mois"), cents(F.col("du")).alias("montant"), F.inline(sides))
        .where(F.col("mois").isNotNull() & (earliest < F.col("nb_mois")))
        .select("*", F.explode(F.sequence(earliest, F.col("nb_mois") - 1)).alias("rank"))
        .select("siret", "siren", (F.col("mois") + F.col("rank")).alias("mois"), share.alias("cotisation_cents"))
    )


def dette_postings(debit: DataFrame, cutoff_day: int) -> DataFrame:
    """Changes of debt: the balance of each *écart négatif* counts from one known operation to the next.

    At a cut-off, the known operation with the highest rank in its history counts (ties: accounting date, then order of
    delivery). Balances, also negative ones, are summed as they are.

    Returns:
        ``siret, siren, mois, part_ouvriere_cents, part_patronale_cents, nb_ecarts_negatifs`` (changes).
    """
    parts = ("part_ouvriere", "part_patronale")
    changes = state_changes(debit, ("siren", *_ECART_NEGATIF), _OPERATION_ORDER, parts, cutoff_day)
    po, pp = (F.coalesce(cents(F.col(f"state.{part}")), F.lit(0)) for part in parts)
    amounts = changes.select("siret", "siren", "mois", "fin", po.alias("po"), pp.alias("pp"))
    # The value is posted at the start of its interval, and reversed at the end.
    sides = F.array(_side(F.col("mois"), 1), _side(F.col("fin"), -1))
    posted = {
        "part_ouvriere_cents": F.col("po"),
        "part_patronale_cents": F.col("pp"),
        "nb_ecarts_negatifs": (F.col("po") + F.col("pp") > 0).cast("long"),
    }
    return (
        amounts.select("siret", "siren", "po", "pp", F.inline(sides).alias("month", "sign"))
        .where(F.col("month").isNotNull())
        .select(
            *("siret", "siren", F.col("month").alias("mois")),
            *((amount * F.col("sign")).alias(name) for name, amount in posted.items()),
        )
    )


def effectif_entries(effectif: DataFrame, key: str, cutoff_day: int) -> DataFrame:
    """Entries of the last published headcount.

    Several accounts of one SIRET give several headcounts of one month: the last delivered wins, as in the former system
    since September 2020.
    """
    return latest_entries(effectif, key, "effectif", ("periode", "_batch", "_line"), ["effectif"], cutoff_day)


def declaration_entries(cotisation: DataFrame, key: str, cutoff_day: int) -> DataFrame:
    """Entries of the last month for which contributions were declared, 0 EUR included."""
    declared = cotisation.where(F.col("du").isNotNull()).select(
        "*", (month_index(F.col("periode_fin")) - 1).alias("dernier_mois")
    )
    return latest_entries(declared, key, "declaration", ["dernier_mois"], (), cutoff_day)


def _side(month: Column, sign: int) -> Column:
    return F.struct(month.alias("mois"), F.lit(sign).alias("sign"))
