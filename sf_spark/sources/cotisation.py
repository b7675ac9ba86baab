"""Contributions due to URSSAF: one line for an establishment, an account and a period."""

import polars as pl

from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules, unprintable, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_READ = ("compte", "periode", "enc_direct", "cotis_due")


def clean() -> Rules:
    """Type the lines: amounts in euros (comma or dot), period [periode_debut, periode_fin); an empty amount is null."""
    first, after, odd = (pl.col("_periode").struct.field(name) for name in ("debut", "fin", "atypique"))
    encaisse, du = pl.col("_enc_direct"), pl.col("_cotis_due")
    return Rules(
        columns={
            "siret": pl.col("siret"),
            "numero_compte": filled(pl.col("compte")),
            "periode_debut": first,
            "periode_fin": after,
            "est_periode_atypique": odd,
            "encaisse": encaisse,
            "du": du,
        },
        checks=(
            unprintable("compte"),
            unreadable("periode", first, "bad_period", "a period YYQM or YYYYQM", required=True),
            unreadable("enc_direct", encaisse, "bad_number", "a number"),
            unreadable("cotis_due", du, "bad_number", "a number"),
        ),
        read={
            "_periode": dates.urssaf_period(pl.col("periode")),
            "_enc_direct": numbers.number(pl.col("enc_direct"), comma=True),
            "_cotis_due": numbers.number(pl.col("cotis_due"), comma=True),
        },
    )


def known_on() -> pl.Expr:
    """The 20th of the month after the period ends: when the contribution is due and declared."""
    return pl.col("periode_fin") + pl.duration(days=19)


SOURCE = Source(
    name="cotisation",
    description="contributions due, URSSAF",
    file_pattern=r"sigfaible_cotisdues\.csv",
    delimiter=";",
    lazy_quotes=True,
    layouts=(
        Layout("2025-12", ("siret", *_READ)),
        Layout("2018", (*_READ, "periode_debit"), by_account=True),
        Layout("2019-07", _READ, by_account=True),
    ),
    account_date="periode_debut",
    key_column="siret",
    natural_key=("siret", "numero_compte", "periode_debut", "periode_fin"),
    clean=clean,
    known_on=known_on,
    money=("encaisse", "du"),
)
