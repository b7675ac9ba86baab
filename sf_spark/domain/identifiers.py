"""Identifiers of companies and establishments, as Columns."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def siren_of(siret: Column) -> Column:
    """The company of an establishment: the first 9 characters of its SIRET."""
    return F.substring(siret, 1, 9)
