"""Ratios of the Banque de France: one line for a company and a balance sheet."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources import bilans
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

RATIOS = {
    "poids_frng": "poids_frng",
    "tx_marge": "taux_marge",
    "delai_frs": "delai_fournisseur",
    "poids_dfisc_soc": "dette_fiscale",
    "poids_fin_ct": "financier_court_terme",
    "poids_frais_fin": "frais_financier",
}


def clean(df: DataFrame) -> DataFrame:
    """Type the lines: ratios in percent (days for suppliers), unknown where empty; the SIREN loses its blanks."""
    closing = calendar.bilan_date(F.col("arrete_bilan"))
    year = arithmetic.integer(F.col("annee"))
    ratios = {column: arithmetic.number(F.col(column)) for column in RATIOS}
    return df.select(
        "_line",
        "_raw",
        F.replace(F.col("d1"), F.lit(" "), F.lit("")).alias("siren"),
        year.alias("annee_bdf"),
        closing.alias("arrete_bilan_bdf"),
        filled(F.col("denom")).alias("raison_sociale"),
        filled(F.col("secteur")).alias("secteur"),
        *(value.alias(RATIOS[column]) for column, value in ratios.items()),
        problems(
            unreadable(F.col("annee"), year, "bad_integer", "annee", "a year"),
            unreadable(F.col("arrete_bilan"), closing, "bad_date", "arrete_bilan", "a date JJMMMAAAA", required=True),
            *(unreadable(F.col(name), value, "bad_number", name, "a number") for name, value in ratios.items()),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """Seven months after the closing day."""
    return bilans.published(F.col("arrete_bilan_bdf"))


SOURCE = Source(
    name="bdf",
    description="company ratios, Banque de France",
    file_pattern=r"(?i).*bdf.*\.csv",
    delimiter=";",
    layouts=(Layout("2019-11", ("d1", "annee", "arrete_bilan", "denom", "secteur", *RATIOS)),),
    key_column="siren",
    natural_key=("siren", "arrete_bilan_bdf"),
    clean=clean,
    known_on=known_on,
    lazy_quotes=True,
    delivery="increment",
)
