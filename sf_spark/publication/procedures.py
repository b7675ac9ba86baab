"""The state of a company in collective proceedings on any day, as disjoint periods. Pure and lazy.

The same rules as the panel's (:mod:`sf_spark.panel.proceedings`), day by day: the last event of each action counts, the
gravest proceeding that is open holds, a continuation plan is over after 10 years. A day in no period is ``In bonis``.

    events                                                     periods
    sauvegarde ouverture 2023-04-05, plan 2024-02-01,          [2023-04-05, 2024-02-01) Sauvegarde
        fin_procedure 2026-01-10                               [2024-02-01, 2026-01-10) Plan de sauvegarde
    redressement ouverture 2021-06-02, liquidation 2022-03-01  [2021-06-02, 2022-03-01) Redressement judiciaire
                                                               [2022-03-01, -) Liquidation judiciaire
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.proceedings import LONGEST_PLAN_MONTHS, is_over, proceeding_label
from sf_spark.domain.stages import ACTIONS, PLAN

PERIODS = "array<struct<debut: date, fin: date, procedure: string, stade: string, libelle: string, source: string>>"


def proceeding_periods(events: DataFrame, today: Column) -> DataFrame:
    """The proceedings of each company, period by period.

    Args:
        events: In force; see :func:`sf_spark.domain.proceedings.proceeding_events`.
        today: The last day to consider (date).

    Returns:
        ``siren, procedures`` (``PERIODS``, from the first; ``fin`` is the first day after, null for the present one).
    """
    event = F.struct(F.col("date_effet").alias("date"), *("rang", "priorite", "stade", "action", "source_procedure"))
    gathered = events.where(F.col("date_effet") <= today).groupBy("siren").agg(F.collect_set(event).alias("events"))
    dates = F.transform("events", lambda e: e["date"])
    expiries = F.transform(F.filter("events", lambda e: e["stade"] == PLAN), lambda e: _expiry(e))
    days = F.array_sort(F.array_distinct(F.concat(dates, F.filter(expiries, lambda day: day <= today))))
    states = gathered.withColumn("_states", F.transform(days, _state))
    changed = F.filter(F.col("_states"), _differs)
    with_ends = F.transform(F.col("_changes"), _period)
    periods = states.withColumn("_changes", changed).withColumn("_periods", with_ends)
    known = F.filter("_periods", lambda period: period["procedure"].isNotNull())
    return periods.select("siren", known.cast(PERIODS).alias("procedures"))


def _state(day: Column) -> Column:
    """The state on a day: ``debut, procedure, stade, source``, null if in bonis."""
    seen = F.filter("events", lambda e: e["date"] <= day)
    last_of = [F.array_max(F.filter(seen, _of_action(action))) for action in ACTIONS]
    open_one = F.coalesce(*(F.when(_is_open(event, day), event) for event in last_of))
    return F.struct(
        day.alias("debut"),
        open_one["action"].alias("procedure"),
        open_one["stade"].alias("stade"),
        open_one["source_procedure"].alias("source"),
    )


def _differs(state: Column, rank: Column) -> Column:
    """Whether a state differs from the one before it."""
    before = F.get(F.col("_states"), rank - 1)
    same = state["procedure"].eqNullSafe(before["procedure"]) & state["stade"].eqNullSafe(before["stade"])
    return (rank == 0) | ~same


def _period(state: Column, rank: Column) -> Column:
    return F.struct(
        state["debut"].alias("debut"),
        F.get(F.col("_changes"), rank + 1)["debut"].alias("fin"),
        state["procedure"].alias("procedure"),
        state["stade"].alias("stade"),
        proceeding_label(state["procedure"], state["stade"]).alias("libelle"),
        state["source"].alias("source"),
    )


def _expiry(event: Column) -> Column:
    return F.add_months(event["date"], LONGEST_PLAN_MONTHS)


def _of_action(action: str) -> Callable[[Column], Column]:
    return lambda event: event["action"] == action


def _is_open(event: Column, day: Column) -> Column:
    expired = (event["stade"] == PLAN) & (_expiry(event) <= day)
    return event.isNotNull() & ~is_over(event["stade"]) & ~expired
