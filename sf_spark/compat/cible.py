"""The target: months to the nearest failure or default, ahead, or else in the past."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

_HORIZON = 18


def add_cible(rows: DataFrame) -> DataFrame:
    """Add outcome, time_til_outcome, time_til_default and time_til_failure (months; null without an event)."""
    failure, default = (F.coalesce(name, F.lit(False)) for name in ("tag_failure", "tag_default"))
    past = Window.partitionBy("siret").orderBy("mois").rowsBetween(Window.unboundedPreceding, 0)
    since = F.col("mois") - F.max(F.when(failure | default, F.col("mois"))).over(past)
    until = _until(failure | default)
    return rows.select(
        "*",
        F.coalesce(until <= _HORIZON, since <= _HORIZON, F.lit(False)).alias("outcome"),
        F.coalesce(until, F.when(since != 0, -since)).alias("time_til_outcome"),
        _until(default).alias("time_til_default"),
        _until(failure).alias("time_til_failure"),
    )


def _until(event: Column) -> Column:
    coming = Window.partitionBy("siret").orderBy("mois").rowsBetween(0, Window.unboundedFollowing)
    return F.min(F.when(event, F.col("mois"))).over(coming) - F.col("mois")
