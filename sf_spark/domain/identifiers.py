"""Identifiers of companies and establishments, and empty cells, as Columns."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def filled(text: Column) -> Column:
    """Null for an empty cell, the text as it is otherwise. Nothing is trimmed."""
    return F.when(text != "", text)


def siren_of(siret: Column) -> Column:
    """The company of an establishment: the first 9 characters of its SIRET."""
    return F.substring(siret, 1, 9)
