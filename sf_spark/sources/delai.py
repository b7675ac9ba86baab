"""Payment deferrals that URSSAF granted on debts: one line for a deferral."""

from collections.abc import Callable
from functools import partial

import polars as pl

from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules, unprintable, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_READ = (
    *("numero_compte_externe", "numero_structure", "date_creation", "date_echeance", "duree_delai"),
    *("denomination_premiere_ligne", "indic_6m", "annee_creation", "montant_global_echeancier"),
    *("code_externe_stade", "code_externe_action"),
)
# Until July 2019 the twelve columns went by position, the litigation file twice.
_BY_POSITION = (*_READ[:9], "numero_structure_bis", *_READ[9:])
_DATES = ("date_creation", "date_echeance")


def clean(read_date: Callable[[pl.Expr], pl.Expr] = dates.french_date, form: str = "JJ/MM/AAAA") -> Rules:
    """Type the lines: amount in euros (comma or dot), days; a duration that cannot be read is unknown, not an error."""
    days = {name: pl.col(f"_{name}") for name in _DATES}
    year, amount = pl.col("_annee_creation"), pl.col("_montant_global_echeancier")
    return Rules(
        columns={
            "siret": pl.col("siret"),
            "numero_compte": filled(pl.col("numero_compte_externe")),
            "numero_contentieux": filled(pl.col("numero_structure")),
            **days,
            "duree_delai": numbers.integer(pl.col("duree_delai")),
            "denomination": filled(pl.col("denomination_premiere_ligne")),
            "indic_6m": filled(pl.col("indic_6m")),
            "annee_creation": year,
            "montant_echeancier": amount,
            "stade": filled(pl.col("code_externe_stade")),
            "action": filled(pl.col("code_externe_action")),
        },
        checks=(
            unprintable("numero_compte_externe"),
            unprintable("numero_structure"),
            *(unreadable(name, day, "bad_date", f"a date {form}", required=True) for name, day in days.items()),
            unreadable("annee_creation", year, "bad_integer", "a year"),
            unreadable("montant_global_echeancier", amount, "bad_number", "a number"),
        ),
        read={
            **{f"_{name}": read_date(pl.col(name)) for name in _DATES},
            "_annee_creation": numbers.integer(pl.col("annee_creation")),
            "_montant_global_echeancier": numbers.number(pl.col("montant_global_echeancier"), comma=True),
        },
    )


def known_on() -> pl.Expr:
    """The creation of the deferral."""
    return pl.col("date_creation")


SOURCE = Source(
    name="delai",
    description="payment deferrals, URSSAF",
    file_pattern=r"sigfaible_delais\.csv",
    delimiter=";",
    layouts=(
        Layout("2025-12", ("siret", *_READ)),
        Layout(
            "2018",
            positional=_BY_POSITION,
            forbidden=("urssaf_gestion", "dep"),
            by_account=True,
            clean=partial(clean, read_date=dates.iso_date, form="AAAA-MM-JJ"),
        ),
        Layout("2019-07", _READ, by_account=True),
    ),
    key_column="siret",
    natural_key=("siret", "numero_compte", "numero_contentieux", "date_creation"),
    clean=clean,
    known_on=known_on,
    account_date="date_creation",
    money=("montant_echeancier",),
)
