"""Exact money, as Columns.

Money is summed as integer cents: a sum of doubles depends on the order of its rows, a sum of longs does not.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F


def cents(euros: Column) -> Column:
    """Turn euros (double) into integer cents (long), half away from zero. Null stays null."""
    return F.round(euros * 100).cast("long")


def euros(amount_in_cents: Column) -> Column:
    """Turn integer cents into euros (double). Null stays null."""
    return amount_in_cents.cast("double") / 100


def share_of_month(total_cents: Column, months: Column, rank: Column) -> Column:
    """The part of an amount that month ``rank`` (0, 1, ...) of ``months`` carries; the parts add up to the cent.

    total  months  parts
    100    3       33, 33, 34
    -100   3       -34, -33, -33
    5      1       5
    """
    remainder = F.pmod(total_cents, months.cast("long"))
    # Only the remainder is divided in doubles: a large total has more digits than a double holds.
    whole = F.call_function("div", total_cents - remainder, months.cast("long"))
    return whole + F.floor(remainder * (rank + 1) / months) - F.floor(remainder * rank / months)


def ratio(numerator: Column, denominator: Column) -> Column:
    """Divide; null where either side is unknown or the denominator is not positive."""
    return F.when(denominator > 0, numerator / denominator)
