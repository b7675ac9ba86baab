"""Months and cut-offs, at the boundaries of a month."""

from datetime import date

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.domain import calendar

KNOWN = {
    date(2024, 3, 20): date(2024, 3, 1),
    date(2024, 3, 21): date(2024, 4, 1),
    date(2024, 2, 29): date(2024, 3, 1),
    date(2024, 12, 20): date(2024, 12, 1),
    date(2024, 12, 21): date(2025, 1, 1),
    date(2024, 1, 1): date(2024, 1, 1),
}


@pytest.fixture(scope="module")
def months(spark: SparkSession) -> dict[date | None, tuple[object, ...]]:
    """Known month, known month with a cut-off on the 15th, month and back, cut-off: by date."""
    day = F.col("day")
    columns = [
        calendar.month_start(calendar.known_month(day, 20)),
        calendar.known_month(day, 15),
        calendar.month_index(day),
        calendar.month_start(calendar.month_index(day)),
        calendar.cutoff_of(day, 20),
    ]
    frame = spark.createDataFrame([(known,) for known in [*KNOWN, None]], "day date")
    return {row[0]: tuple(row)[1:] for row in frame.select(day, *columns).collect()}


@pytest.mark.parametrize(("day", "month"), KNOWN.items())
def test_a_fact_counts_from_the_first_cut_off_on_or_after_it(months: dict, day: date, month: date) -> None:
    assert months[day][0] == month
    assert calendar.start_of(calendar.known_index(day, 20)) == month


def test_the_cut_off_day_is_a_parameter(months: dict) -> None:
    expected = {day: 12 * day.year + day.month - 1 + (day.day > 15) for day in KNOWN}
    assert {day: months[day][1] for day in KNOWN} == expected
    assert {day: calendar.known_index(day, 15) for day in KNOWN} == expected


def test_a_month_is_its_index_and_the_index_its_first_day(months: dict) -> None:
    for day in KNOWN:
        assert months[day][2] == calendar.index_of(day) == 12 * day.year + day.month - 1
        assert months[day][3] == calendar.start_of(calendar.index_of(day)) == day.replace(day=1)
        assert months[day][4] == day.replace(day=20)


def test_an_unknown_day_has_no_month(months: dict) -> None:
    assert months[None] == (None, None, None, None, None)


def test_a_batch_is_known_at_the_cut_off_of_its_month_and_so_is_its_correction() -> None:
    assert calendar.batch_date("2403") == calendar.batch_date("2403_01") == date(2024, 3, 20)
    assert calendar.known_index(calendar.batch_date("2412"), 20) == calendar.index_of(date(2024, 12, 1))
