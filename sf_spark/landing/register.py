"""Rules that the Sirene files share: activity, nomenclature, when a unit is known."""

import polars as pl

from sf_spark.domain.timing import BEFORE_ALL
from sf_spark.landing.texts import matching


def activity(code: pl.Expr) -> pl.Expr:
    """The activity when it has the dotted form of NAF rev. 2 (``52.21Z``), else null."""
    return matching(code, r"^[0-9]{2}\.[0-9]{2}[A-Z]\z")


def skipped_nomenclature(code: pl.Expr, nomenclature: pl.Expr) -> pl.Expr:
    """Why a line is skipped: its activity is in another nomenclature than NAF rev. 2."""
    return pl.when((code != "") & (nomenclature != "NAFRev2")).then(pl.lit("nomenclature"))


def since(day: pl.Expr) -> pl.Expr:
    """A day; the 1st of January 1900 where it is unknown."""
    return day.fill_null(BEFORE_ALL)


def known_on() -> pl.Expr:
    """The creation of the unit; the 1st of January 1900 where it is unknown."""
    return since(pl.col("date_creation"))
