"""Facts as known at a cut-off, and the differences between two versions of a table. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

WHOLE_ROW = "(row)"


@dataclass(frozen=True)
class Difference:
    """Cells of one column that differ between two tables.

    Attributes:
        column: Its name, or :data:`WHOLE_ROW` for rows that only one of them has.
        cells: How many differ.
        example: The key of the first, and both values.
    """

    column: str
    cells: int
    example: str


def as_known_on(staged: DataFrame, day: date) -> DataFrame:
    """A staged table as it would be on a day, if nothing had been delivered since.

    Args:
        staged: Versions: ``known_on``, ``superseded_on`` and the rest.
        day: A cut-off, inclusive.

    Returns:
        The same columns. Facts known later are removed, and so is the end of a fact that was withdrawn later:

            known_on     superseded_on    on 2024-03-20
            2024-03-20   2024-04-20       in force
            2024-02-20   2024-03-20       withdrawn
            2024-04-20                    not yet known
    """
    withdrawn = F.when(F.col("superseded_on") <= F.lit(day), F.col("superseded_on"))
    return staged.where(F.col("known_on") <= F.lit(day)).withColumn("superseded_on", withdrawn)


def differences(stored: pa.Table, rebuilt: pa.Table, key: str) -> Iterator[Difference]:
    """Compare two versions of the rows of one month, cell by cell; null equals null, NaN equals NaN.

    Args:
        stored: Rows of the table.
        rebuilt: Rows expected; in any order, with the same columns.
        key: The column that identifies a row within the month.
    """
    stored, wanted = (table.sort_by(key) for table in (stored, rebuilt))
    if not stored.column(key).equals(wanted.column(key)):
        yield _rows_of_one_only(stored.column(key), wanted.column(key))
        both = pc.filter(wanted.column(key), pc.is_in(wanted.column(key), stored.column(key)))
        stored, wanted = (table.filter(pc.is_in(table.column(key), both)) for table in (stored, wanted))
    for name in wanted.column_names:
        if name != key and (difference := _cells(name, stored, wanted, key)) is not None:
            yield difference


def _rows_of_one_only(stored: pa.ChunkedArray, wanted: pa.ChunkedArray) -> Difference:
    more = pc.filter(stored, pc.invert(pc.is_in(stored, wanted)))
    less = pc.filter(wanted, pc.invert(pc.is_in(wanted, stored)))
    examples = [f"{side} only: {keys[0].as_py()}" for side, keys in (("lake", more), ("rebuilt", less)) if len(keys)]
    repeated = len(stored) - len(pc.unique(stored))
    if repeated:
        examples.append(f"{repeated} keys more than once in the lake")
    return Difference(WHOLE_ROW, len(more) + len(less) + repeated, "; ".join(examples))


def _cells(name: str, stored: pa.Table, wanted: pa.Table, key: str) -> Difference | None:
    left, right = stored.column(name), wanted.column(name)
    if left.equals(right):  # also false where both hold NaN
        return None
    differ = pc.invert(_same(left, right))
    cells = pc.sum(differ).as_py() or 0
    if not cells:
        return None
    first = pc.index(differ, True).as_py()
    values = f"lake {left[first].as_py()}, rebuilt {right[first].as_py()}"
    return Difference(name, cells, f"{stored.column(key)[first].as_py()}: {values}")


def _same(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    same = pc.or_(pc.fill_null(pc.equal(left, right), False), pc.and_(pc.is_null(left), pc.is_null(right)))
    if pa.types.is_floating(left.type):
        nans = (pc.fill_null(pc.is_nan(column), False) for column in (left, right))
        same = pc.or_(same, pc.and_(*nans))
    return same


def chunks(columns: Sequence[str], rows: int, cells: int) -> Iterator[list[str]]:
    """Columns in groups of at most so many cells, for a table that is wider than memory."""
    width = max(1, cells // max(rows, 1))
    for start in range(0, len(columns), width):
        yield list(columns[start : start + width])
