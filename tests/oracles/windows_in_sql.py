"""Rolling windows over months in Spark SQL. Pure Columns.

Frames are ranges on the month index ``_mois``, so a missing row does not silently shorten a window.
A statistic over n months covers exactly n known months, and is null otherwise:

    month        01  02  03  04  05
    dette        0   10  20  -   40
    max3m        .   .   20  .   .      (needs 3 known months)
    lag1m        .   0   10  20  -
"""

from collections.abc import Callable

from pyspark.sql import Column, Window, WindowSpec
from pyspark.sql import functions as F

MONTH = "_mois"  # the month index: the order of every window

_STATISTICS: dict[str, Callable[[Column], Column]] = {
    "mean": F.avg,
    "sum": F.sum,
    "max": F.max,
    "min": F.min,
    "std": F.stddev_samp,
    "slope": lambda value: F.regr_slope(value, F.col(MONTH)),
}


def last_months(key: str, months: int) -> WindowSpec:
    """The frame of the last ``months`` months, the row's own included."""
    return Window.partitionBy(key).orderBy(MONTH).rangeBetween(1 - months, 0)


def over(key: str, statistic: str, value: Column, months: int) -> Column:
    """A statistic over exactly ``months`` known months; null while one of them is unknown."""
    frame = last_months(key, months)
    return F.when(F.count(value).over(frame) == months, _STATISTICS[statistic](value).over(frame))


def lag(key: str, value: Column, months: int) -> Column:
    """The value ``months`` months earlier; null where that month has no row or no value."""
    return F.max(value).over(Window.partitionBy(key).orderBy(MONTH).rangeBetween(-months, -months))


def known(key: str, which: str, value: Column, months: int) -> Column:
    """The first or the last known value of the last ``months`` months."""
    pick = F.first if which == "first" else F.last
    return pick(value, ignorenulls=True).over(last_months(key, months))


def months_since(key: str, condition: Column, months: int) -> Column:
    """Months since a condition (1 or 0) last held (0: this month); null when not in the last ``months`` months."""
    return F.col(MONTH) - F.max(F.when(condition == 1, F.col(MONTH))).over(last_months(key, months))


def streak(key: str, condition: Column, months: int) -> Column:
    """The number of consecutive months, up to now, in which a condition (1 or 0) holds, at most ``months``.

    A missing month, or an unknown condition, ends the streak.
    """
    met = F.array_sort(F.collect_list(F.when(condition == 1, F.col(MONTH))).over(last_months(key, months)))
    # The months are sorted and distinct: consecutive ones are those at their own position.
    return F.size(F.filter(F.reverse(met), lambda month, rank: month + rank == F.col(MONTH)))
