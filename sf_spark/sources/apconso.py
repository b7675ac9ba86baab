"""Short-time work, consumption: one line for a request and a month."""

from collections.abc import Callable
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_COLUMNS = ("id_da", "etab_siret", "heures", "montants", "effectifs", "mois")
_DELAY_MONTHS = 1


def clean(
    df: DataFrame, read_month: Callable[[Column], Column] = calendar.iso_date, form: str = "a date AAAA-MM-JJ"
) -> DataFrame:
    """Type the lines: hours, euros, staff. ``periode`` is the day as delivered, which is not always the 1st."""
    month = read_month(F.col("mois"))
    numbers = {column: arithmetic.number(F.col(column)) for column in ("heures", "montants")}
    staff = arithmetic.integer_from_float(F.col("effectifs"))
    return df.select(
        "_line",
        "_raw",
        F.col("etab_siret").alias("siret"),
        filled(F.col("id_da")).alias("id_conso"),
        numbers["heures"].alias("heure_consomme"),
        numbers["montants"].alias("montant"),
        staff.alias("effectif"),
        month.alias("periode"),
        problems(
            unreadable(F.col("mois"), month, "bad_date", "mois", form, required=True),
            *(unreadable(F.col(name), value, "bad_number", name, "a number") for name, value in numbers.items()),
            unreadable(F.col("effectifs"), staff, "bad_number", "effectifs", "a number of employees"),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """One month after the month consumed: consumptions lag by about one."""
    return F.add_months(F.trunc(F.col("periode"), "month"), _DELAY_MONTHS)


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
            clean=partial(clean, read_month=calendar.french_month, form="a month MM/AAAA"),
        ),
    ),
    key_column="siret",
    natural_key=("siret", "id_conso", "periode"),
    clean=clean,
    known_on=known_on,
    money=("montant",),
)
