"""Headcount: gaps and zeros take the value of the last published month, which may be null."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.compat.series import ARRIVAL, Series
from sf_spark.domain.calendar import index_of, month_index

PAST = (6, 12, 18, 24)


def add_effectif(rows: DataFrame, effectif: DataFrame, key: str, name: str, series: Series) -> DataFrame:
    """Add ``name``, ``name_reporte`` (1 where carried forward) and ``name_past_6/12/18/24`` to ``key, mois``."""
    counted = effectif.where(F.col("effectif").isNotNull()).withColumn("mois", month_index(F.col("periode")))
    by_month = counted.groupBy(key, "mois").agg(F.max_by("effectif", F.struct(*ARRIVAL)).alias("_value"))
    reference = by_month.where(F.col("mois") == index_of(series.fin_effectif)).select(
        key, F.col("_value").alias("_last")
    )
    joined = rows.join(by_month, on=[key, "mois"], how="left").join(reference, on=key, how="left")
    for back in PAST:  # four small joins: a lag may reach months before the series, which have no rows
        shifted = by_month.select(
            key,
            (F.col("mois") + back - series.offset_effectif - 1).alias("mois"),
            F.col("_value").alias(f"{name}_past_{back}"),
        )
        joined = joined.join(shifted, on=[key, "mois"], how="left")
    published = F.nullif(F.col("_value"), F.lit(0))
    return joined.select(
        *rows.columns,
        F.coalesce(published, "_last").alias(name),
        published.isNull().cast("int").alias(f"{name}_reporte"),
        *(f"{name}_past_{back}" for back in PAST),
    )
