"""The rule that the sources of accounts share: when accounts are known."""

from pyspark.sql import Column
from pyspark.sql import functions as F

PUBLICATION_DELAY_MONTHS = 7


def published(closing: Column) -> Column:
    """Seven months after the closing day: the legal delay of deposit, and the time to enter it."""
    return F.add_months(closing, PUBLICATION_DELAY_MONTHS)
