"""Payment deferrals that URSSAF granted on debts: one line for a deferral."""

from collections.abc import Callable
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_READ = (
    *("numero_compte_externe", "numero_structure", "date_creation", "date_echeance", "duree_delai"),
    *("denomination_premiere_ligne", "indic_6m", "annee_creation", "montant_global_echeancier"),
    *("code_externe_stade", "code_externe_action"),
)
# Until July 2019 the twelve columns went by position, the litigation file twice.
_BY_POSITION = (*_READ[:9], "numero_structure_bis", *_READ[9:])


def clean(
    df: DataFrame, read_date: Callable[[Column], Column] = calendar.french_date, form: str = "JJ/MM/AAAA"
) -> DataFrame:
    """Type the lines: amount in euros (comma or dot), days; a duration that cannot be read is unknown, not an error."""
    dates = {column: read_date(F.col(column)) for column in ("date_creation", "date_echeance")}
    year = arithmetic.integer(F.col("annee_creation"))
    amount = arithmetic.number(F.col("montant_global_echeancier"), comma=True)
    return df.select(
        "_line",
        "_raw",
        F.col("siret"),
        filled(F.col("numero_compte_externe")).alias("numero_compte"),
        filled(F.col("numero_structure")).alias("numero_contentieux"),
        *(value.alias(name) for name, value in dates.items()),
        arithmetic.integer(F.col("duree_delai")).alias("duree_delai"),
        filled(F.col("denomination_premiere_ligne")).alias("denomination"),
        filled(F.col("indic_6m")).alias("indic_6m"),
        year.alias("annee_creation"),
        amount.alias("montant_echeancier"),
        filled(F.col("code_externe_stade")).alias("stade"),
        filled(F.col("code_externe_action")).alias("action"),
        problems(
            *(
                unreadable(F.col(name), value, "bad_date", name, f"a date {form}", required=True)
                for name, value in dates.items()
            ),
            unreadable(F.col("annee_creation"), year, "bad_integer", "annee_creation", "a year"),
            unreadable(
                F.col("montant_global_echeancier"), amount, "bad_number", "montant_global_echeancier", "a number"
            ),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The creation of the deferral."""
    return F.col("date_creation")


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
            clean=partial(clean, read_date=calendar.iso_date, form="AAAA-MM-JJ"),
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
