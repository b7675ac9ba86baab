"""The targets: does a company that is not in proceedings enter one within the horizon? Pure and lazy.

opening in 2024-07, last known month 2025-06, horizon 12

periode    mois_avant_defaillance   cible_12m
2023-06    13                       false
2023-07    12                       true      (2024-07 is the 12th month)
2024-06    1                        true
2024-07    null                     null      already in proceedings; horizon not elapsed
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_index


def build_labels(
    months: DataFrame, openings: DataFrame, proceedings: DataFrame, horizons: Sequence[int], last_month: int
) -> DataFrame:
    """Label every month of every company.

    Args:
        months: ``siren, periode``: the rows to label.
        openings: ``siren, mois``: see :func:`sf_spark.labels.events.openings`.
        proceedings: ``siren, mois, fin, procedure``, by date of effect.
        horizons: In months.
        last_month: Index of the last month whose events are known.

    Returns:
        ``siren, periode, en_procedure, cible_<h>m, mois_avant_defaillance``. A target is null until its horizon has
        fully elapsed, even where an opening is already known: otherwise recent months would hold failures only.
    """
    marked = months.select("siren", "periode", month_index(F.col("periode")).alias("mois")).unionByName(
        openings.select("siren", "mois", F.col("mois").alias("ouverture")), allowMissingColumns=True
    )
    later = Window.partitionBy("siren").orderBy("mois").rangeBetween(1, Window.unboundedFollowing)
    rows = marked.withColumn("prochaine", F.min("ouverture").over(later)).where(F.col("periode").isNotNull())
    before = F.col("prochaine") - F.col("mois")
    return _in_proceedings(rows, proceedings).select(
        "siren",
        "periode",
        "en_procedure",
        *(_target(before, horizon, last_month).alias(f"cible_{horizon}m") for horizon in horizons),
        before.cast("int").alias("mois_avant_defaillance"),
    )


def _target(before: Column, horizon: int, last_month: int) -> Column:
    elapsed = F.col("mois") + horizon <= last_month
    return F.when(elapsed, F.coalesce(before <= horizon, F.lit(False)))


def _in_proceedings(rows: DataFrame, proceedings: DataFrame) -> DataFrame:
    spells = proceedings.where(F.col("procedure").isNotNull()).select(
        F.col("siren").alias("_siren"), F.col("mois").alias("_debut"), F.col("fin").alias("_fin")
    )
    inside = (
        (F.col("siren") == F.col("_siren"))
        & (F.col("mois") >= F.col("_debut"))
        & (F.col("_fin").isNull() | (F.col("mois") < F.col("_fin")))
    )
    return rows.join(spells, on=inside, how="left").withColumn("en_procedure", F.col("_siren").isNotNull())
