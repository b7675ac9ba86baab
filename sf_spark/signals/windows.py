"""Rolling windows over months: the only window code. Pure Columns.

Months are real months: frames are ranges on the month index ``_mois``, so a missing row shortens no window in silence.
A statistic over n months covers exactly n known months, and is null otherwise:

    month        01  02  03  04  05
    dette        0   10  20  -   40
    max3m        .   .   20  .   .      (needs 3 known months)
    lag1m        .   0   10  20  -
    diff1m       .   10  10  -   -
"""

from collections.abc import Callable

from pyspark.sql import Column, Window, WindowSpec
from pyspark.sql import functions as F

from sf_spark.signals.record import Rule, Value

MONTH = "_mois"  # the month index: the order of every window


def last_months(key: str, months: int) -> WindowSpec:
    """The frame of the last ``months`` months, the row's own included."""
    return Window.partitionBy(key).orderBy(MONTH).rangeBetween(1 - months, 0)


def over_months(statistic: Callable[[Column], Column], measure: Value, months: int) -> Rule:
    """A statistic over exactly ``months`` known months; null while one of them is unknown."""

    def rule(key: str) -> Column:
        frame = last_months(key, months)
        return F.when(F.count(measure()).over(frame) == months, statistic(measure()).over(frame))

    return rule


def lag(measure: Value, months: int) -> Rule:
    """The value ``months`` months earlier; null where that month has no row or no value."""

    def rule(key: str) -> Column:
        return F.max(measure()).over(Window.partitionBy(key).orderBy(MONTH).rangeBetween(-months, -months))

    return rule


def difference(measure: Value, months: int) -> Rule:
    """The value minus the value ``months`` months earlier."""
    return lambda key: measure() - lag(measure, months)(key)


def relative_change(measure: Value, months: int) -> Rule:
    """The change over ``months`` months as a share of the earlier value; null where that is not positive."""

    def rule(key: str) -> Column:
        before = lag(measure, months)(key)
        return F.when(before > 0, measure() / before - 1)

    return rule


def count_of_months(condition: Value, months: int) -> Rule:
    """How many of the last ``months`` months meet a condition; null without that much history."""
    return over_months(F.sum, lambda: condition().cast("int"), months)


def months_since(condition: Value, months: int) -> Rule:
    """Months since a condition was last met (0: this month); null when not in the last ``months`` months."""

    def rule(key: str) -> Column:
        met = F.max(F.when(condition(), F.col(MONTH))).over(last_months(key, months))
        return F.col(MONTH) - met

    return rule


def streak(condition: Value, months: int) -> Rule:
    """How many months in a row, up to now, meet a condition, counted up to ``months``; 0 when this one does not.

    A month without a row, or where the condition is unknown, ends the streak.
    """

    def rule(key: str) -> Column:
        met = F.array_sort(F.collect_list(F.when(condition(), F.col(MONTH))).over(last_months(key, months)))
        # In order, and no month twice: the months in a row up to now are those that stand at their own place.
        return F.size(F.filter(F.reverse(met), lambda month, rank: month + rank == F.col(MONTH)))

    return rule
