"""The worked examples of the former system, as small frames with the arithmetic visible."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from sf_spark.compat.cible import add_cible
from sf_spark.compat.cotisation_dette import add_cotisation_dette
from sf_spark.compat.delais import add_delais
from sf_spark.compat.effectif import add_effectif
from sf_spark.compat.proceedings import add_ccsf, add_procol
from sf_spark.compat.ratios import add_ratios
from sf_spark.compat.series import Series, in_both, monthly_spine, with_periode

ARRIVAL = "_batch string, _file string, _line long"
S = "01234567800011"


def series(debut: tuple[int, int], fin: tuple[int, int], effectif: tuple[int, int] = (2020, 1)) -> Series:
    return Series(date(*debut, 1), date(*fin, 1), date(*effectif, 1))


def staged(spark: SparkSession, columns: str, *rows: tuple[Any, ...]) -> DataFrame:
    placed = [(*row, "2001", "f", line) for line, row in enumerate(rows)]
    return spark.createDataFrame(placed, f"{columns}, {ARRIVAL}")


def spine(spark: SparkSession, months: Series) -> DataFrame:
    return monthly_spine(spark.createDataFrame([(S,)], "siret string"), "siret", months)


def values(rows: DataFrame, *names: str) -> list[Any]:
    found = with_periode(rows, "siret").orderBy("periode").select(*names).collect()
    return [tuple(row) if len(names) > 1 else row[0] for row in found]


@pytest.mark.parametrize(
    ("fin", "known", "expected"),
    [
        ((2020, 3), [24], [(24, 0), (24, 1)]),
        ((2020, 4), [24], [(24, 0), (None, 1), (None, 1)]),
        ((2020, 5), [24, 25], [(24, 0), (25, 0), (25, 1), (25, 1)]),
    ],
)
def test_headcount_takes_the_last_month_published(
    spark: SparkSession, fin: tuple[int, int], known: list[int], expected: list[tuple[int | None, int]]
) -> None:
    published = (2020, fin[1] - (3 if fin[1] == 5 else 2))  # offsets -2, -2 and -3
    months = series((2020, 1), fin, published)
    counts = [(S, date(2020, 1 + rank, 1), value) for rank, value in enumerate(known)]
    frame = staged(spark, "siret string, periode date, effectif int", *counts)
    rows = add_effectif(spine(spark, months), frame, "siret", "effectif", months)
    assert values(rows, "effectif", "effectif_reporte") == expected


def test_headcount_of_two_accounts_and_of_half_a_year_before(spark: SparkSession) -> None:
    months = series((2020, 1), (2020, 4), (2020, 2))  # offset -2: p - 6 - 2 + 1 is 7 months before
    counts = [(S, date(2019, 6, 1), 7), (S, date(2019, 7, 1), 0), (S, date(2020, 2, 1), 3), (S, date(2020, 2, 1), 4)]
    frame = staged(spark, "siret string, periode date, effectif int", *counts)
    rows = add_effectif(spine(spark, months), frame, "siret", "effectif", months)
    assert values(rows, "effectif", "effectif_past_6") == [(4, 7), (4, 0), (4, None)]


COTISATION = "siret string, periode_debut date, periode_fin date, du double"
DEBIT = (
    "siret string, numero_compte string, periode_debut date, periode_fin date, numero_ecart_negatif string, "
    "numero_historique int, date_traitement date, part_ouvriere double, part_patronale double"
)


def operation(number: int, day: date, ouvriere: float, patronale: float, gap: str = "1", account: str = "a") -> Any:
    return (S, account, date(2019, 1, 1), date(2019, 2, 1), gap, number, day, ouvriere, patronale)


def test_debts_follow_their_chains(spark: SparkSession) -> None:
    months = series((2020, 1), (2020, 7))
    operations = [
        operation(1, date(2020, 1, 10), 100.0, 50.0),
        operation(2, date(2020, 2, 20), 40.1, 20.0),  # in time for February
        operation(3, date(2020, 4, 21), 0.0, 0.0),  # counts from May
        operation(1, date(2020, 2, 21), 1.0, 0.0, account="b"),  # the other account of the SIRET: its own chain
        operation(2, date(2020, 3, 20), 2.0, 0.0, account="b"),  # same window as the one before, which never counts
        operation(1, date(2020, 5, 1), 500.0, 0.0, gap="2"),  # followed by an earlier date: never counts
        operation(2, date(2020, 4, 1), -5.0, 0.0, gap="2"),
    ]
    dues = staged(
        spark, COTISATION, (S, date(2020, 1, 1), date(2020, 4, 1), 90.0), (S, date(2020, 3, 1), date(2020, 4, 1), 5.0)
    )
    debts = staged(spark, DEBIT, *operations)
    rows = add_cotisation_dette(spine(spark, months), dues, debts, in_both(dues, debts), months)
    expected = [100.0, 40.1, 40.1 + 2, 40.1 + 2 - 5, 2.0 - 5, 2.0 - 5]
    assert values(rows, "montant_part_ouvriere") == pytest.approx(expected)
    assert values(rows, "montant_part_patronale") == [50.0, 20.0, 20.0, 20.0, 0.0, 0.0]
    assert values(rows, "montant_part_patronale_past_2") == [None, None, 50.0, 20.0, 20.0, 20.0]
    assert values(rows, "cotisation") == [30.0, 30.0, 30.0 + 5.0, None, None, None]
    assert values(rows, "interessante_urssaf") == [False] * 6


def test_debts_need_both_sources(spark: SparkSession) -> None:
    months = series((2020, 1), (2020, 3))
    dues = staged(spark, COTISATION, (S, date(2020, 1, 1), date(2020, 2, 1), 90.0))
    debts = staged(spark, DEBIT)
    rows = add_cotisation_dette(spine(spark, months), dues, debts, in_both(dues, debts), months)
    assert values(rows, "cotisation", "montant_part_ouvriere", "interessante_urssaf") == [(None, None, True)] * 2


def with_debts(spark: SparkSession, debts: list[float], dues: list[float | None]) -> DataFrame:
    rows = [(S, 24240 + rank, due, debt, 0.0) for rank, (debt, due) in enumerate(zip(debts, dues, strict=True))]
    columns = "siret string, mois int, cotisation double, montant_part_ouvriere double, montant_part_patronale double"
    return spark.createDataFrame(rows, columns)


def test_default_counts_past_months_without_a_ratio(spark: SparkSession) -> None:
    #        12th month on: 2  2  0  2      then 0.5 starts again, 2 2 2
    debts = [0.0] * 11 + [20.0, 20.0, 0.0, 20.0, 5.0, 20.0, 20.0, 20.0]
    rows = add_ratios(with_debts(spark, debts, [10.0] * 19))
    assert values(rows, "ratio_dette") == [None] * 11 + [2.0, 2.0, 0.0, 2.0, 0.5, 2.0, 2.0, 2.0]
    assert values(rows, "tag_default") == [None] * 14 + [True, None, None, None, True]
    assert values(rows, "tag_debit") == [None] * 11 + [True, True, None, True, True, True, True, True]


def test_ratios_of_twelve_whole_months(spark: SparkSession) -> None:
    dues = [None, *[10.0] * 11, 20.0, 0.0]
    rows = add_ratios(with_debts(spark, [5.0] * 14, dues))
    assert values(rows, "cotisation_moy12m")[11:] == [None, 130 / 12, 120 / 12]
    assert values(rows, "ratio_dette_moy12m")[11:] == [None, pytest.approx((11 * 0.5 + 0.25) / 12), None]


def test_the_worked_plan(spark: SparkSession) -> None:
    months = [(S, 12 * 2014 + rank, 600.0, 0.0) for rank in range(4)]
    rows = spark.createDataFrame(
        months, "siret string, mois int, montant_part_ouvriere double, montant_part_patronale double"
    )
    columns = "siret string, date_creation date, date_echeance date, duree_delai int, montant_echeancier double"
    plans = staged(
        spark,
        columns,
        (S, date(2014, 1, 3), date(2014, 4, 5), 0, 7.0),
        (S, date(2014, 3, 1), date(2014, 3, 9), 8, 9.0),  # made and due in one month: nothing
        (S, date(2014, 1, 3), date(2014, 4, 5), 92, 1000.0),
    )
    found = add_delais(rows, plans)
    assert values(found, "delai_nb_jours_restants") == [94, 63, 35, None]
    expected = [(600 - 1000 * left / 92) / 1000 for left in (94, 63, 35)]
    assert values(found, "delai_deviation_remboursement") == [*map(pytest.approx, expected), None]


def test_ccsf_is_strictly_before_the_month(spark: SparkSession) -> None:
    months = series((2021, 1), (2021, 4))
    days = [date(2021, month, 15) for month in (1, 2, 3)]
    ccsf = staged(spark, "siret string, date_traitement date", *((S, day) for day in days))
    assert values(add_ccsf(spine(spark, months), ccsf, months), "date_ccsf") == [None, days[0], days[1]]


def test_a_failure_is_never_forgotten(spark: SparkSession) -> None:
    months = series((2020, 1), (2020, 6))
    columns = "siret string, date_effet date, action_procol string, stade_procol string"
    events = staged(
        spark,
        columns,
        (S, date(2020, 4, 1), "sauvegarde", "fin_procedure"),
        (S, date(2020, 2, 29), "sauvegarde", "ouverture"),
        (S, date(2020, 5, 2), "autre", "ouverture"),
    )
    rows = add_procol(spine(spark, months), events, months)
    states = ["in_bonis", "plan_sauvegarde", "plan_sauvegarde", "in_bonis", "in_bonis"]
    assert values(rows, "etat_proc_collective") == states
    assert values(rows, "tag_failure") == [None, True, True, True, True]


def test_distances_to_the_nearest_event(spark: SparkSession) -> None:
    rows = [(S, month, None, month == 20 or None) for month in range(42)]
    frame = spark.createDataFrame(rows, "siret string, mois int, tag_failure boolean, tag_default boolean")
    found = add_cible(frame).orderBy("mois")
    got = {row["mois"]: (row["outcome"], row["time_til_outcome"], row["time_til_default"]) for row in found.collect()}
    assert got[1] == (False, 19, 19)
    assert got[2] == (True, 18, 18)
    assert got[20] == (True, 0, 0)
    assert got[38] == (True, -18, None)
    assert got[39] == (False, -19, None)
