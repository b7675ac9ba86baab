"""Ratios of the Banque de France: a balance sheet is used for 13 months, and overlaps its successor in the last."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.compat.bilans import months_of_use, past_years
from sf_spark.compat.series import ARRIVAL, last_to_arrive
from sf_spark.domain.ratios import RATIOS_BDF

_MONTHS = 13


def add_bdf(rows: DataFrame, bdf: DataFrame) -> DataFrame:
    """Add arrete_bilan_bdf, annee_bdf, exercice_bdf, and the six ratios (%; days) with their values of past years.

    Of several balance sheets in a month the last to arrive counts, even its unknown ratios; without any, exercice_bdf
    is 0.
    """
    months = months_of_use(F.col("arrete_bilan_bdf"), _MONTHS)
    used = bdf.select("siren", months.alias("mois"), *ARRIVAL, "arrete_bilan_bdf", "annee_bdf", *RATIOS_BDF)
    joined = rows.join(last_to_arrive(used, "siren", "mois"), on=["siren", "mois"], how="left")
    return joined.select(
        *rows.columns,
        "arrete_bilan_bdf",
        "annee_bdf",
        F.coalesce(F.col("annee_bdf") - 1, F.lit(0)).alias("exercice_bdf"),
        *RATIOS_BDF,
        *past_years((name, name) for name in RATIOS_BDF),
    )
