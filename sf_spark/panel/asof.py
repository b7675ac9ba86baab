"""Which version of a fact holds, and from which month to which: intervals, never one row for every month.

A version is visible from the month it became known (``known_on``) to the month before it was withdrawn
(``superseded_on``). Where several versions of one thing are visible, the latest in its own order holds:

    headcounts of one SIRET, ordered by the month they count

    version           visible from   state
    January = 12      2024-05        2024-05: January = 12
    February = 14     2024-06        2024-06: February = 14
    January = 11      2024-07        (February stays: it is later)
    February ends     2024-09        2024-09: January = 11
"""

from collections.abc import Callable, Sequence

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
        keys: What names one thing.
        order: The visible version that is greatest in these columns holds; it should have no ties.
        values: What to carry.
        cutoff_day: Day of the cut-off.

    Returns:
        ``keys``, ``mois`` (month index), ``fin`` (index of the next change, null for the last), ``state`` (struct of
        ``order`` and ``values``; null while no version is visible). Exact whatever the order of arrival, withdrawals
        of a later version included: each change looks at all versions of the thing.
    """
    visible = _visible(versions, keys, order, values, cutoff_day)
    return _changes(visible, keys, F.array_max)


def latest_entries(
    versions: DataFrame,
    key: str,
    name: str,
    order: Sequence[str],
    values: Sequence[str],
    cutoff_day: int,
    kind: str = "",
) -> DataFrame:
    """What a running maximum needs to tell the latest version visible in each month.

    Most versions are never withdrawn: of those, the greatest so far is visible, and one entry each is enough. Only the
    others are compared with one another, month by month of their changes.

        version          visible           entry
        January = 12     from 2024-05      2024-05 durable: January = 12
        February = 14    2024-06 to 08     2024-06 passing: February = 14; 2024-09 passing: none

    Args:
        versions: Staged rows: ``key``, ``order``, ``values``, ``known_on``, ``superseded_on``.
        key: What names one thing.
        name: Of the state.
        order: The visible version that is greatest in these columns holds; it should have no ties.
        values: What to carry.
        cutoff_day: Day of the cut-off.
        kind: Column that distinguishes several states of one thing; it comes with the entries.

    Returns:
        ``key, mois, fin``, ``<name>_durable`` (struct of ``order`` and ``values``) and ``<name>_passing``
        (struct<state>, whose field is null from a month in which no passing version is visible). The state of a month
        is the greater of the two: see :func:`sf_spark.panel.monthly.monthly_rows`.
    """
    keys = [key, kind] if kind else [key]
    visible = _visible(versions, keys, order, values, cutoff_day)
    durable = visible.where(F.col("fin").isNull()).withColumnRenamed("state", f"{name}_durable")
    passing = _changes(visible.where(F.col("fin").isNotNull()), keys, F.array_max).select(
        *keys, "mois", "fin", F.struct("state").alias(f"{name}_passing")
    )
    return durable.unionByName(passing, allowMissingColumns=True)


def in_force_together(intervals: DataFrame, keys: Sequence[str]) -> DataFrame:
    """All that is in force at once, from change to change.

    Args:
        intervals: ``keys``, ``mois``, ``fin`` (months [mois, fin), ``fin`` null for an open end), ``state`` (struct).
        keys: What names one holder.

    Returns:
        ``keys, mois, fin, state``: the sorted array of what is in force in [mois, fin), possibly empty.
    """
    lasting = intervals.where(F.col("fin").isNull() | (F.col("mois") < F.col("fin")))
    return _changes(lasting, keys, F.array_sort)


def _changes(intervals: DataFrame, keys: Sequence[str], summarise: Callable[[Column], Column]) -> DataFrame:
    """From change to change, what sums up all that is in force; an interval without months still marks its month."""
    gathered = intervals.groupBy(*keys).agg(F.collect_list(F.struct("state", "mois", "fin")).alias("_all"))
    ends = F.filter(F.transform("_all", lambda v: v["fin"]), lambda month: month.isNotNull())
    months = F.array_sort(F.array_distinct(F.concat(F.transform("_all", lambda v: v["mois"]), ends)))
    changes = F.transform(
        F.col("_months"),
        lambda month, rank: F.struct(
            month.alias("mois"),
            F.get(F.col("_months"), rank + 1).alias("fin"),
            summarise(_in_force(month)).alias("state"),
        ),
    )
    exploded = gathered.withColumn("_months", months).select(*keys, F.explode(changes).alias("_change"))
    return exploded.select(*keys, "_change.*")


def _visible(
    versions: DataFrame, keys: Sequence[str], order: Sequence[str], values: Sequence[str], cutoff_day: int
) -> DataFrame:
    return versions.select(
        *keys,
        F.struct(*order, *(name for name in values if name not in order)).alias("state"),
        known_month(F.col("known_on"), cutoff_day).alias("mois"),
        known_month(F.col("superseded_on"), cutoff_day).alias("fin"),
    )


def _in_force(month: Column) -> Column:
    visible = F.filter("_all", lambda v: (v["mois"] <= month) & (v["fin"].isNull() | (v["fin"] > month)))
    return F.transform(visible, lambda v: v["state"])
