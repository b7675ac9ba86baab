"""Which version of a fact is in force, as intervals of months, never one row for every month.

A version is visible from the month it became known (``known_on``) to the month before it was withdrawn
(``superseded_on``). Of several visible versions of one thing, the latest in the given order is in force:

    headcounts of one SIRET, ordered by the counted month

    version           visible from   state
    January = 12      2024-05        2024-05: January = 12
    February = 14     2024-06        2024-06: February = 14
    January = 11      2024-07        (February stays: it is later)
    February ends     2024-09        2024-09: January = 11
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month


def state_changes(
    versions: DataFrame,
    keys: Sequence[str],
    order: Sequence[str],
    values: Sequence[str],
    cutoff_day: int,
) -> DataFrame:
    """The months in which the state of a thing changes, and the state from then on.

    Args:
        versions: Staged rows: ``keys``, ``order``, ``values``, ``known_on``, ``superseded_on``.
        keys: Columns that identify a thing.
        order: The visible version that is greatest in these columns holds; it should have no ties.
        values: What to carry.
        cutoff_day: Day of the cut-off.

    Returns:
        ``keys``, ``mois`` (month index), ``fin`` (index of the next change, null for the last), ``state`` (struct of
        ``order`` and ``values``; null while no version is visible). Exact for any order of arrival and any withdrawals:
        each change considers all versions of the thing.
    """
    visible = versions.select(
        *keys,
        _state(order, values).alias("state"),
        known_month(F.col("known_on"), cutoff_day).alias("mois"),
        known_month(F.col("superseded_on"), cutoff_day).alias("fin"),
    )
    gathered = visible.groupBy(*keys).agg(
        F.collect_list(F.struct("state", "mois", "fin")).alias("_all"),
        # Lists leave nulls out.
        F.array_sort(F.array_distinct(F.concat(F.collect_list("mois"), F.collect_list("fin")))).alias("_months"),
    )
    changes = F.transform(
        F.col("_months"),
        lambda month, rank: F.struct(
            month.alias("mois"),
            F.get(F.col("_months"), rank + 1).alias("fin"),
            F.array_max(_in_force(month)).alias("state"),
        ),
    )
    return gathered.select(*keys, F.inline(changes))


def latest_entries(
    versions: DataFrame,
    key: str,
    name: str,
    order: Sequence[str],
    values: Sequence[str],
    cutoff_day: int,
    kind: str = "",
) -> DataFrame:
    """Entries from which to find the latest visible version of each month.

    Most versions are never withdrawn: of those, the running maximum is in force. The others are kept with their end,
    and searched in each month:

        version          visible           entry
        January = 12     from 2024-05      2024-05 durable: January = 12
        February = 14    2024-06 to 08     2024-06 passing: February = 14, until 2024-09

    Args:
        versions: Staged rows: ``key``, ``order``, ``values``, ``known_on``, ``superseded_on``.
        key: Columns that identify a thing.
        name: Name of the state.
        order: The visible version that is greatest in these columns holds; it should have no ties.
        values: What to carry.
        cutoff_day: Day of the cut-off.
        kind: Column that distinguishes several states of one thing; it is part of the entries.

    Returns:
        ``key, mois, fin``, ``<name>_durable`` (struct of ``order`` and ``values``) and ``<name>_passing``
        (struct<state, fin>), one of them null. See :func:`sf_spark.panel.monthly.monthly_rows`.
    """
    state = _state(order, values)
    known, ended = (known_month(F.col(day), cutoff_day) for day in ("known_on", "superseded_on"))
    return versions.select(
        *([key, kind] if kind else [key]),
        known.alias("mois"),
        ended.alias("fin"),
        F.when(ended.isNull(), state).alias(f"{name}_durable"),
        F.when(ended.isNotNull(), F.struct(state.alias("state"), ended.alias("fin"))).alias(f"{name}_passing"),
    )


def in_force(intervals: Column, month: Column) -> Column:
    """The states that have not ended (``fin`` null: never), from an array of struct<state, fin> that have all begun."""
    lasting = F.filter(intervals, lambda v: v["fin"].isNull() | (v["fin"] > month))
    return F.transform(lasting, lambda v: v["state"])


def _state(order: Sequence[str], values: Sequence[str]) -> Column:
    return F.struct(*order, *(name for name in values if name not in order))


def _in_force(month: Column) -> Column:
    return in_force(F.filter("_all", lambda v: v["mois"] <= month), month)
