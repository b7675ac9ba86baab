"""Shared by both sources of balance sheets: the months in which one is used, and its values of past years.

A closing day counts from the first of the month after it, and its figures are used seven months later:

    closing day    first month of use    last one, for 13 months
    2015-04-28     2015-12               2016-12
    2015-12-31     2016-08               2017-08
"""

from collections.abc import Iterable

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from sf_spark.compat.series import each_month
from sf_spark.domain.calendar import month_index
from sf_spark.domain.timing import BILANS_DELAY_MONTHS

PAST_YEARS = (1, 2)
MONTHS_BEFORE = 12 * max(PAST_YEARS)  # months needed before the series, for the values of past years


def months_of_use(closing: Column, lasting: int) -> Column:
    """One row for each month index in which a balance sheet is used; none without a closing day."""
    first = month_index(closing) + 1 + BILANS_DELAY_MONTHS
    return each_month(first, first + lasting)


def past_years(columns: Iterable[tuple[str, str]]) -> list[Column]:
    """From pairs (column, name): ``<name>_past_1`` and ``_past_2``, the column 12 and 24 months earlier.

    The rows ``siren, mois`` have no gaps, so twelve rows back is twelve months back.
    """
    by_month = Window.partitionBy("siren").orderBy("mois")
    return [
        F.lag(column, 12 * years).over(by_month).alias(f"{name}_past_{years}")
        for column, name in columns
        for years in PAST_YEARS
    ]
