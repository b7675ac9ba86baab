"""Open judgments in collective proceedings (BODACC): one line for a judgment on a company."""

import polars as pl

from sf_spark.landing import dates
from sf_spark.landing.rules import Check, Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_ACTION = "((?i-u:liquidation|redressement|sauvegarde))"  # -u: without Unicode folding, where ſ matches s


def clean() -> Rules:
    """Type the lines; ``action_procol`` is the proceeding that the judgment names, null when it names none."""
    judged, nature = pl.col("_date_jugement"), pl.col("nature")
    return Rules(
        columns={
            "siren": pl.col("siren"),
            "date_jugement": judged,
            "nature": filled(nature),
            "action_procol": nature.str.extract(_ACTION).str.to_lowercase(),
        },
        checks=(
            unreadable("date_jugement", judged, "bad_date", "a date AAAA-MM-JJ", required=True),
            Check(nature == "", "empty", "nature", nature, "the nature of a judgment"),
        ),
        read={"_date_jugement": dates.iso_date(pl.col("date_jugement"))},
    )


def known_on() -> pl.Expr:
    """The day of the judgment."""
    return pl.col("date_jugement")


SOURCE = Source(
    name="procedures",
    description="judgments in collective proceedings, BODACC",
    file_pattern=r"bodacc_procedures\.csv",
    delimiter=";",
    layouts=(Layout("open", ("siren", "date_jugement", "nature"), byte_order_mark=True),),
    key_column="siren",
    natural_key=("siren", "date_jugement", "nature"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
