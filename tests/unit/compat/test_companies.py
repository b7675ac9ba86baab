"""Payment behaviour and ratios of the Banque de France, month by month, as in the former system."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from sf_spark.compat.bdf import add_bdf
from sf_spark.compat.paydex import add_paydex
from sf_spark.compat.random_order import add_random_order
from sf_spark.domain.calendar import index_of
from sf_spark.domain.ratios import RATIOS_BDF

SIREN = "012345678"
PLACE = "_batch string, _file string, _line long"


def months(spark: SparkSession, first: date, last: date) -> DataFrame:
    every = range(index_of(first), index_of(last) + 1)
    return spark.createDataFrame([(SIREN, month) for month in every], "siren string, mois int")


def by_month(rows: DataFrame, *names: str) -> list[Any]:
    return [tuple(row) for row in rows.orderBy("mois").select(*names).collect()]


def test_days_late_stay_in_their_month_and_come_back_as_past_values(spark: SparkSession) -> None:
    observed = [
        (SIREN, date(2020, 1, 15), 7, "2001", "f", 2),
        (SIREN, date(2020, 1, 20), 9, "2001", "f", 3),  # the last to arrive
        (SIREN, date(2020, 2, 10), None, "2002", "f", 2),  # none
    ]
    paydex = spark.createDataFrame(observed, f"siren string, date_valeur date, nb_jours int, {PLACE}")
    rows = add_paydex(months(spark, date(2020, 1, 1), date(2020, 7, 1)), paydex)
    assert by_month(rows, "paydex_nb_jours", "paydex_nb_jours_past_3", "paydex_nb_jours_past_6") == [
        (9, None, None),
        (None, None, None),
        (None, None, None),
        (None, 9, None),
        (None, None, None),
        (None, None, None),
        (None, None, 9),
    ]


def test_a_balance_sheet_is_used_for_thirteen_months_from_the_eighth_after_its_closing(spark: SparkSession) -> None:
    first = RATIOS_BDF[0]
    closed = [(SIREN, date(2019, 12, 31), 2020, *([1.5] * len(RATIOS_BDF)), "2001", "f", 2)]
    names = ", ".join(f"{name} double" for name in RATIOS_BDF)
    bdf = spark.createDataFrame(closed, f"siren string, arrete_bilan_bdf date, annee_bdf int, {names}, {PLACE}")
    rows = add_bdf(months(spark, date(2020, 7, 1), date(2022, 9, 1)), bdf)
    found = by_month(rows, "mois", first, "exercice_bdf", f"{first}_past_1")
    start = index_of(date(2019, 12, 1)) + 1 + 7
    used = [month for month, value, _, _ in found if value == 1.5]
    assert used == [*range(start, start + 13)]
    assert {exercice for month, _, exercice, _ in found if month in used} == {2020 - 1}
    assert {exercice for month, _, exercice, _ in found if month not in used} == {0}
    assert [month for month, _, _, past in found if past == 1.5] == [month + 12 for month in used]


def test_the_number_for_sampling_is_the_same_whenever_it_is_drawn(spark: SparkSession) -> None:
    keys = spark.createDataFrame(
        [(f"{SIREN}{rank:05d}", 24240 + rank % 7) for rank in range(500)], "siret string, mois int"
    )
    drawn = {(row["siret"], row["mois"]): row["random_order"] for row in add_random_order(keys).collect()}
    again = {
        (row["siret"], row["mois"]): row["random_order"] for row in add_random_order(keys.repartition(3)).collect()
    }
    assert drawn == again
    assert all(0 <= number < 1 for number in drawn.values()) and len({*drawn.values()}) == 500
    assert abs(sum(drawn.values()) / 500 - 1 / 2) < 4 * (1 / 12) ** 0.5 / 500**0.5  # four standard errors of a mean
