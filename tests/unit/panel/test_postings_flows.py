"""Contributions: where each cent of a period goes, before and after a correction."""

from collections import Counter
from datetime import date

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of
from sf_spark.panel.postings import cotisation_postings

Q1 = (date(2024, 1, 1), date(2024, 4, 1))
JANUARY = (date(2024, 1, 1), date(2024, 2, 1))
YEAR = (date(2023, 1, 1), date(2024, 1, 1))


def d(month: int, day: int = 20) -> date:
    return date(2024, month, day)


# period, amount due, known on, superseded on
CASES: dict[str, list[tuple]] = {
    "quarter": [(*Q1, 100.0, d(4), None)],
    "quarter known a day late": [(*Q1, 100.0, d(4, 21), None)],
    "corrected": [(*Q1, 100.0, d(4), d(8)), (*Q1, 70.0, d(8), None)],
    "corrected upwards by a cent": [(*Q1, 100.0, d(4), d(8)), (*Q1, 100.01, d(8), None)],
    "withdrawn while it is spread": [(*Q1, 90.0, d(4), d(5))],
    "withdrawn in its own window": [(*Q1, 90.0, d(4), d(4))],
    "year": [(*YEAR, 1200.05, d(1), None)],
    "month": [(*JANUARY, -12.34, d(2), None)],
    "two accounts": [(*JANUARY, 10.0, d(2), None), (*JANUARY, 20.0, d(2), None)],
    "unknown": [(*Q1, None, d(4), None)],
    "unknown, then known": [(*JANUARY, None, d(2), d(5)), (*JANUARY, 50.0, d(5), None)],
    "zero": [(*JANUARY, 0.0, d(2), None)],
}


@pytest.fixture(scope="module")
def cents(spark: SparkSession) -> dict[str, dict[int, int]]:
    """Cents by case and month of 2024 (13 is January 2025)."""
    rows = [(name, "siren", *row) for name, some in CASES.items() for row in some]
    schema = "siret string, siren string, periode_debut date, periode_fin date, du double, known_on date"
    frame = spark.createDataFrame(rows, schema + ", superseded_on date")
    december = index_of(date(2023, 12, 1))
    found: dict[str, dict[int, int]] = {name: Counter() for name in CASES}
    for row in cotisation_postings(frame, cutoff_day=20).collect():
        assert row["siren"] == "siren"
        found[row["siret"]][row["mois"] - december] += row["cotisation_cents"]
    return {name: dict(by_month) for name, by_month in found.items()}


def test_a_quarter_is_spread_over_the_three_months_from_the_one_it_is_known_in(cents: dict) -> None:
    assert cents["quarter"] == {4: 3333, 5: 3333, 6: 3334}
    assert sum(cents["quarter"].values()) == 100_00


def test_what_is_known_on_the_21st_counts_from_the_next_month(cents: dict) -> None:
    assert cents["quarter known a day late"] == {5: 3333, 6: 3333, 7: 3334}


def test_a_correction_posts_the_difference_the_same_way(cents: dict) -> None:
    # before  2024-04, 05, 06: 33.33, 33.33, 33.34
    # after   2024-08, 09, 10: -10.00, -10.00, -10.00 on top
    assert cents["corrected"] == {4: 3333, 5: 3333, 6: 3334, 8: -1000, 9: -1000, 10: -1000}
    assert sum(cents["corrected"].values()) == 70_00
    assert sum(cents["corrected upwards by a cent"].values()) == 100_01


def test_a_withdrawal_takes_back_exactly_what_was_posted(cents: dict) -> None:
    assert cents["withdrawn while it is spread"] == {4: 3000, 5: 3000 - 3000, 6: 3000 - 3000, 7: -3000}
    assert cents["withdrawn in its own window"] == {4: 0, 5: 0, 6: 0}


def test_a_year_is_spread_over_twelve_months_to_the_cent(cents: dict) -> None:
    assert cents["year"] == {month: 120_005 * month // 12 - 120_005 * (month - 1) // 12 for month in range(1, 13)}
    assert sum(cents["year"].values()) == 1200_05


def test_a_month_falls_in_one_month_and_accounts_are_added(cents: dict) -> None:
    assert cents["month"] == {2: -1234}
    assert cents["two accounts"] == {2: 1000 + 2000}


def test_an_unknown_amount_posts_nothing_and_zero_is_an_amount(cents: dict) -> None:
    assert cents["unknown"] == {}
    assert cents["unknown, then known"] == {5: 5000}
    assert cents["zero"] == {2: 0}
