"""A given perimeter: the SIREN of the companies to take in, one a line, with or without a header."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.sources import register
from sf_spark.sources.checks import problems
from sf_spark.sources.source import Layout, Source


def clean(df: DataFrame) -> DataFrame:
    """Type the lines; what is not a SIREN makes the file fail."""
    return df.select(
        "_line",
        "_raw",
        F.col("siren"),
        problems().alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """Before all: a perimeter has no date."""
    return F.lit(register.BEFORE_ALL).cast("date")


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
