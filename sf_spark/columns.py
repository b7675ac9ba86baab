"""Rules that many tables share, as Columns: identifiers, empty cells, row identity."""

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F


def filled(text: Column) -> Column:
    """Null for an empty cell, the text as it is otherwise. Nothing is trimmed."""
    return F.when(text != "", text)


def siren_of(siret: Column) -> Column:
    """The company of an establishment: the first 9 characters of its SIRET."""
    return F.substring(siret, 1, 9)


def fingerprint(columns: Sequence[str], start: Sequence[str] = ("1L", "2L")) -> dict[str, Column]:
    """``_first, _second``: 128 bits that tell whether two rows hold the same values in these columns, nulls included.

    Where they go on from those of other columns, ``start`` names these.
    """
    # xxhash64 passes over nulls, and (a, null, b) is not (a, b, null): which ones are null is hashed too. Written as
    # SQL, because each Column costs a call to Java.
    values = ", ".join(f"isnull(`{name}`), `{name}`" for name in columns)
    names = dict(zip(("_first", "_second"), start, strict=True))
    return {name: F.expr(f"xxhash64({seed}, {values})") for name, seed in names.items()}
