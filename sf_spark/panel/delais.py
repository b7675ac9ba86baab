"""Payment plans with URSSAF and plans of the commission of financial services (CCSF). Pure and lazy.

A plan is in force at each cut-off from its creation until its due date (exclusive); a refused plan never is.

    created 2024-01-03, due 2024-04-05, 92 days, 1000 EUR; debt 600 EUR
    cut-off        days left   deviation
    2024-02-20     45          (600 - 1000 x 45 / 92) / 1000
    2024-03-20     16          (600 - 1000 x 16 / 92) / 1000
    2024-04-20     -           -
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import cutoff_of, known_month
from sf_spark.domain.money import cents, euros, ratio
from sf_spark.panel.asof import latest_entries

NOT_GRANTED = ("REFUS", "REJ", "REJET")


def delai_entries(delai: DataFrame, cutoff_day: int) -> DataFrame:
    """Entries of the plans: one for each plan, from its first month to its end.

    Rows without duration, amount or due date are left out.

    Returns:
        ``siret, siren, mois, fin`` and ``delais``: struct<state, fin>, of which ``state`` is struct<echeance, duree
        (days), montant (cents)>.
    """
    granted = ~F.coalesce(F.upper("stade"), F.lit("")).isin(*NOT_GRANTED)
    whole = (F.col("duree_delai") >= 1) & (F.col("montant_echeancier") >= 0.01) & F.col("date_echeance").isNotNull()
    known, created = (known_month(F.col(name), cutoff_day) for name in ("known_on", "date_creation"))
    ended, due = (known_month(F.col(name), cutoff_day) for name in ("superseded_on", "date_echeance"))
    plan = F.struct(
        F.col("date_echeance").alias("echeance"),
        F.col("duree_delai").alias("duree"),
        cents(F.col("montant_echeancier")).alias("montant"),
    )
    end = F.least(ended, due).alias("fin")
    return delai.where(granted & whole).select(
        *("siret", "siren"),
        F.greatest(known, created).alias("mois"),
        end,
        F.struct(plan.alias("state"), end).alias("delais"),
    )


def ccsf_entries(ccsf: DataFrame, key: str, cutoff_day: int) -> DataFrame:
    """Entries of the last date on which the commission dealt with the entity, at any stage."""
    return latest_entries(
        ccsf.where(F.col("date_traitement").isNotNull()), key, "ccsf", ["date_traitement"], (), cutoff_day
    )


def delai_measures(dette_cents: Column, cutoff_day: int) -> dict[str, Column]:
    """Measures of the plans in force, from the column ``delais`` and ``periode``.

    Returns:
        ``delai_montant_echeancier`` (EUR, 0 without a plan), ``delai_nb_jours_restants`` (days from the cut-off to the
        latest due date), ``delai_deviation_remboursement`` (debt less the remainder of a linear repayment, over the
        amount: above 0 is late), both null without a plan, and ``nb_delais``.
    """
    day = cutoff_of(F.col("periode"), cutoff_day)
    plans = F.coalesce("delais", F.array())
    amount = F.aggregate(plans, F.lit(0).cast("long"), lambda total, plan: total + plan["montant"])
    left = F.aggregate(
        plans,
        F.lit(0.0),
        lambda total, plan: total + plan["montant"] * F.datediff(plan["echeance"], day) / plan["duree"],
    )
    days = F.array_max(F.transform(plans, lambda plan: F.datediff(plan["echeance"], day)))
    return {
        "delai_montant_echeancier": euros(amount),
        "delai_nb_jours_restants": days.cast("double"),
        "delai_deviation_remboursement": ratio(dette_cents - left, amount),
        "nb_delais": F.size(plans),
    }
