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

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, known_month


def state_changes(
    versions: DataFrame,
    keys: Sequence[str],
    order: Sequence[str],
    values: Sequence[str],
    cutoff_day: int = CUTOFF_DAY,
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
    version = F.struct(
        *order,
        *(name for name in values if name not in order),
        known_month(F.col("known_on"), cutoff_day).alias("_from"),
        known_month(F.col("superseded_on"), cutoff_day).alias("_to"),
    )
    gathered = versions.groupBy(*keys).agg(F.collect_list(version).alias("_versions"))
    months = F.array_sort(
        F.array_distinct(
            F.concat(
                F.transform("_versions", lambda v: v["_from"]),
                F.filter(F.transform("_versions", lambda v: v["_to"]), lambda m: m.isNotNull()),
            )
        )
    )
    with_months = gathered.withColumn("_months", months)
    changes = F.transform(
        F.col("_months"),
        lambda month, rank: F.struct(
            month.alias("mois"), F.get(F.col("_months"), rank + 1).alias("fin"), _holding(month).alias("state")
        ),
    )
    return with_months.select(*keys, F.explode(changes).alias("_change")).select(*keys, "_change.*")


def _holding(month: Column) -> Column:
    visible = F.filter("_versions", lambda v: (v["_from"] <= month) & (v["_to"].isNull() | (v["_to"] > month)))
    return F.array_max(visible)
