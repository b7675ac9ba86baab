"""Open company ratios (INPI and BCE): one line for a company, a closing day and a type of account."""

import polars as pl

from sf_spark.domain.ratios import AMOUNTS, RATIOS
from sf_spark.domain.timing import BILANS_DELAY_MONTHS
from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled


def clean() -> Rules:
    """Type the lines: amounts in euros, ratios in percent or days; an empty cell is unknown."""
    closing = pl.col("_date_cloture_exercice")
    values = {name: pl.col(f"_{name}") for name in (*AMOUNTS, *RATIOS)}
    return Rules(
        columns={
            "siren": pl.col("siren"),
            "date_cloture_exercice": closing,
            "type_bilan": filled(pl.col("type_bilan")),
            "confidentialite": filled(pl.col("confidentiality")),
            **values,
        },
        checks=(
            unreadable("date_cloture_exercice", closing, "bad_date", "a date AAAA-MM-JJ", required=True),
            *(unreadable(name, value, "bad_number", "a number") for name, value in values.items()),
        ),
        read={
            "_date_cloture_exercice": dates.iso_date(pl.col("date_cloture_exercice")),
            **{f"_{name}": numbers.number(pl.col(name)) for name in values},
        },
    )


def known_on() -> pl.Expr:
    """Seven months after the closing day."""
    return dates.months_later(pl.col("date_cloture_exercice"), BILANS_DELAY_MONTHS)


SOURCE = Source(
    name="ratios",
    description="open company ratios, INPI and BCE",
    file_pattern=r"ratios_inpi_bce\.csv",
    delimiter=";",
    layouts=(
        Layout(
            "open",
            ("siren", "date_cloture_exercice", *AMOUNTS, *RATIOS, "type_bilan"),
            optional=("confidentiality",),
            byte_order_mark=True,
        ),
    ),
    key_column="siren",
    natural_key=("siren", "date_cloture_exercice", "type_bilan"),
    clean=clean,
    known_on=known_on,
)
