"""Debt over contributions, and payment default by a counter, which months without a ratio do not change."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.cotisation_dette import debt

_WINDOW, _DEFAULT_RATIO, _DEFAULT_MONTHS, _DEBIT_RATIO = 12, 1, 3, 0.01


def add_ratios(rows: DataFrame) -> DataFrame:
    """Add cotisation_moy12m, ratio_dette, ratio_dette_moy12m, tag_debit and tag_default (true or null)."""
    year = Window.partitionBy("siret").orderBy("mois").rowsBetween(1 - _WINDOW, 0)
    cotisation, owed = F.col("cotisation"), F.coalesce(debt(), F.lit(0.0))
    mean = F.when(F.count(cotisation).over(year) == _WINDOW, F.avg(cotisation).over(year))
    without_zero = F.min(F.abs(cotisation)).over(year) > 0
    mean_ratio = F.avg(F.try_divide(owed, cotisation)).over(year)
    known = rows.select("*", mean.alias("cotisation_moy12m"))
    positive = F.col("cotisation_moy12m") > 0
    with_ratios = known.select(
        "*",
        F.when(positive, owed / F.col("cotisation_moy12m")).alias("ratio_dette"),
        F.when(positive & without_zero, mean_ratio).alias("ratio_dette_moy12m"),
    )
    tagged = with_ratios.select("*", F.when(F.col("ratio_dette") > _DEBIT_RATIO, True).alias("tag_debit"))
    return _add_default(tagged)


def _add_default(rows: DataFrame) -> DataFrame:
    """A ratio above 1 increments the counter, any other non-zero ratio resets it; 0 or null does not change it."""
    ratio = F.col("ratio_dette")
    so_far = Window.partitionBy("siret").orderBy("mois").rowsBetween(Window.unboundedPreceding, 0)
    within = Window.partitionBy("siret", "_spell").orderBy("mois").rowsBetween(Window.unboundedPreceding, 0)
    spells = rows.select("*", F.count_if((ratio != 0) & (ratio <= _DEFAULT_RATIO)).over(so_far).alias("_spell"))
    counted = F.count_if(ratio > _DEFAULT_RATIO).over(within)
    is_default = (ratio > _DEFAULT_RATIO) & (counted >= _DEFAULT_MONTHS)
    return spells.select("*", F.when(is_default, True).alias("tag_default")).drop("_spell")
