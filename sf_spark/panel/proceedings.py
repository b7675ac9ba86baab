"""Where a company stands in collective proceedings, from month to month. Pure and lazy.

At each change the last event of each action counts. A proceeding is over after ``fin_procedure``,
``abandon_procedure`` or ``inclusion_autre_procedure``, and a continuation plan after 10 years (the longest the law
allows, art. L626-12 code de commerce). Where several are open, liquidation goes before redressement before
sauvegarde. ``solde_procedure`` concerns an establishment's account, not the company's proceeding, and is left out.

    events                                                    state
    sauvegarde ouverture 2023-04, fin_procedure 2026-01       2023-04: sauvegarde; 2026-01: none
    redressement ouverture 2021-06, liquidation 2022-03       2021-06: redressement; 2022-03: liquidation
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, known_month

OVER = ("fin_procedure", "abandon_procedure", "inclusion_autre_procedure")
PLAN = "plan_continuation"
LONGEST_PLAN_MONTHS = 120
_GRAVITY = ("liquidation", "redressement", "sauvegarde")


def proceedings_changes(procol: DataFrame, known_on: str = "known_on", cutoff_day: int = CUTOFF_DAY) -> DataFrame:
    """The months in which a company's state changes, and the state from then on.

    Args:
        procol: The staged table.
        known_on: Column that dates an event: ``known_on`` for what was known, ``date_effet`` for what had happened.
        cutoff_day: Day of the cut-off.

    Returns:
        ``siren, mois, fin, procedure`` (liquidation, redressement, sauvegarde or null), ``stade``, ``date_procedure``.
    """
    event = F.struct(
        F.col("date_effet").alias("date"),
        F.coalesce("stade_procol", F.lit("")).alias("stade"),
        _known_action().alias("action"),
        known_month(F.col(known_on), cutoff_day).alias("from"),
        known_month(F.col("superseded_on"), cutoff_day).alias("to"),
        (known_month(F.col("date_effet"), cutoff_day) + LONGEST_PLAN_MONTHS).alias("expiry"),
    )
    events = (
        procol.where(_known_action().isNotNull() & (F.coalesce("stade_procol", F.lit("")) != "solde_procedure"))
        .groupBy("siren")
        .agg(F.collect_set(event).alias("events"))
    )
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
        events.withColumn("months", months)
        .select("siren", F.explode(changes).alias("change"))
        .select(
            "siren",
            "change.mois",
            "change.fin",
            F.col("change.state.action").alias("procedure"),
            F.col("change.state.stade").alias("stade"),
            F.col("change.state.date").alias("date_procedure"),
        )
    )


def _known_action() -> Column:
    """The action when it names one of the three proceedings, alone or inside a longer word."""
    return F.nullif(F.regexp_extract(F.coalesce("action_procol", F.lit("")), "|".join(_GRAVITY), 0), F.lit(""))


def _gravest(month: Column) -> Column:
    """The open proceeding that goes before the others; null when none is open."""
    visible = F.filter("events", lambda e: (e["from"] <= month) & (e["to"].isNull() | (e["to"] > month)))
    last_of = [F.array_max(F.filter(visible, _of_action(action))) for action in _GRAVITY]
    return F.coalesce(*(F.when(_is_open(event, month), event) for event in last_of))


def _of_action(action: str) -> Callable[[Column], Column]:
    return lambda event: event["action"] == action


def _is_open(event: Column, month: Column) -> Column:
    expired = (event["stade"] == PLAN) & (event["expiry"] <= month)
    return event.isNotNull() & ~event["stade"].isin(*OVER) & ~expired
