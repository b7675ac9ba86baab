"""Facts as known on a day, and the differences between two versions of a month's rows."""

from datetime import date

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from sf_spark.audit.lookahead import WHOLE_ROW, Difference, as_known_on, chunks, differences

NAN = float("nan")


def month(**columns: list[object]) -> pa.Table:
    return pa.table({"siren": ["1", "2", "3"], **columns})


def test_a_fact_known_later_is_gone_and_so_is_a_later_withdrawal(spark: SparkSession) -> None:
    cutoff, before, after = date(2024, 3, 20), date(2024, 2, 20), date(2024, 4, 20)
    versions = [("known on the day", cutoff, None), ("ends later", before, after), ("ended", before, cutoff)]
    versions += [("ends the day after", before, date(2024, 3, 21)), ("later", date(2024, 3, 21), None)]
    staged = spark.createDataFrame(versions, "name string, known_on date, superseded_on date")
    found = {row["name"]: row["superseded_on"] for row in as_known_on(staged, cutoff).collect()}
    assert found == {"known on the day": None, "ends later": None, "ended": cutoff, "ends the day after": None}


def test_the_same_rows_in_another_order_do_not_differ() -> None:
    stored = month(dette=[1.0, None, NAN], ape=["62.01Z", None, ""])
    assert list(differences(stored, stored.take([2, 0, 1]), "siren")) == []


@pytest.mark.parametrize(
    ("was", "now", "cells", "example"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.5, 4.0], 2, "2: lake 2.0, rebuilt 2.5"),
        ([1.0, None, 3.0], [1.0, 0.0, 3.0], 1, "2: lake None, rebuilt 0.0"),
        ([1.0, 2.0, NAN], [1.0, 2.0, None], 1, "3: lake nan, rebuilt None"),
    ],
)
def test_each_cell_that_differs_is_counted(was: list[object], now: list[object], cells: int, example: str) -> None:
    found = list(differences(month(dette=was, effectif=[1, 2, 3]), month(dette=now, effectif=[1, 2, 3]), "siren"))
    assert found == [Difference("dette", cells, example)]


def test_rows_of_one_side_are_reported_and_the_others_are_compared() -> None:
    stored = pa.table({"siren": ["1", "2", "4"], "dette": [1.0, 2.0, 9.0]})
    rebuilt = pa.table({"siren": ["3", "2", "1"], "dette": [9.0, 2.0, 5.0]})
    assert list(differences(stored, rebuilt, "siren")) == [
        Difference(WHOLE_ROW, 2, "lake only: 4; rebuilt only: 3"),
        Difference("dette", 1, "1: lake 1.0, rebuilt 5.0"),
    ]


def test_columns_come_in_groups_that_fit() -> None:
    assert list(chunks(["a", "b", "c"], rows=10, cells=25)) == [["a", "b"], ["c"]]
    assert list(chunks(["a", "b"], rows=0, cells=1)) == [["a"], ["b"]]
    assert list(chunks(["a", "b"], rows=1000, cells=1)) == [["a"], ["b"]]  # one at a time, however wide
