"""Rules that many tables share, as Columns: identifiers, empty cells, row identity."""

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

_PSEUDO_SIRET_MARKS = ("5", "6", "7", "9")  # first digit of the NIC of numbers forged by ACOSS for temporary workforces
_ABSENT = "\u0001"  # stands for null in a fingerprint: xxhash64 skips nulls, and (a, null, b) is not (a, b, null)


def filled(text: Column) -> Column:
    """Null for an empty cell, the text as it is otherwise. Nothing is trimmed."""
    return F.when(text != "", text)


def siren_of(siret: Column) -> Column:
    """The company of an establishment: the first 9 characters of its SIRET."""
    return F.substring(siret, 1, 9)


def is_siret(text: Column) -> Column:
    """True for 14 digits. No Luhn check: partners deliver numbers that fail it, and La Poste's are legal."""
    return text.rlike(r"^[0-9]{14}$")


def is_siren(text: Column) -> Column:
    """True for 9 digits."""
    return text.rlike(r"^[0-9]{9}$")


def is_pseudo_siret(siret: Column) -> Column:
    """True for a SIRET forged by ACOSS (10th digit 5, 6, 7 or 9), which Sirene does not know."""
    return F.substring(siret, 10, 1).isin(*_PSEUDO_SIRET_MARKS)


def fingerprint(columns: Sequence[str]) -> Column:
    """128 bits, in hexadecimal, that tell whether two rows hold the same values in these columns, nulls included."""
    values = [F.coalesce(F.col(name).cast("string"), F.lit(_ABSENT)) for name in columns]
    return F.concat(*(F.lpad(F.hex(F.xxhash64(F.lit(seed), *values)), 16, "0") for seed in (1, 2)))
