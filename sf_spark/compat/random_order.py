"""A number for sampling, fixed for each establishment and month."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_BITS = 53  # bits that a double holds


def add_random_order(rows: DataFrame) -> DataFrame:
    """Add random_order, in [0, 1), to ``siret, mois``: a hash of both; the original draws it once and stores it."""
    drawn = F.shiftrightunsigned(F.xxhash64("siret", "mois"), 64 - _BITS)
    return rows.select("*", (drawn / 2.0**_BITS).alias("random_order"))
