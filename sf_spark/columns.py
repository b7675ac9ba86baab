"""Rules that many tables share, as Columns: identifiers, empty cells, row identity."""

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

_PSEUDO_SIRET_MARKS = ("5", "6", "7", "9")  # first digit of the NIC of numbers forged by ACOSS for temporary workforces
_LA_POSTE = "356000000"


def filled(text: Column) -> Column:
    """Null for an empty cell, the text as it is otherwise. Nothing is trimmed."""
    return F.when(text != "", text)


def siren_of(siret: Column) -> Column:
    """The company of an establishment: the first 9 characters of its SIRET."""
    return F.substring(siret, 1, 9)


def is_siret(text: Column) -> Column:
    """True for 14 digits. No Luhn check: partners deliver numbers that fail it, and La Poste's are legal."""
    return text.rlike(r"^[0-9]{14}\z")


def is_siren(text: Column) -> Column:
    """True for 9 digits."""
    return text.rlike(r"^[0-9]{9}\z")


def is_pseudo_siret(siret: Column) -> Column:
    """True for a SIRET forged by ACOSS (10th digit 5, 6, 7 or 9), which Sirene does not know."""
    return F.substring(siret, 10, 1).isin(*_PSEUDO_SIRET_MARKS)


def is_luhn_valid(number: Column, kind: str) -> Column:
    """True when the digits of a SIRET or SIREN satisfy Luhn's formula. A flag, never a reason to reject.

    La Poste has more establishments than its NIC has valid numbers: a SIRET of SIREN 356000000 is valid, too, when its
    digits add up to a multiple of 5 (INSEE).
    """
    valid = F.call_function("luhn_check", number)
    if kind == "siren":
        return valid
    digits = [F.ascii(F.substring(number, place + 1, 1)) - 48 for place in range(14)]
    of_la_poste = number.startswith(_LA_POSTE) & (F.pmod(sum(digits[1:], digits[0]), F.lit(5)) == 0)
    return valid | of_la_poste


def fingerprint(columns: Sequence[str], start: Sequence[str] = ("1L", "2L")) -> dict[str, Column]:
    """``_first, _second``: 128 bits that tell whether two rows hold the same values in these columns, nulls included.

    Where they go on from those of other columns, ``start`` names these.
    """
    # xxhash64 passes over nulls, and (a, null, b) is not (a, b, null): which ones are null is hashed too. Written as
    # SQL, because each Column costs a call to Java.
    values = ", ".join(f"isnull(`{name}`), `{name}`" for name in columns)
    names = dict(zip(("_first", "_second"), start, strict=True))
    return {name: F.expr(f"xxhash64({seed}, {values})") for name, seed in names.items()}
