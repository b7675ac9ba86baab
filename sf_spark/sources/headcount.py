"""Cells of the wide headcount files: one column a month, one tuple for each cell that holds a number."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.sources.checks import problem

PUBLICATION_DELAY_MONTHS = 4
_PLAIN = "_plain_numbers"


def look_at_cells(df: DataFrame) -> DataFrame:
    """Tell the lines whose every cell is empty or a plain number, nearly all: at once, and not cell by cell.

    Their cells stand in ``_plain_numbers``, between semicolons; null for the other lines.
    """
    cells = F.col("_wide.cells")
    text = F.array_join(cells, ";")
    plain = text.rlike(r"^[0-9]{0,9}(?:;[0-9]{0,9})*\z")
    # A quoted cell may hold semicolons of its own.
    between = F.length(text) - F.length(F.replace(text, F.lit(";"), F.lit(""))) == F.size(cells) - 1
    return df.withColumn(_PLAIN, F.when(plain & between, text))


def readable_cells() -> Column:
    """array<struct<periode, effectif>> of a line: null where a cell is empty, zeros are kept.

    Everything but digits is deleted first (thousands separators, but also ``-`` and ``,``: ``12,5`` is 125), as the
    reference loader does.
    A cell without any digit is no headcount: it is null too and rejects the line, whose other cells stay.
    """
    cells = F.col("_wide.cells")
    numbers = F.when(F.col(_PLAIN).isNotNull(), _plain_numbers(F.col(_PLAIN))).otherwise(F.transform(cells, _headcount))
    return F.arrays_zip(F.col("_wide.periodes").alias("periode"), numbers.alias("effectif"))


def unreadable_cell() -> Column:
    """The reason to reject a line that has a cell without a headcount; it quotes the first one."""
    bad = F.filter(F.col("_wide.cells"), lambda cell: (cell != "") & _headcount(cell).isNull())
    return problem(
        F.col(_PLAIN).isNull() & (F.size(bad) > 0), "bad_number", "eff*", F.get(bad, F.lit(0)), "a headcount"
    )


def known_on() -> Column:
    """Four months after the month counted: URSSAF's usual publication delay."""
    return F.add_months(F.col("periode"), PUBLICATION_DELAY_MONTHS)


def _plain_numbers(text: Column) -> Column:
    """array<int> of plain numbers between semicolons; null where nothing stands between two.

    They are read as JSON, which Spark does in one go: a function of a cell is not compiled, and a cast of all cells
    pays dearly for each empty one.
    """
    filled = F.concat(F.lit(";"), text, F.lit(";"))
    for _ in range(2):  # of several empty cells, each time every other one
        filled = F.replace(filled, F.lit(";;"), F.lit(";null;"))
    numbers = F.replace(F.btrim(filled, F.lit(";")), F.lit(";"), F.lit(","))
    json = F.concat(F.lit("["), numbers, F.lit("]"))
    return F.from_json(json, "array<int>", {"allowNumericLeadingZeros": "true"})


def _headcount(cell: Column) -> Column:
    digits = F.regexp_replace(cell, "[^0-9]", "")
    return F.when(digits != "", digits.try_cast("int"))
