"""Plans before the commission of financial services (CCSF): one line for a stage of a file."""

import polars as pl

from sf_spark.landing import dates
from sf_spark.landing.rules import Rules, unprintable, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_READ = ("compte", "date_de_traitement", "code_externe_stade", "code_externe_action")


def clean() -> Rules:
    """Type the lines; stage and action are kept as delivered."""
    treated = pl.col("_date_de_traitement")
    return Rules(
        columns={
            "siret": pl.col("siret"),
            "numero_compte": filled(pl.col("compte")),
            "date_traitement": treated,
            "stade": filled(pl.col("code_externe_stade")),
            "action": filled(pl.col("code_externe_action")),
        },
        checks=(
            unprintable("compte"),
            unreadable("date_de_traitement", treated, "bad_date", "a date (A)AAMMJJ", required=True),
        ),
        read={"_date_de_traitement": dates.aammjj_date(pl.col("date_de_traitement"))},
    )


def known_on() -> pl.Expr:
    """The day the commission dealt with the file."""
    return pl.col("date_traitement")


SOURCE = Source(
    name="ccsf",
    description="plans before the commission of financial services, URSSAF",
    file_pattern=r"sigfaible_ccsf\.csv",
    delimiter=";",
    layouts=(
        Layout("2025-12", ("siret", *_READ)),
        Layout("2019-07", _READ, by_account=True),
        Layout(
            "2018",
            ("compte", "date", "stade", "action"),
            by_account=True,
            rename={"date": "date_de_traitement", "stade": "code_externe_stade", "action": "code_externe_action"},
        ),
    ),
    key_column="siret",
    natural_key=("siret", "numero_compte", "date_traitement", "stade"),
    clean=clean,
    known_on=known_on,
    account_date="date_traitement",
)
