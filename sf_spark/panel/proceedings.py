"""The state of a company in collective proceedings, month by month. Pure and lazy.

At each change the last event of each action counts, from either source; on one day an opening comes before a plan, and
a plan before an end (:mod:`sf_spark.domain.proceedings`). A proceeding is over after its end, and a continuation plan
after 10 years. Of several open ones, liquidation takes precedence over redressement, and redressement over sauvegarde.

    events                                                      state
    sauvegarde ouverture 2023-04, fin_procedure 2026-01         2023-04: sauvegarde; 2026-01: none
    redressement ouverture 2021-06, liquidation 2022-03         2021-06: redressement; 2022-03: liquidation
    redressement ouverture and fin_procedure on 2025-03-05      none
    judgments: redressement 2021-06, conversion into            2021-06: redressement; 2022-03: liquidation;
        liquidation 2022-03, closing 2024-01                    2024-01: none
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month
from sf_spark.domain.proceedings import LONGEST_PLAN_MONTHS, is_over
from sf_spark.domain.stages import ACTIONS, PLAN


def proceedings_changes(events: DataFrame, known_on: str, cutoff_day: int) -> DataFrame:
    """The months in which a company's state changes, and the state from then on.

    Args:
        events: See :func:`sf_spark.domain.proceedings.proceeding_events`.
        known_on: Column that dates an event: ``known_on`` when it was known, ``date_effet`` when it happened.
        cutoff_day: Day of the cut-off.

    Returns:
        ``siren, mois, fin, procedure`` (liquidation, redressement, sauvegarde or null), ``stade``, ``date_procedure``,
        ``source_procedure`` (procol, procedures).
    """
    event = F.struct(
        F.col("date_effet").alias("date"),
        *("rang", "priorite", "stade", "action", "source_procedure"),
        known_month(F.col(known_on), cutoff_day).alias("from"),
        known_month(F.col("superseded_on"), cutoff_day).alias("to"),
        (known_month(F.col("date_effet"), cutoff_day) + LONGEST_PLAN_MONTHS).alias("expiry"),
    )
    gathered = events.groupBy("siren").agg(F.collect_set(event).alias("events"))
    expiries = F.transform(F.filter("events", lambda e: e["stade"] == PLAN), lambda e: e["expiry"])
    ends = F.filter(F.transform("events", lambda e: e["to"]), lambda m: m.isNotNull())
    months = F.array_sort(F.array_distinct(F.concat(F.transform("events", lambda e: e["from"]), ends, expiries)))
    changes = F.transform(
        F.col("months"),
        lambda month, rank: F.struct(
            month.alias("mois"), F.get(F.col("months"), rank + 1).alias("fin"), _gravest(month).alias("state")
        ),
    )
    return (
        gathered.withColumn("months", months)
        .select("siren", F.explode(changes).alias("change"))
        .select(
            "siren",
            "change.mois",
            "change.fin",
            F.col("change.state.action").alias("procedure"),
            F.col("change.state.stade").alias("stade"),
            F.col("change.state.date").alias("date_procedure"),
            F.col("change.state.source_procedure").alias("source_procedure"),
        )
    )


def _gravest(month: Column) -> Column:
    """The gravest open proceeding; null when none is open."""
    visible = F.filter("events", lambda e: (e["from"] <= month) & (e["to"].isNull() | (e["to"] > month)))
    last_of = [F.array_max(F.filter(visible, _of_action(action))) for action in ACTIONS]
    return F.coalesce(*(F.when(_is_open(event, month), event) for event in last_of))


def _of_action(action: str) -> Callable[[Column], Column]:
    return lambda event: event["action"] == action


def _is_open(event: Column, month: Column) -> Column:
    expired = (event["stade"] == PLAN) & (event["expiry"] <= month)
    return event.isNotNull() & ~is_over(event["stade"]) & ~expired
