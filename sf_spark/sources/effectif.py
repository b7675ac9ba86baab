"""Headcount of establishments: a line for a SIRET and an account, a column for a month."""

import polars as pl

from sf_spark.domain.timing import EFFECTIF_DELAY_MONTHS
from sf_spark.landing import dates
from sf_spark.landing.rules import Rules
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled


def clean() -> Rules:
    """Type the columns of the establishment; the month cells are read separately."""
    return Rules(columns={"siret": pl.col("siret"), "numero_compte": filled(pl.col("compte"))})


def known_on() -> pl.Expr:
    """Four months after the month counted."""
    return dates.months_later(pl.col("periode"), EFFECTIF_DELAY_MONTHS)


SOURCE = Source(
    name="effectif",
    description="headcount of establishments by month, URSSAF",
    file_pattern=r"(?!.*effectif_siren).*effectif_.*\.csv",
    delimiter=";",
    layouts=(Layout("2018", ("siret", "compte")),),
    wide="eff",
    key_column="siret",
    natural_key=("siret", "numero_compte", "periode"),
    clean=clean,
    known_on=known_on,
    emits_rejected=True,
)
