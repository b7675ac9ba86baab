"""The months of an establishment or a company: from its first known fact to its closure. Pure and lazy."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, known_month


def closures(sirene: DataFrame, cutoff_day: int = CUTOFF_DAY) -> DataFrame:
    """The month from which the register says that an establishment is closed.

    Returns:
        ``siret, fermeture`` (month index); establishments that are open, or unknown to the register, are absent.
    """
    known = known_month(F.col("known_on"), cutoff_day)
    month = F.greatest(known, F.coalesce(known_month(F.col("date_debut"), cutoff_day), known))
    return (
        sirene.where(F.col("superseded_on").isNull() & ~F.col("est_actif"))
        .groupBy("siret")
        .agg(F.max(month).alias("fermeture"))
    )


def bounds(facts: DataFrame, closed: DataFrame, last_month: int) -> DataFrame:
    """First and last month of each establishment.

    Args:
        facts: ``siret, siren, mois, est_flux``: the months in which something is posted.
        closed: ``siret, fermeture``.
        last_month: Index of the last month whose cut-off has passed.

    Returns:
        ``siret, siren, premier, dernier``. The last month is the month of closure, or of the last amount still to be
        spread if later: totals must not lose it. Nothing goes beyond ``last_month``.
    """
    first_and_last = facts.groupBy("siret", "siren").agg(
        F.min("mois").alias("premier"),
        F.max(F.when(F.col("est_flux"), F.col("mois"))).alias("dernier_flux"),
    )
    end = F.when(F.col("fermeture").isNull(), last_month).otherwise(
        F.least(F.greatest("fermeture", "dernier_flux"), F.lit(last_month))
    )
    return (
        first_and_last.join(closed, on="siret", how="left")
        .select("siret", "siren", "premier", end.alias("dernier"))
        .where(F.col("premier") <= F.col("dernier"))
    )


def months_between(limits: DataFrame, key: str) -> DataFrame:
    """One row for every month from ``premier`` to ``dernier``: ``key, mois``."""
    return limits.select(key, F.explode(F.sequence("premier", "dernier")).alias("mois"))
