"""Money to the cent."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.domain import money

LARGEST = 10**17 - 1  # cents: the largest amount that is read, and more digits than a double holds
TOTALS = (0, 1, -1, 5, 7, -7, 100, -100, 12_000, -4_702_200, 10**12 + 1, LARGEST, -LARGEST)
MONTHS = (1, 2, 3, 12)
EUROS = {  # as doubles 0.29 * 100 is 28.999... and 4.35 * 100 is 434.999...
    0.29: 29,
    -0.29: -29,
    1.15: 115,
    4.35: 435,
    1_234_567.89: 123_456_789,
    0.125: 13,  # half away from zero
    -0.125: -13,
    0.0: 0,
    None: None,
}


@pytest.fixture(scope="module")
def parts(spark: SparkSession) -> dict[tuple[int, int], list[int]]:
    """The part of each month, by total and number of months."""
    frame = spark.createDataFrame([(total, n) for total in TOTALS for n in MONTHS], "total long, n int")
    rows = (
        frame.select("total", "n", F.explode(F.sequence(F.lit(0), F.col("n") - 1)).alias("rank"))
        .select("*", money.share_of_month(F.col("total"), F.col("n"), F.col("rank")).alias("part"))
        .orderBy("rank")
        .collect()
    )
    found: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        found.setdefault((row["total"], row["n"]), []).append(row["part"])
    return found


@pytest.mark.parametrize("months", MONTHS)
@pytest.mark.parametrize("total", TOTALS)
def test_the_parts_of_an_amount_add_up_to_the_cent(parts: dict, total: int, months: int) -> None:
    assert len(parts[total, months]) == months
    assert sum(parts[total, months]) == total
    # Python's integers have all the digits they need.
    assert parts[total, months] == [total * (r + 1) // months - total * r // months for r in range(months)]


def test_the_parts_of_the_table(parts: dict) -> None:
    assert parts[100, 3] == [33, 33, 34]
    assert parts[-100, 3] == [-34, -33, -33]
    assert parts[5, 1] == [5]


def test_cents_and_back(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(amount,) for amount in EUROS], "amount double")
    in_cents = money.cents(F.col("amount"))
    rows = frame.select("amount", in_cents.alias("cents"), money.euros(in_cents).alias("back")).collect()
    assert {row["amount"]: row["cents"] for row in rows} == EUROS
    assert {row["back"] for row in rows} == {None if cents is None else cents / 100 for cents in EUROS.values()}


def test_a_ratio_needs_both_sides_and_a_positive_denominator(spark: SparkSession) -> None:
    expected = {
        (1.0, 2.0): 1 / 2,
        (-1.0, 4.0): -1 / 4,
        (0.0, 5.0): 0.0,
        (1.0, 0.0): None,
        (1.0, -2.0): None,
        (None, 2.0): None,
        (1.0, None): None,
    }
    frame = spark.createDataFrame(list(expected), "a double, b double")
    rows = frame.select("a", "b", money.ratio(F.col("a"), F.col("b")).alias("ratio")).collect()
    assert {(row["a"], row["b"]): row["ratio"] for row in rows} == expected
