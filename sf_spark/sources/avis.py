"""Opinions on detections: one line for the opinion of an agent on a company of a list."""

import polars as pl

from sf_spark.landing import dates
from sf_spark.landing.rules import Check, Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_ANSWERS = ("oui", "non")


def clean() -> Rules:
    """Type the lines. A negative opinion names at least one reason; several are separated by ``|``."""
    day, useful, reasons = pl.col("_date"), pl.col("utile"), pl.col("motifs")
    texts = ("liste", "service")
    return Rules(
        columns={
            "siren": pl.col("siren"),
            "liste": filled(pl.col("liste")),
            "date": day,
            "service": filled(pl.col("service")),
            "agent": filled(pl.col("agent")),
            "utile": useful == "oui",
            "motifs": filled(reasons),
            "commentaire": filled(pl.col("commentaire")),
        },
        checks=(
            *(Check(pl.col(name) == "", "empty", name, pl.col(name), f"the name of a {name}") for name in texts),
            unreadable("date", day, "bad_date", "a date AAAA-MM-JJ", required=True),
            Check(~useful.is_in(_ANSWERS), "bad_code", "utile", useful, "oui or non"),
            Check((useful == "non") & (reasons == ""), "empty", "motifs", reasons, "a reason, as the answer is non"),
        ),
        read={"_date": dates.iso_date(pl.col("date"))},
    )


def known_on() -> pl.Expr:
    """The day of the opinion."""
    return pl.col("date")


SOURCE = Source(
    name="avis",
    description="opinions of agents on detections",
    file_pattern=r"avis_.*\.csv",
    delimiter=";",
    layouts=(
        Layout(
            "open",
            ("siren", "liste", "date", "service", "utile"),
            ("agent", "motifs", "commentaire"),
            byte_order_mark=True,
        ),
    ),
    key_column="siren",
    natural_key=("siren", "liste", "service", "agent"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
