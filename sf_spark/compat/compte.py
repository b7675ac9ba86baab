"""The URSSAF account of an establishment, month by month, from the file of accounts."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.series import Series, each_month
from sf_spark.domain.calendar import index_of, month_index


def add_compte(rows: DataFrame, comptes: DataFrame, series: Series) -> DataFrame:
    """Add compte_urssaf to ``siret, mois``: of several accounts in a month, the last in order of delivery, then number.

    On the first of each month an account belongs to the first of its establishments, by closing day, that closes later.
    """
    closed = _first_month_not_before(F.col("date_fermeture"))
    establishments = Window.partitionBy("numero_compte").orderBy("date_fermeture", "siret")
    since = F.coalesce(F.lag(closed).over(establishments), F.lit(index_of(series.debut)))
    owned = comptes.select("numero_compte", "siret", "_batch", since.alias("_since"), closed.alias("_closed"))
    months = each_month(
        F.greatest("_since", F.lit(index_of(series.debut))), F.least("_closed", F.lit(index_of(series.fin)))
    )
    monthly = owned.select("siret", months.alias("mois"), "_batch", "numero_compte")
    last = monthly.groupBy("siret", "mois").agg(F.max(F.struct("_batch", "numero_compte")).alias("_last"))
    joined = rows.join(last, on=["siret", "mois"], how="left")
    return joined.select(*rows.columns, F.col("_last.numero_compte").alias("compte_urssaf"))


def _first_month_not_before(day: Column) -> Column:
    """Index of the first month that begins on a day or later."""
    return month_index(day) + F.when(F.dayofmonth(day) > 1, 1).otherwise(0)
