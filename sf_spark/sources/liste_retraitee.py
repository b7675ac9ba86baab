"""Sub-lists selected by a committee by hand: one line for a company of a detection list."""

import polars as pl

from sf_spark.domain.timing import BEFORE_ALL
from sf_spark.landing.rules import Check, Rules
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled


def clean() -> Rules:
    """Type the lines."""
    name = pl.col("liste")
    return Rules(
        columns={"siren": pl.col("siren"), "liste": filled(name)},
        checks=(Check(name == "", "empty", "liste", name, "the name of a detection list"),),
    )


def known_on() -> pl.Expr:
    """The earliest day: the selection has no date, and changes no figure."""
    return pl.lit(BEFORE_ALL)


SOURCE = Source(
    name="liste_retraitee",
    description="companies that a committee has chosen from a list",
    file_pattern=r"liste_retraitee.*\.csv",
    delimiter=";",
    layouts=(Layout("open", ("siren", "liste"), byte_order_mark=True),),
    key_column="siren",
    natural_key=("siren", "liste"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
