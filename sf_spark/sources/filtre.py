"""An explicit perimeter: the SIREN of the companies to take in, one a line, with or without a header."""

import polars as pl

from sf_spark.domain.timing import BEFORE_ALL
from sf_spark.landing.rules import Rules
from sf_spark.landing.source import Layout, Source


def clean() -> Rules:
    """Type the lines; any other text than a SIREN makes the file fail."""
    return Rules(columns={"siren": pl.col("siren")})


def known_on() -> pl.Expr:
    """The earliest day: a perimeter has no date."""
    return pl.lit(BEFORE_ALL)


SOURCE = Source(
    name="filter",
    description="a given perimeter of companies",
    file_pattern=r"filter.*",
    delimiter=";",
    layouts=(
        Layout("given", ("siren",)),
        Layout("without header", positional=("siren",), first_record=r"^[0-9]{9}(;.*)?$"),
    ),
    key_column="siren",
    natural_key=("siren",),
    clean=clean,
    known_on=known_on,
    lazy_quotes=True,
    fatal_codes=("bad_key", "field_count", "encoding"),
)
