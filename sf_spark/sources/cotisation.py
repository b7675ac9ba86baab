"""Contributions due to URSSAF: one line for an establishment, an account and a period."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_READ = ("compte", "periode", "enc_direct", "cotis_due")


def clean(df: DataFrame) -> DataFrame:
    """Type the lines: amounts in euros (comma or dot), period [periode_debut, periode_fin); an empty amount is null."""
    df = df.withColumns(
        {
            "_period": calendar.urssaf_period(F.col("periode")),
            "_encaisse": arithmetic.number(F.col("enc_direct"), comma=True),
            "_du": arithmetic.number(F.col("cotis_due"), comma=True),
        }
    )
    period, encaisse, du = F.col("_period"), F.col("_encaisse"), F.col("_du")
    return df.select(
        "_line",
        "_raw",
        F.col("siret"),
        filled(F.col("compte")).alias("numero_compte"),
        calendar.month_start(period["debut"]).alias("periode_debut"),
        calendar.month_start(period["debut"] + period["mois"]).alias("periode_fin"),
        calendar.is_odd_period(F.col("periode")).alias("est_periode_atypique"),
        encaisse.alias("encaisse"),
        du.alias("du"),
        problems(
            unreadable(F.col("periode"), period, "bad_period", "periode", "a period YYQM or YYYYQM", required=True),
            unreadable(F.col("enc_direct"), encaisse, "bad_number", "enc_direct", "a number"),
            unreadable(F.col("cotis_due"), du, "bad_number", "cotis_due", "a number"),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The 20th of the month after the period ends: when the contribution is due and declared."""
    return F.date_add(F.col("periode_fin"), 19)


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
