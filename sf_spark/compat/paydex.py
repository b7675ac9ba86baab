"""Days late towards suppliers: each observation in its own month, and 3, 6 and 12 months later."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.series import ARRIVAL, last_to_arrive
from sf_spark.domain.calendar import month_index

PAST = (3, 6, 12)


def add_paydex(rows: DataFrame, paydex: DataFrame) -> DataFrame:
    """Add paydex_nb_jours and ``_past_3/6/12`` (days) to ``siren, mois``; null in a month without an observation.

    Of several observations in a month the last to arrive counts; those without a number of days are ignored. The rows
    start before the series, by the longest lag.
    """
    observed = paydex.where(F.col("nb_jours").isNotNull()).select(
        "siren", month_index(F.col("date_valeur")).alias("mois"), *ARRIVAL, F.col("nb_jours").alias("paydex_nb_jours")
    )
    joined = rows.join(last_to_arrive(observed, "siren", "mois"), on=["siren", "mois"], how="left")
    by_month = Window.partitionBy("siren").orderBy("mois")  # no gaps: one row back is one month back
    lags = [F.lag("paydex_nb_jours", back).over(by_month).alias(f"paydex_nb_jours_past_{back}") for back in PAST]
    return joined.select(*rows.columns, "paydex_nb_jours", *lags)
