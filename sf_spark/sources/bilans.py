"""Rules that the sources of accounts share: when accounts are known, and which of several balance sheets counts."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

PUBLICATION_DELAY_MONTHS = 7

# Of several balance sheets for one closing day: the complete one of the company itself goes before the simplified one,
# and both before the consolidated one, which speaks of the group (types of the INPI and of the commercial courts).
PRIORITY: Mapping[str, int] = {"C": 0, "S": 1, "B": 2, "A": 3, "K": 4}
_LAST = 9


def published(closing: Column) -> Column:
    """Seven months after the closing day: the legal delay of deposit, and the time to enter it."""
    return F.add_months(closing, PUBLICATION_DELAY_MONTHS)


def preferred(
    sheets: DataFrame, key: Sequence[str], kind: str = "type_bilan", priority: Mapping[str, int] = PRIORITY
) -> DataFrame:
    """One balance sheet for each key: the kind of lowest rank, then the one delivered last.

    Args:
        sheets: ``key``, ``kind``, ``_batch``, ``_file``, ``_line``.
        key: What must be unique (``siren`` and the closing day).
        kind: Column of the type of account.
        priority: Type to rank; other types come last.
    """
    ranks = F.create_map(*(F.lit(part) for pair in priority.items() for part in pair))
    rank = F.coalesce(F.try_element_at(ranks, F.col(kind)), F.lit(_LAST))
    order = [rank.asc(), *(F.col(name).desc() for name in ("_batch", "_file", "_line"))]
    first = Window.partitionBy(*key).orderBy(*order)
    return sheets.withColumn("_preference", F.row_number().over(first)).where("_preference = 1").drop("_preference")
