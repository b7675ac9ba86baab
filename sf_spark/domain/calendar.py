"""Months and cut-offs, as Columns.

A month is handled as its *index*, ``12 * year + month - 1``: months are real months, so lag 3 is ``index - 3``.

The cut-off of month T is a day of T that the caller gives (URSSAF's convention: 20). A fact belongs to the first month
whose cut-off is on or after it:

    known on        counts from, with day 20
    2024-03-20      2024-03
    2024-03-21      2024-04
    2024-12-31      2025-01
"""

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.domain.timing import DELIVERY_DAY


def month_index(day: Column) -> Column:
    """Number the month of a date: 12 * year + month - 1. Null stays null."""
    return F.year(day) * 12 + F.month(day) - 1


def _whole(number: Column, divisor: int) -> Column:
    """Integer quotient of a whole number that is not negative."""
    return F.floor(number / divisor).cast("int")


def month_start(index: Column) -> Column:
    """Turn a month index back into the first day of that month (date)."""
    return F.make_date(_whole(index, 12), (F.pmod(index, F.lit(12)) + 1).cast("int"), F.lit(1))


def known_month(known_on: Column, cutoff_day: int) -> Column:
    """Index of the first month whose cut-off is on or after a date. Null stays null."""
    return month_index(known_on) + F.when(F.dayofmonth(known_on) > cutoff_day, 1).otherwise(0)


def cutoff_of(periode: Column, cutoff_day: int) -> Column:
    """The cut-off date of the month that starts on ``periode``."""
    return F.date_add(F.trunc(periode, "month"), cutoff_day - 1)


def index_of(day: date) -> int:
    """The month index of a Python date."""
    return day.year * 12 + day.month - 1


def start_of(index: int) -> date:
    """The first day of the month with this index."""
    return date(index // 12, index % 12 + 1, 1)


def known_index(day: date, cutoff_day: int) -> int:
    """Index of the first month whose cut-off is on or after a Python date."""
    return index_of(day) + (day.day > cutoff_day)


def batch_date(batch: str) -> date:
    """The day a delivery counts as known: :data:`DELIVERY_DAY` of its month, for a sub-batch ``AAMM_NN`` too.

    Deliveries reach the platform around the 20th, and a batch AAMM serves the list of month AAMM. A sub-batch
    corrects that delivery before the list is drawn, so it shares its date.
    """
    return date(2000 + int(batch[:2]), int(batch[2:4]), DELIVERY_DAY)
