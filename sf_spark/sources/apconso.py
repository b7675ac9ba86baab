"""Short-time work, consumption: one line for a request and a month."""

from collections.abc import Callable
from functools import partial

import polars as pl

from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_COLUMNS = ("id_da", "etab_siret", "heures", "montants", "effectifs", "mois")
_DELAY_MONTHS = 1


def clean(read_month: Callable[[pl.Expr], pl.Expr] = dates.iso_date, form: str = "a date AAAA-MM-JJ") -> Rules:
    """Type the lines: hours, euros, staff. ``periode`` is the day as delivered, which is not always the 1st."""
    month, hours, amount, staff = (pl.col(name) for name in ("_mois", "_heures", "_montants", "_effectifs"))
    return Rules(
        columns={
            "siret": pl.col("etab_siret"),
            "id_conso": filled(pl.col("id_da")),
            "heure_consomme": hours,
            "montant": amount,
            "effectif": staff,
            "periode": month,
        },
        checks=(
            unreadable("mois", month, "bad_date", form, required=True),
            unreadable("heures", hours, "bad_number", "a number"),
            unreadable("montants", amount, "bad_number", "a number"),
            unreadable("effectifs", staff, "bad_number", "a number of employees"),
        ),
        read={
            "_mois": read_month(pl.col("mois")),
            "_heures": numbers.number(pl.col("heures")),
            "_montants": numbers.number(pl.col("montants")),
            "_effectifs": numbers.integer_from_float(pl.col("effectifs")),
        },
    )


def known_on() -> pl.Expr:
    """One month after the month consumed: consumptions lag by about one."""
    return dates.month_later(pl.col("periode"), _DELAY_MONTHS)


SOURCE = Source(
    name="apconso",
    description="short-time work: consumption by month, DARES",
    file_pattern=r"consommation_ap\.csv",
    delimiter=",",
    layouts=(
        Layout("2021-05", _COLUMNS, forbidden=("date_payement_mois",)),
        Layout(
            "2019",
            (*_COLUMNS, "date_payement_mois"),
            clean=partial(clean, read_month=dates.french_month, form="a month MM/AAAA"),
        ),
    ),
    key_column="siret",
    natural_key=("siret", "id_conso", "periode"),
    clean=clean,
    known_on=known_on,
    money=("montant",),
)
