"""Headcount of companies: a line for a SIREN, a column for a month."""

import polars as pl

from sf_spark.domain.timing import EFFECTIF_DELAY_MONTHS
from sf_spark.landing import dates
from sf_spark.landing.rules import Rules
from sf_spark.landing.source import Layout, Source


def clean() -> Rules:
    """Type the columns of the company; the month cells are read separately."""
    return Rules(columns={"siren": pl.col("siren")})


def known_on() -> pl.Expr:
    """Four months after the month counted."""
    return dates.months_later(pl.col("periode"), EFFECTIF_DELAY_MONTHS)


SOURCE = Source(
    name="effectif_ent",
    description="headcount of companies by month, URSSAF",
    file_pattern=r".*effectif_siren.*\.csv",
    delimiter=";",
    layouts=(Layout("2018", ("siren",)),),
    wide="eff",
    key_column="siren",
    natural_key=("siren", "periode"),
    clean=clean,
    known_on=known_on,
    emits_rejected=True,
)
