"""Windows over calendar months: missing months, unknown values and the edges of windows."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from tests.oracles import windows_in_sql as windows

# Month: value. Other months have no row; months 11 and 12 are November and December of year 0.
HISTORIES: dict[str, dict[int, float | None]] = {
    "unknown value": {1: 0.0, 2: 10.0, 3: 20.0, 4: None, 5: 40.0},
    "missing month": {1: 0.0, 2: 10.0, 3: 20.0, 5: 40.0},
    "across the year": {11: 1.0, 12: 2.0, 13: 4.0},
    "single month": {7: 5.0},
    "in debt": {1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0},
    "in debt with a hole": {1: 1.0, 2: 1.0, 4: 1.0, 5: 1.0},
    "negative": {1: -4.0, 2: 2.0, 3: 0.0, 4: 3.0},
}


def value() -> Column:
    return F.col("value")


def positive() -> Column:
    return (value() > 0).cast("int")


RULES: dict[str, Callable[[], Column]] = {
    "max3m": lambda: windows.over("siren", "max", value(), 3),
    "mean2m": lambda: windows.over("siren", "mean", value(), 2),
    "lag1m": lambda: windows.lag("siren", value(), 1),
    "lag2m": lambda: windows.lag("siren", value(), 2),
    "first3m": lambda: windows.known("siren", "first", value(), 3),
    "last3m": lambda: windows.known("siren", "last", value(), 3),
    "since3m": lambda: windows.months_since("siren", positive(), 3),
    "streak3m": lambda: windows.streak("siren", positive(), 3),
    "silent3m": lambda: windows.streak("siren", value().isNull().cast("int"), 3),
}
Found = dict[str, dict[str, list[Any]]]


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Found:
    """Each rule's values in order of the months, by history."""
    rows = [(name, month, value) for name, history in HISTORIES.items() for month, value in history.items()]
    frame = spark.createDataFrame(rows[::-1], f"siren string, {windows.MONTH} int, value double")
    computed = frame.select("*", *(rule().alias(name) for name, rule in RULES.items()))
    read: Found = {name: {rule: [] for rule in RULES} for name in HISTORIES}
    for row in computed.orderBy(windows.MONTH).collect():
        for rule in RULES:
            read[row["siren"]][rule].append(row[rule])
    return read


def test_an_unknown_month_makes_the_windows_over_it_unknown(found: Found) -> None:
    # month                                 01    02    03    04    05
    assert found["unknown value"]["max3m"] == [None, None, 20.0, None, None]
    assert found["unknown value"]["lag1m"] == [None, 0.0, 10.0, 20.0, None]
    assert found["unknown value"]["mean2m"] == [None, 10 / 2, 30 / 2, None, None]
    assert found["unknown value"]["first3m"] == [0.0, 0.0, 0.0, 10.0, 20.0]
    assert found["unknown value"]["last3m"] == [0.0, 10.0, 20.0, 20.0, 40.0]


def test_a_month_without_a_row_is_an_unknown_month(found: Found) -> None:
    with_row = found["unknown value"]
    for rule in ("max3m", "mean2m", "lag1m", "lag2m", "first3m", "last3m", "since3m", "streak3m"):
        assert found["missing month"][rule] == with_row[rule][:3] + with_row[rule][4:], rule


def test_months_follow_one_another_across_the_year(found: Found) -> None:
    assert found["across the year"]["max3m"] == [None, None, 4.0]
    assert found["across the year"]["lag2m"] == [None, None, 1.0]


def test_a_single_month_has_no_history(found: Found) -> None:
    expected = dict.fromkeys(RULES, [None]) | {
        "since3m": [0],
        "streak3m": [1],
        "silent3m": [0],
        "first3m": [5],
        "last3m": [5],
    }
    assert found["single month"] == expected


def test_months_since_looks_no_further_than_its_window(found: Found) -> None:
    assert found["unknown value"]["since3m"] == [None, 0, 0, 1, 0]
    assert found["in debt"]["since3m"] == [0, 0, 0, 0, 0]
    assert found["negative"]["since3m"] == [None, 0, 1, 0]


def test_a_streak_counts_months_in_a_row_up_to_its_window(found: Found) -> None:
    assert found["in debt"]["streak3m"] == [1, 2, 3, 3, 3]
    assert found["in debt with a hole"]["streak3m"] == [1, 2, 1, 2]
    assert found["unknown value"]["streak3m"] == [0, 1, 2, 0, 1]
    assert found["unknown value"]["silent3m"] == [0, 0, 0, 1, 0]
    assert found["negative"]["streak3m"] == [0, 1, 0, 1]
