"""Reasons to reject a line, as Columns: struct<code, column, message>, null where the line is fine."""

from pyspark.sql import Column
from pyspark.sql import functions as F

_PROBLEMS = "array<struct<code: string, column: string, message: string>>"


def problem(wrong: Column, code: str, column: str, text: Column, expected: str) -> Column:
    """A reason where ``wrong`` is true; the message quotes the text (its first 80 characters) and what was expected."""
    quoted = F.concat(F.lit("'"), F.left(F.coalesce(text, F.lit("")), F.lit(80)), F.lit(f"' is not {expected}"))
    return F.when(
        F.coalesce(wrong, F.lit(False)),
        F.struct(F.lit(code).alias("code"), F.lit(column).alias("column"), quoted.alias("message")),
    )


def unreadable(text: Column, value: Column, code: str, column: str, expected: str, required: bool = False) -> Column:
    """A reason where a cell could not be read; an empty cell is one too when it is required."""
    wrong = value.isNull() if required else value.isNull() & (text != "")
    return problem(wrong, code, column, text, expected)


def problems(*reasons: Column) -> Column:
    """All reasons of a line: array<struct>, empty when the line is fine."""
    # Not array_compact: Spark does not compile functions of functions, nor what stands in one projection with them.
    none = F.array().cast(_PROBLEMS)
    found = [F.when(reason.isNotNull(), F.array(reason).cast(_PROBLEMS)).otherwise(none) for reason in reasons]
    return F.concat(none, *found)


def or_else(found: Column, last: Column) -> Column:
    """The reasons found, or this one where there is no other (an invalid key is reported only alone)."""
    return F.when((F.size(found) == 0) & last.isNotNull(), F.array(last)).otherwise(found)
