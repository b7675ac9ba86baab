"""Short-time work, authorisations: one line for a request, as it stands in this delivery."""

from collections.abc import Callable
from functools import partial

import polars as pl

from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Check, Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_COLUMNS = (
    *("id_da", "etab_siret", "eff_ent", "eff_etab", "date_statut", "date_deb", "date_fin", "hta", "mta", "eff_auto"),
    *("motif_recours_se", "perimetre_ap", "s_heure_consom_tot", "s_eff_consom_tot", "s_montant_consom_tot"),
)
_DATES = {"date_statut": "date_statut", "date_deb": "periode_debut", "date_fin": "periode_fin"}
_STAFF = {
    "eff_ent": "effectif_entreprise",
    "eff_etab": "effectif",
    "eff_auto": "effectif_autorise",
    "s_eff_consom_tot": "effectif_consomme",
}
_AMOUNTS = {
    "hta": "hta",
    "mta": "mta",
    "s_heure_consom_tot": "heures_consommees",
    "s_montant_consom_tot": "montant_consomme",
}
_IN_EUROS = ("mta", "s_montant_consom_tot")  # may be written with a comma
_CODES = {"motif_recours_se": "motif_recours_se", "perimetre_ap": "perimetre"}
_NAMES = {**_DATES, **_STAFF, **_AMOUNTS, **_CODES}
_REASONS = (1, 7)


def since_2021(text: pl.Expr) -> pl.Expr:
    """Read AAAA-MM-JJ, with the midnight that the end of a request had between June and September 2025."""
    return dates.iso_date(text.str.strip_suffix(" 00:00:00"))


def clean(
    read_date: Callable[[pl.Expr], pl.Expr] = since_2021, form: str = "AAAA-MM-JJ", checks_reason: bool = True
) -> Rules:
    """Type the lines: hours, euros, staff (cut to whole numbers); an empty number is unknown.

    Args:
        read_date: How dates are written.
        form: The same, for people.
        checks_reason: Whether a reason other than 1 to 7 rejects the line, as it does since 2025.
    """
    siret, reason = pl.col("etab_siret"), pl.col("motif_recours_se")
    value = {name: pl.col(f"_{name}") for name in _NAMES}
    unknown_reason = pl.lit(checks_reason) & ~value["motif_recours_se"].is_between(*_REASONS)
    return Rules(
        columns={
            "siret": siret,
            "id_demande": filled(pl.col("id_da")),
            **{typed: value[name] for name, typed in _NAMES.items()},
        },
        checks=(
            Check(siret == "", "no_siret", "etab_siret", siret, "a SIRET"),
            *(unreadable(name, value[name], "bad_date", f"a date {form}", required=True) for name in _DATES),
            *(unreadable(name, value[name], "bad_number", "a number of employees") for name in _STAFF),
            *(unreadable(name, value[name], "bad_number", "a number") for name in _AMOUNTS),
            *(unreadable(name, value[name], "bad_integer", "an integer") for name in _CODES),
            Check(unknown_reason, "bad_code", "motif_recours_se", reason, "a reason from 1 to 7"),
        ),
        read={
            **{f"_{name}": read_date(pl.col(name)) for name in _DATES},
            **{f"_{name}": numbers.integer_from_float(pl.col(name)) for name in _STAFF},
            **{f"_{name}": numbers.number(pl.col(name), comma=name in _IN_EUROS) for name in _AMOUNTS},
            **{f"_{name}": numbers.integer(pl.col(name)) for name in _CODES},
        },
    )


def known_on() -> pl.Expr:
    """The date of the request's status."""
    return pl.col("date_statut")


SOURCE = Source(
    name="apdemande",
    description="short-time work: authorisations, DARES",
    file_pattern=r"demande_ap\.csv",
    delimiter=",",
    layouts=(
        Layout("2021-05", _COLUMNS, forbidden=("eff_ent_tr",)),
        Layout(
            "2019",
            (*_COLUMNS, "eff_ent_tr"),
            clean=partial(clean, read_date=dates.french_date, form="JJ/MM/AAAA", checks_reason=False),
        ),
    ),
    key_column="siret",
    natural_key=("siret", "id_demande", "date_statut"),
    clean=clean,
    known_on=known_on,
    lazy_quotes=True,
    money=("mta", "montant_consomme"),
)
