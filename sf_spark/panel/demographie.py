"""Openings and closures of a company's establishments, each in the month from which it was known. Pure and lazy.

The register gives the creation and, of a closed establishment, the day it closed; its history adds the closures and
reopenings in between. The same event told by both, or by several deliveries, counts once.

    register: created 2020-01-15, closed 2024-02-10, told in 2024-03     2020-01: one opening; 2024-03: one closure
    history: closed 2022-05-02, reopened 2023-01-09 (first delivery)     2022-05: one closure; 2023-01: one opening
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, known_month


def etablissement_events(sirene: DataFrame, sirene_histo: DataFrame, cutoff_day: int = CUTOFF_DAY) -> DataFrame:
    """Openings and closures.

    An event that was withdrawn before its month came never counts; one that is withdrawn later has counted.

    Returns:
        ``siret, siren, mois, nb_ouvertures, nb_fermetures`` (0 or 1 each).
    """
    active = F.col("est_actif")
    told = _events(sirene, F.col("date_creation"), F.lit(True), cutoff_day)
    told = told.unionByName(_events(sirene.where(~active), F.col("date_debut"), F.lit(False), cutoff_day))
    changed = sirene_histo.where(F.col("changement_statut_actif"))
    told = told.unionByName(_events(changed, F.col("date_debut"), active, cutoff_day))
    return (
        told.where(F.col("moment").isNotNull() & (F.col("fin").isNull() | (F.col("mois") < F.col("fin"))))
        .groupBy("siren", "siret", "moment", "ouverture")
        .agg(F.min("mois").alias("mois"))
        .select(
            "siret",
            "siren",
            "mois",
            F.col("ouverture").cast("long").alias("nb_ouvertures"),
            (~F.col("ouverture")).cast("long").alias("nb_fermetures"),
        )
    )


def _events(register: DataFrame, day: Column, opened: Column, cutoff_day: int) -> DataFrame:
    moment = known_month(day, cutoff_day)
    return register.select(
        "siret",
        "siren",
        moment.alias("moment"),
        opened.alias("ouverture"),
        F.greatest(moment, known_month(F.col("known_on"), cutoff_day)).alias("mois"),
        known_month(F.col("superseded_on"), cutoff_day).alias("fin"),
    )
