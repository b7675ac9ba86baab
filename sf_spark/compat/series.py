"""The months of the former system, and helpers for its blocks."""

from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of, month_start, start_of

ARRIVAL = ("_batch", "_file", "_line")  # where the former system says "the last one wins"
_FIRST_CREATION = date(1901, 1, 1)  # the register writes 1900-01-01 for an unknown day


@dataclass(frozen=True)
class Series:
    """The months ``debut <= periode < fin``, and the last month whose headcount is published."""

    debut: date
    fin: date
    fin_effectif: date

    @property
    def offset_effectif(self) -> int:
        """Months from ``fin`` to the last published headcount; normally negative."""
        return index_of(self.fin_effectif) - index_of(self.fin)

    def starting_earlier(self, months: int) -> "Series":
        """The same series with earlier months, for values of the past."""
        return replace(self, debut=start_of(index_of(self.debut) - months))


def in_force(staged: DataFrame) -> DataFrame:
    """The rows that no later delivery has withdrawn."""
    return staged.where(F.col("superseded_on").isNull())


def in_both(one: DataFrame, other: DataFrame) -> DataFrame:
    """``siret`` of the establishments ever named by two sources, withdrawn rows included.

    In the former system, a source whose rows for an establishment are all withdrawn still counts as a source without
    amounts.
    """
    return one.select("siret").intersect(other.select("siret"))


def last_to_arrive(rows: DataFrame, *key: str) -> DataFrame:
    """The last row to arrive for each key, as a whole: its unknown values hide those of earlier rows."""
    values = [name for name in rows.columns if name not in (*key, *ARRIVAL)]
    last = rows.groupBy(*key).agg(F.max(F.struct(*ARRIVAL, *values)).alias("_last"))
    return last.select(*key, *(F.col(f"_last.{name}") for name in values))


def age_in(mois: Column, creation: Column) -> Column:
    """Year of the month minus year of creation; null for a creation before 1901, or none."""
    return F.when(creation >= _FIRST_CREATION, F.floor(mois / 12).cast("int") - F.year(creation))


def monthly_spine(entities: DataFrame, key: str, series: Series) -> DataFrame:
    """``key, mois`` (month index): every month of the series, without a gap, for every entity."""
    months = F.sequence(F.lit(index_of(series.debut)), F.lit(index_of(series.fin) - 1))
    return entities.select(key).distinct().select(key, F.explode(months).alias("mois"))


def each_month(first: Column, after_last: Column) -> Column:
    """One row for each month index of [first, after_last); none when the interval is empty or has a null end."""
    return F.explode(
        F.when(first < after_last, F.sequence(first, after_last - 1)).otherwise(F.array().cast("array<int>"))
    )


def with_periode(rows: DataFrame, key: str) -> DataFrame:
    """Replace the month index by ``periode``, the first day of the month."""
    others = [name for name in rows.columns if name not in (key, "mois")]
    return rows.select(key, month_start(F.col("mois")).alias("periode"), *others)
