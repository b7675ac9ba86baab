"""Openings of collective proceedings, as events in time. Pure and lazy."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month
from sf_spark.domain.proceedings import is_over


def openings(events: DataFrame, cutoff_day: int) -> DataFrame:
    """The months in which a company enters a proceeding, or a further stage of one.

    For a company that is not in proceedings, the first event after a month is an opening whatever its stage: a delivery
    may hold the plan and not the opening before it. A closing of any kind opens nothing; an opening closed on the same
    day still counts.

    Args:
        events: See :func:`sf_spark.domain.proceedings.proceeding_events`; withdrawn rows do not count.
        cutoff_day: An event dated after this day counts from the next month.

    Returns:
        ``siren, mois`` (month index), distinct. Events without a date are ignored.
    """
    return (
        events.where(F.col("superseded_on").isNull() & ~is_over(F.col("stade")) & F.col("date_effet").isNotNull())
        .select("siren", known_month(F.col("date_effet"), cutoff_day).alias("mois"))
        .distinct()
    )
