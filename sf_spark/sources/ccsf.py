"""Plans before the commission of financial services (CCSF): one line for a stage of a file."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_READ = ("compte", "date_de_traitement", "code_externe_stade", "code_externe_action")


def clean(df: DataFrame) -> DataFrame:
    """Type the lines; stage and action are kept as delivered."""
    treated = calendar.aammjj_date(F.col("date_de_traitement"))
    return df.select(
        "_line",
        "_raw",
        F.col("siret"),
        filled(F.col("compte")).alias("numero_compte"),
        treated.alias("date_traitement"),
        filled(F.col("code_externe_stade")).alias("stade"),
        filled(F.col("code_externe_action")).alias("action"),
        problems(
            unreadable(
                F.col("date_de_traitement"),
                treated,
                "bad_date",
                "date_de_traitement",
                "a date (A)AAMMJJ",
                required=True,
            ),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The day the commission dealt with the file."""
    return F.col("date_traitement")


SOURCE = Source(
    name="ccsf",
    description="plans before the commission of financial services, URSSAF",
    file_pattern=r"sigfaible_ccsf\.csv",
    delimiter=";",
    layouts=(
        Layout("2025-12", ("siret", *_READ)),
        Layout("2019-07", _READ, by_account=True),
        Layout(
            "2018",
            ("compte", "date", "stade", "action"),
            by_account=True,
            rename={"date": "date_de_traitement", "stade": "code_externe_stade", "action": "code_externe_action"},
        ),
    ),
    key_column="siret",
    natural_key=("siret", "numero_compte", "date_traitement", "stade"),
    clean=clean,
    known_on=known_on,
    account_date="date_traitement",
)
