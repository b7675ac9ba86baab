"""Rules that the Sirene files share: activity, nomenclature, when a unit is known."""

import polars as pl

from sf_spark.domain.timing import BEFORE_ALL
from sf_spark.landing.rules import Check
from sf_spark.landing.texts import filled, matching

_DOTTED = r"^[0-9]{2}\.[0-9]{2}[A-Z]\z"
_NAF_REV2 = "NAFRev2"
_OLDER = ("NAFRev1", "NAF1993", "NAF", "NAP")
_NAF_2025 = r"(?i)NAF[^0-9]*(?:20)?25(?:[^0-9]|\z)"  # INSEE has not settled the spelling: NAF2025, NAF25, NAFRev2025


def activities(code: str, nomenclature: str, code_naf25: str) -> dict[str, pl.Expr]:
    """The activity of a unit in both nomenclatures, whichever of them the unit is delivered in.

        code      nomenclature    NAF 2025 column    ape       ape_naf25
        43.34Z    NAFRev2         43.34Y             43.34Z    43.34Y
        43.34Y    NAF2025                            null      43.34Y
        28.4C     NAFRev1                            null      null

    Args:
        code: Column of the main activity.
        nomenclature: Column that says what the main activity is written in.
        code_naf25: Column of the activity in NAF 2025.

    Returns:
        ``ape`` (NAF rev. 2), ``ape_naf25`` and ``nomenclature_ape``, as delivered; null where missing.
    """
    dotted, written_in = matching(pl.col(code), _DOTTED), pl.col(nomenclature)
    return {
        "ape": pl.when(written_in == _NAF_REV2).then(dotted),
        "ape_naf25": pl.coalesce(filled(pl.col(code_naf25)), pl.when(written_in.str.contains(_NAF_2025)).then(dotted)),
        "nomenclature_ape": filled(written_in),
    }


def unknown_nomenclature(nomenclature: str) -> Check:
    """The reason to reject a unit whose activity is in a nomenclature that INSEE does not have: the cell is damaged.

    If such a line were taken in, the unit would lose its code.
    """
    written_in = pl.col(nomenclature)
    known = written_in.is_in(["", _NAF_REV2, *_OLDER]) | written_in.str.contains(_NAF_2025)
    expected = f"a nomenclature of INSEE ({_NAF_REV2}, NAF2025, {', '.join(_OLDER)})"
    return Check(~known, "unknown_nomenclature", nomenclature, written_in, expected)


def since(day: pl.Expr) -> pl.Expr:
    """A day; the 1st of January 1900 where it is unknown."""
    return day.fill_null(BEFORE_ALL)


def known_on() -> pl.Expr:
    """The creation of the unit; the 1st of January 1900 where it is unknown."""
    return since(pl.col("date_creation"))


def unknown_state(state: pl.Expr, *known: str) -> pl.Expr:
    """Why a line is skipped: its state is unknown to the register, so it may be damaged."""
    return pl.when(~state.is_in(known)).then(pl.lit("unknown_state"))
