"""Periods of any type stand in order of time, under the names that the table gives them."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from sf_spark.errors import SfSparkError
from sf_spark.steps.inputs.periods import Periods


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2021, 2019, 2020], ["2019", "2020", "2021"]),
        ([10, 2, 1], ["1", "2", "10"]),
        ([1.5, 0.5, -1.0], ["-1.0", "0.5", "1.5"]),
        (["T10", "T2", "T1"], ["T1", "T2", "T10"]),
        (["2020-11", "2020-02", "2019-12"], ["2019-12", "2020-02", "2020-11"]),
        (["2020-11-03", "2020-02-28"], ["2020-02", "2020-11"]),
        (["2020Q3", "2020Q1", "2019Q4"], ["2019Q4", "2020Q1", "2020Q3"]),
        ([date(2020, 2, 3), date(2020, 1, 31)], ["2020-01", "2020-02"]),
        ([datetime(2020, 2, 3, 8), datetime(2019, 1, 31)], ["2019-01", "2020-02"]),
    ],
)
def test_periods_in_order(values: list[object], expected: list[str]) -> None:
    found = Periods.of(pa.chunked_array([values]), "t")
    assert [found.names[number] for number in sorted(found.names)] == expected
    assert len(found.index) == len(values)


def test_periods_that_have_no_order_are_refused() -> None:
    with pytest.raises(SfSparkError, match="time t: the order of 2020, avril, mai is not clear"):
        Periods.of(pa.chunked_array([["mai", "avril", "2020"]]), "t")
    with pytest.raises(SfSparkError, match="time t holds an infinite period"):
        Periods.of(pa.chunked_array([[1.0, float("inf")]]), "t")
