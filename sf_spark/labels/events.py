"""Openings of collective proceedings, as events in time. Pure and lazy."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, known_month

# Stages that end a proceeding, or that concern only an establishment's account: none of them opens one.
NOT_OPENING = ("fin_procedure", "abandon_procedure", "inclusion_autre_procedure", "solde_procedure")
_ACTIONS = "liquidation|redressement|sauvegarde"


def openings(procol: DataFrame, cutoff_day: int = CUTOFF_DAY) -> DataFrame:
    """The months in which a company enters a proceeding, or a further stage of one.

    For a company that is not in proceedings, the first event after a month is an opening whatever its stage: a delivery
    may hold the plan and not the opening before it.

    Args:
        procol: The staged table; withdrawn rows do not count.
        cutoff_day: An event dated after this day counts from the next month.

    Returns:
        ``siren, mois`` (month index), distinct.
    """
    stage = F.coalesce("stade_procol", F.lit(""))
    return (
        procol.where(F.col("superseded_on").isNull() & F.coalesce("action_procol", F.lit("")).rlike(_ACTIONS))
        .where(~stage.isin(*NOT_OPENING))
        .select("siren", known_month(F.col("date_effet"), cutoff_day).alias("mois"))
        .distinct()
    )
