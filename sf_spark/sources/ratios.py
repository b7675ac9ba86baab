"""Open company ratios (INPI and BCE): one line for a company, a closing day and a type of account."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources import bilans
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

AMOUNTS = ("chiffre_d_affaires", "marge_brute", "ebe", "ebit", "resultat_net")
RATIOS = (
    *("taux_d_endettement", "ratio_de_liquidite", "ratio_de_vetuste", "autonomie_financiere"),
    *(
        "poids_bfr_exploitation_sur_ca",
        "couverture_des_interets",
        "caf_sur_ca",
        "capacite_de_remboursement",
        "marge_ebe",
    ),
    *("resultat_courant_avant_impots_sur_ca", "poids_bfr_exploitation_sur_ca_jours", "rotation_des_stocks_jours"),
    *("credit_clients_jours", "credit_fournisseurs_jours"),
)


def clean(df: DataFrame) -> DataFrame:
    """Type the lines: amounts in euros, ratios in percent or days; an empty cell is unknown."""
    closing = calendar.iso_date(F.col("date_cloture_exercice"))
    numbers = {column: arithmetic.number(F.col(column)) for column in (*AMOUNTS, *RATIOS)}
    return df.select(
        "_line",
        "_raw",
        F.col("siren"),
        closing.alias("date_cloture_exercice"),
        filled(F.col("type_bilan")).alias("type_bilan"),
        filled(F.col("confidentiality")).alias("confidentialite"),
        *(value.alias(name) for name, value in numbers.items()),
        problems(
            unreadable(
                F.col("date_cloture_exercice"),
                closing,
                "bad_date",
                "date_cloture_exercice",
                "a date AAAA-MM-JJ",
                required=True,
            ),
            *(unreadable(F.col(name), value, "bad_number", name, "a number") for name, value in numbers.items()),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """Seven months after the closing day."""
    return bilans.published(F.col("date_cloture_exercice"))


SOURCE = Source(
    name="ratios",
    description="open company ratios, INPI and BCE",
    file_pattern=r"ratios_inpi_bce\.csv",
    delimiter=";",
    layouts=(
        Layout(
            "open",
            ("siren", "date_cloture_exercice", *AMOUNTS, *RATIOS, "type_bilan"),
            optional=("confidentiality",),
            byte_order_mark=True,
        ),
    ),
    key_column="siren",
    natural_key=("siren", "date_cloture_exercice", "type_bilan"),
    clean=clean,
    known_on=known_on,
)
