"""Exact money and safe numbers, as Columns.

Money is summed as integer cents: a sum of doubles depends on the order of its rows, a sum of longs does not.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\z"
_WHOLE = r"^(?:-?[1-9]\d{0,14}|0)\z"
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_LARGEST = 1e15  # beyond this a double no longer holds cents, and no establishment owes so much


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
    # Only the remainder is divided as doubles: a large total has more digits than a double holds.
    whole = F.call_function("div", total_cents - remainder, months.cast("long"))
    return whole + F.floor(remainder * (rank + 1) / months) - F.floor(remainder * rank / months)


def number(text: Column, comma: bool = False) -> Column:
    """Read a finite number (double); a decimal comma is read where the partner may write one. Else null."""
    dotted = F.translate(text, ",", ".") if comma else text
    # Amounts in centimes are whole numbers, which Spark reads faster. Text is looked at before: a try_cast that fails
    # costs as much as dozens that succeed.
    value = F.when(text.rlike(_WHOLE), text.cast("long").cast("double")).when(
        dotted.rlike(_NUMBER), dotted.try_cast("double")
    )
    return F.when(F.abs(value) < _LARGEST, value)


def integer(text: Column) -> Column:
    """Read a strict base-10 integer (int); anything else gives null."""
    return F.when(text.rlike(r"^[+-]?\d+\z"), text.try_cast("int"))


def integer_from_float(text: Column) -> Column:
    """Read a number and cut its decimals (int): ``12.0`` is 12. Anything else gives null."""
    value = number(text)
    return F.when(F.abs(value) < 2**31, F.when(value >= 0, F.floor(value)).otherwise(F.ceil(value)).cast("int"))


def boolean(text: Column) -> Column:
    """Read the spellings of true and false that the reference loader accepts; anything else, empty too, gives null."""
    return F.when(text.isin(*_TRUE), True).when(text.isin(*_FALSE), False)


def ratio(numerator: Column, denominator: Column) -> Column:
    """Divide; null where either side is unknown or the denominator is not positive."""
    return F.when(denominator > 0, numerator / denominator)
