"""Payment behaviour towards suppliers (Altares): one line for a company and a day of observation.

Three layouts: the simple one made for the platform, the partner's stock, and the partner's increments.
"""

from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import LATIN9, Layout, Source

_DELAY_MONTHS = 1
# Days late by code: 180 less 3 a point down to 050, then this table from 051 to 079; from 080 on, nobody is paid late.
_FROM_51 = (
    29,
    29,
    28,
    27,
    26,
    26,
    25,
    24,
    23,
    22,
    22,
    21,
    20,
    19,
    19,
    19,
    18,
    17,
    16,
    15,
    14,
    12,
    11,
    9,
    8,
    6,
    5,
    3,
    1,
)
_LAST_CODE = 90
_STOCK = ("siren", "code_paydex", "nbr_jrs_retard", "nbr_fournisseurs", "encours_etudies", "date_valeur")
_ALERTS = ("note100_alerteur_plus_30", "note100_alerteur_plus_90_jours")
_INCREMENT = (
    *("reference_client", "siren", "siret_delivre", "raison_sociale_1", "raison_sociale_2", "enseigne", "sigle"),
    *("complement_adresse", "adresse", "distribution_speciale", "code_postal_bureau", "pays", "code_postal", "ville"),
    *("qualite_etablissement", "code_type_etablissement", "libelle_type_etablissement", "etat_activite_etablissement"),
    *("etat_activite_entreprise", "etat_procedure_collective", "diffusible", "code_paydex", "retard_moyen"),
    *("nbr_fournisseurs", "encours_etudies", "encours_echus", *_ALERTS, "code_mouvement", "libelle_mouvement"),
    "date_valeur",
)


def days_late(code: Column) -> Column:
    """Days late that a paydex code of three digits stands for; null for an empty or unknown code."""
    points = F.when(code.rlike(r"^\d{3}\z"), code.try_cast("int"))
    table = F.array(*(F.lit(days) for days in _FROM_51))
    return (
        F.when(points <= 50, 180 - 3 * points)
        .when(points < 80, F.get(table, points - 51))
        .when(points <= _LAST_CODE, F.lit(0))
    )


def clean(df: DataFrame) -> DataFrame:
    """Type the lines of the simple layout: a number of days is required."""
    days = arithmetic.integer(F.col("nb_jours"))
    return _typed(df, days, calendar.french_date(F.col("date_valeur")), "JJ/MM/AAAA", ("nb_jours", days, True))


def clean_coded(df: DataFrame, days_column: str, french: bool) -> DataFrame:
    """Type the lines of the partner's own layouts: days are told by a code, or by a number where there is no code."""
    told = arithmetic.integer_from_float(F.col(days_column))
    value = (calendar.french_date if french else calendar.iso_date)(F.col("date_valeur"))
    form = "JJ/MM/AAAA" if french else "AAAA-MM-JJ"
    days = (
        F.coalesce(told, days_late(F.col("code_paydex")))
        if french
        else F.coalesce(days_late(F.col("code_paydex")), told)
    )
    return _typed(df, days, value, form, (days_column, told, False))


def _typed(df: DataFrame, days: Column, value: Column, form: str, checked: tuple[str, Column, bool]) -> DataFrame:
    numbers = {
        "nbr_fournisseurs": "nb_fournisseurs",
        "encours_etudies": "encours_etudies",
        _ALERTS[0]: "fpi_30",
        _ALERTS[1]: "fpi_90",
    }
    read = {column: arithmetic.number(F.col(column), comma=True) for column in numbers}
    column, told, required = checked
    return df.select(
        "_line",
        "_raw",
        F.col("siren"),
        value.alias("date_valeur"),
        days.alias("nb_jours"),
        *(read[column].alias(name) for column, name in numbers.items()),
        problems(
            unreadable(F.col("date_valeur"), value, "bad_date", "date_valeur", f"a date {form}", required=True),
            unreadable(F.col(column), told, "bad_integer", column, "a number of days", required=required),
            *(unreadable(F.col(name), number, "bad_number", name, "a number") for name, number in read.items()),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """One month after the day of observation."""
    return F.add_months(F.col("date_valeur"), _DELAY_MONTHS)


SOURCE = Source(
    name="paydex",
    description="payment behaviour towards suppliers, Altares",
    file_pattern=r"(?i).*paydex.*\.csv",
    delimiter=";",
    layouts=(
        Layout("simple", ("siren", "nb_jours", "date_valeur")),
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
            clean=partial(clean_coded, days_column="retard_moyen", french=False),
        ),
    ),
    key_column="siren",
    natural_key=("siren", "date_valeur"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
