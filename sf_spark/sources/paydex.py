"""Payment behaviour towards suppliers (Altares): one line for a company and a day of observation.

Four layouts: the simple one made for the platform, the partner's stock (two), and the partner's increments.
"""

from collections.abc import Callable
from functools import partial

import polars as pl

from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules, unreadable
from sf_spark.landing.source import LATIN9, Layout, Source

_DELAY_MONTHS = 1
# Days late by code: 180 less 3 for each point up to 050, then this table from 051 to 079, then none up to 090.
_FROM_51 = (
    *(29, 29, 28, 27, 26, 26, 25, 24, 23, 22, 22, 21, 20, 19, 19, 19, 18, 17, 16, 15),
    *(14, 12, 11, 9, 8, 6, 5, 3, 1),
)
_DAYS_LATE = (*(180 - 3 * points for points in range(51)), *_FROM_51, *(0 for _ in range(80, 91)))
_OF_CODE = {f"{points:03d}": days for points, days in enumerate(_DAYS_LATE)}
_STOCK = ("siren", "code_paydex", "nbr_jrs_retard", "nbr_fournisseurs", "encours_etudies", "date_valeur")
_ALERTS = ("note100_alerteur_plus_30", "note100_alerteur_plus_90_jours")
_2023_11 = {
    "encours_étudiés": "encours_etudies",
    "note_100_alerteur_plus_30": _ALERTS[0],
    "note_100_alerteur_plus_90_jours": _ALERTS[1],
}
_NUMBERS = {
    "nbr_fournisseurs": "nb_fournisseurs",
    "encours_etudies": "encours_etudies",
    _ALERTS[0]: "fpi_30",
    _ALERTS[1]: "fpi_90",
}
_INCREMENT = (
    *("reference_client", "siren", "siret_delivre", "raison_sociale_1", "raison_sociale_2", "enseigne", "sigle"),
    *("complement_adresse", "adresse", "distribution_speciale", "code_postal_bureau", "pays", "code_postal", "ville"),
    *("qualite_etablissement", "code_type_etablissement", "libelle_type_etablissement", "etat_activite_etablissement"),
    *("etat_activite_entreprise", "etat_procedure_collective", "diffusible", "code_paydex", "retard_moyen"),
    *("nbr_fournisseurs", "encours_etudies", "encours_echus", *_ALERTS, "code_mouvement", "libelle_mouvement"),
    "date_valeur",
)


def days_late(code: pl.Expr) -> pl.Expr:
    """Days late of a paydex code of three digits; null for an empty or unknown code."""
    return code.replace_strict(_OF_CODE, default=None, return_dtype=pl.Int32)


def clean() -> Rules:
    """Type the lines of the simple layout: a number of days is required."""
    counted = numbers.integer(pl.col("nb_jours"))
    return _rules("nb_jours", counted, pl.col("_jours"), dates.french_date, "JJ/MM/AAAA", required=True)


def clean_coded(days_column: str, french: bool, code_first: bool = False) -> Rules:
    """Type the lines of the partner's own layouts: days come as a number, as a code, or not at all.

    Args:
        days_column: Holds the number.
        french: Whether dates are written JJ/MM/AAAA.
        code_first: Whether the code counts where both are given.
    """
    counted, coded = pl.col("_jours"), days_late(pl.col("code_paydex"))
    days = pl.coalesce(coded, counted) if code_first else pl.coalesce(counted, coded)
    read_date, form = (dates.french_date, "JJ/MM/AAAA") if french else (dates.iso_date, "AAAA-MM-JJ")
    return _rules(days_column, numbers.integer_from_float(pl.col(days_column)), days, read_date, form, required=False)


def _rules(
    days_column: str,
    counted: pl.Expr,
    days: pl.Expr,
    read_date: Callable[[pl.Expr], pl.Expr],
    form: str,
    required: bool,
) -> Rules:
    """Rules of a layout: its column of days (``_jours``), the resulting days late, and the format of dates."""
    day = pl.col("_date_valeur")
    values = {name: pl.col(f"_{name}") for name in _NUMBERS}
    return Rules(
        columns={
            "siren": pl.col("siren"),
            "date_valeur": day,
            "nb_jours": days,
            **{_NUMBERS[name]: value for name, value in values.items()},
        },
        checks=(
            unreadable("date_valeur", day, "bad_date", f"a date {form}", required=True),
            unreadable(days_column, pl.col("_jours"), "bad_integer", "a number of days", required=required),
            *(unreadable(name, value, "bad_number", "a number") for name, value in values.items()),
        ),
        read={
            "_date_valeur": read_date(pl.col("date_valeur")),
            "_jours": counted,
            **{f"_{name}": numbers.number(pl.col(name), comma=True) for name in values},
        },
    )


def known_on() -> pl.Expr:
    """One month after the day of observation."""
    return dates.months_later(pl.col("date_valeur"), _DELAY_MONTHS)


SOURCE = Source(
    name="paydex",
    description="payment behaviour towards suppliers, Altares",
    file_pattern=r"(?i).*paydex.*\.csv",
    delimiter=";",
    layouts=(
        Layout("simple", ("siren", "nb_jours", "date_valeur")),
        Layout(
            "2023-11",
            ("siren", "code_paydex", "nbr_jrs_retard", "nbr_fournisseurs", *_2023_11, "date_valeur"),
            rename=_2023_11,
            byte_order_mark=True,
            clean=partial(clean_coded, days_column="nbr_jrs_retard", french=False),
        ),
        Layout(
            "stock",
            (*_STOCK, *_ALERTS),
            byte_order_mark=True,
            clean=partial(clean_coded, days_column="nbr_jrs_retard", french=True),
        ),
        Layout(
            "increment",
            positional=_INCREMENT,
            forbidden=("nb_jours", "code_paydex"),
            encoding=LATIN9,
            trailer=r"^Fin du fichier : total \d+ ligne",
            clean=partial(clean_coded, days_column="retard_moyen", french=False, code_first=True),
        ),
    ),
    key_column="siren",
    natural_key=("siren", "date_valeur"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
