"""Cells of the wide headcount files: one column a month, one tuple for each cell that holds a number."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.sources.checks import problem

PUBLICATION_DELAY_MONTHS = 4


def readable_cells() -> Column:
    """array<struct<periode, effectif>> of a line: empty cells give nothing, zeros are kept.

    Everything but digits is deleted first (thousands separators, but also ``-`` and ``,``: ``12,5`` is 125), as the
    reference loader does.
    A cell without any digit is no headcount: it gives no tuple and rejects the line, whose other cells stay.
    """
    filled = F.filter(F.col("_wide"), lambda cell: cell.cell != "")
    counted = F.transform(filled, lambda cell: _counted(cell, _headcount(cell.cell)))
    return F.when(
        _only_numbers(), F.transform(filled, lambda cell: _counted(cell, cell.cell.try_cast("int")))
    ).otherwise(F.filter(counted, lambda cell: cell.effectif.isNotNull()))


def unreadable_cell() -> Column:
    """The reason to reject a line that has a cell without a headcount; it quotes the first one."""
    bad = F.filter(F.col("_wide"), lambda cell: (cell.cell != "") & _headcount(cell.cell).isNull())
    return problem(~_only_numbers() & (F.size(bad) > 0), "bad_number", "eff*", F.get(bad, F.lit(0)).cell, "a headcount")


def known_on() -> Column:
    """Four months after the month counted: URSSAF's usual publication delay."""
    return F.add_months(F.col("periode"), PUBLICATION_DELAY_MONTHS)


def _only_numbers() -> Column:
    """Whether every cell is empty or a plain number, as in nearly all lines: told at once, not cell by cell."""
    return F.array_join(F.col("_wide.cell"), ";").rlike(r"^[0-9]{0,9}(;[0-9]{0,9})*\z")


def _counted(cell: Column, effectif: Column) -> Column:
    return F.struct(cell.periode.alias("periode"), effectif.alias("effectif"))


def _headcount(cell: Column) -> Column:
    return F.regexp_replace(cell, "[^0-9]", "").try_cast("int")
