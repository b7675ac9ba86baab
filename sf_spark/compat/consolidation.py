"""Totals over the establishments of a company, on the row of each."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.activite_partielle import HAS_ACTIVITE_PARTIELLE
from sf_spark.compat.cotisation_dette import PARTS, debt
from sf_spark.domain.money import cents, euros

_MOST_ESTABLISHMENTS = 1500  # a company with more gets no row at all


def add_consolidation(rows: DataFrame) -> DataFrame:
    """Add effectif_, apart_ (hours) and debit_entreprise (EUR), null without a term, and nbr_etablissements_connus.

    apart_entreprise is set only on rows with short-time work of their own. Rows of companies with more than 1500
    establishments are left out.
    """
    company = Window.partitionBy("siren", "mois")
    indebted = (F.col(PARTS[0]) != 0) | (F.col(PARTS[1]) != 0)
    summed = rows.select(
        *(name for name in rows.columns if name != HAS_ACTIVITE_PARTIELLE),
        F.sum(F.nullif("effectif", F.lit(0))).over(company).alias("effectif_entreprise"),
        F.when(F.col(HAS_ACTIVITE_PARTIELLE), F.sum("apart_heures_consommees").over(company)).alias("apart_entreprise"),
        euros(F.sum(F.when(indebted, cents(debt()))).over(company)).alias("debit_entreprise"),
        F.count("*").over(company).cast("int").alias("nbr_etablissements_connus"),
    )
    return summed.where(F.col("nbr_etablissements_connus") <= _MOST_ESTABLISHMENTS)
