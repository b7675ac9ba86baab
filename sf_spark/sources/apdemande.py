"""Short-time work, authorisations: one line for a request, as it stands in this delivery."""

from collections.abc import Callable
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problem, problems, unreadable
from sf_spark.sources.source import Layout, Source

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
_REASONS = (1, 7)


def since_2021(text: Column) -> Column:
    """Read AAAA-MM-JJ, with the midnight that the end of a request had between June and September 2025."""
    return calendar.iso_date(F.regexp_replace(text, r" 00:00:00\z", ""))


def clean(
    df: DataFrame,
    read_date: Callable[[Column], Column] = since_2021,
    form: str = "AAAA-MM-JJ",
    checks_reason: bool = True,
) -> DataFrame:
    """Type the lines: hours, euros, staff (cut to whole numbers); an empty number is unknown.

    Args:
        df: Text columns.
        read_date: How dates are written.
        form: The same, for people.
        checks_reason: Whether a reason other than 1 to 7 rejects the line, as it does since 2025.
    """
    readers: dict[str, tuple[str, Column, str, str]] = {
        **{column: (name, read_date(F.col(column)), "bad_date", f"a date {form}") for column, name in _DATES.items()},
        **{
            column: (name, arithmetic.integer_from_float(F.col(column)), "bad_number", "a number of employees")
            for column, name in _STAFF.items()
        },
        **{
            column: (name, arithmetic.number(F.col(column), comma=column in _IN_EUROS), "bad_number", "a number")
            for column, name in _AMOUNTS.items()
        },
        **{
            column: (name, arithmetic.integer(F.col(column)), "bad_integer", "an integer")
            for column, name in _CODES.items()
        },
    }
    reason = readers["motif_recours_se"][1]
    unknown_reason = F.lit(checks_reason) & ~reason.between(*_REASONS)
    return df.select(
        "_line",
        "_raw",
        F.col("etab_siret").alias("siret"),
        filled(F.col("id_da")).alias("id_demande"),
        *(value.alias(name) for name, value, _, _ in readers.values()),
        problems(
            problem(F.col("etab_siret") == "", "no_siret", "etab_siret", F.col("etab_siret"), "a SIRET"),
            *(
                unreadable(F.col(column), value, code, column, expected, required=column in _DATES)
                for column, (_, value, code, expected) in readers.items()
            ),
            problem(unknown_reason, "bad_code", "motif_recours_se", F.col("motif_recours_se"), "a reason from 1 to 7"),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The date of the request's status."""
    return F.col("date_statut")


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
            clean=partial(clean, read_date=calendar.french_date, form="JJ/MM/AAAA", checks_reason=False),
        ),
    ),
    key_column="siret",
    natural_key=("siret", "id_demande", "date_statut"),
    clean=clean,
    known_on=known_on,
    lazy_quotes=True,
    money=("mta", "montant_consomme"),
)
