"""Contributions in their own months, and debts from one operation of a chain to the next.

One chain is one negative gap of one account and period. An operation counts from its accounting month (day 20) to that
of its successor:

    operation          number   2020-01   2020-02   2020-03
    100 on 2020-01-10     1       100       100
     40 on 2020-02-25     2                           40
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.series import ARRIVAL, Series, each_month
from sf_spark.domain.calendar import index_of, known_month, month_index
from sf_spark.domain.timing import URSSAF_DAY

PARTS = ("montant_part_ouvriere", "montant_part_patronale")
PAST = (1, 2, 3, 6, 12)
_CHAIN = ("siret", "periode_debut", "periode_fin", "numero_ecart_negatif", "numero_compte")
_MONTHS_WITHOUT_DEBT = 6


def add_cotisation_dette(
    rows: DataFrame, cotisation: DataFrame, debit: DataFrame, known: DataFrame, series: Series
) -> DataFrame:
    """Add contributions and debts in EUR to ``siret, mois``.

    Args:
        rows: Every month of every establishment.
        cotisation: Contributions.
        debit: Operations on debts.
        known: ``siret`` of establishments in both sources; the others get nulls.
        series: The months.
    """
    joined = (
        rows.join(monthly_cotisation(cotisation), on=["siret", "mois"], how="left")
        .join(monthly_debt(debit, series), on=["siret", "mois"], how="left")
        .join(known.withColumn("_known", F.lit(True)), on="siret", how="left")
    )
    present = joined.select(
        *(name for name in joined.columns if name not in ("_known", "cotisation", *PARTS)),
        F.when(F.col("_known"), F.col("cotisation")).alias("cotisation"),
        *(F.when(F.col("_known"), F.coalesce(part, F.lit(0.0))).alias(part) for part in PARTS),
    )
    ordered = Window.partitionBy("siret").orderBy("mois")  # no gaps: one row back is one month back
    indebted = F.coalesce(debt() > 0, F.lit(False))
    recent = F.max(indebted).over(ordered.rowsBetween(1 - _MONTHS_WITHOUT_DEBT, 0))
    lags = [F.lag(part, back).over(ordered).alias(f"{part}_past_{back}") for part in PARTS for back in PAST]
    return present.select("*", (~recent).alias("interessante_urssaf"), *lags)


def debt() -> Column:
    """Both parts of the debt, in EUR; null where debts are not known."""
    return F.col(PARTS[0]) + F.col(PARTS[1])


def monthly_cotisation(cotisation: DataFrame) -> DataFrame:
    """``siret, mois, cotisation``: an amount is divided by the months it covers; a month without any has no row."""
    first, after = month_index(F.col("periode_debut")), month_index(F.col("periode_fin"))
    spread = cotisation.select(
        "siret", (F.col("du") / (after - first)).alias("du"), each_month(first, after).alias("mois")
    )
    return spread.groupBy("siret", "mois").agg(F.sum("du").alias("cotisation"))


def monthly_debt(debit: DataFrame, series: Series) -> DataFrame:
    """``siret, mois`` and both parts in EUR: the sum over the operations that count; no row when none does.

    Operations of a chain are ordered by their number; ties by date, then arrival (by arrival alone in the original).
    """
    chain = Window.partitionBy(*_CHAIN).orderBy("numero_historique", "date_traitement", *ARRIVAL)
    until = F.coalesce(known_month(F.lead("date_traitement").over(chain), URSSAF_DAY), F.lit(index_of(series.fin)))
    lasting = debit.select(
        "siret",
        "part_ouvriere",
        "part_patronale",
        known_month(F.col("date_traitement"), URSSAF_DAY).alias("_from"),
        until.alias("_to"),
    )
    first = F.greatest("_from", F.lit(index_of(series.debut)))
    after = F.least("_to", F.lit(index_of(series.fin)))
    active = lasting.select("siret", each_month(first, after).alias("mois"), "part_ouvriere", "part_patronale")
    return active.groupBy("siret", "mois").agg(
        *(
            (F.sum(F.round(F.col(name) * 100).cast("bigint")) / 100).alias(f"montant_{name}")
            for name in ("part_ouvriere", "part_patronale")
        )
    )
