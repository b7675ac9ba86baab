"""Which version a rollback leads to."""

import pytest

from sf_spark.ml.registry import FORWARD, ROLLBACK, Promotion, line_of


def moves(*steps: tuple[str | None, str, str]) -> list[Promotion]:
    return [Promotion(before, after, "x", "y", "z", way) for before, after, way in steps]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], []),
        ([(None, "1", FORWARD)], ["1"]),
        ([(None, "1", FORWARD), ("1", "2", FORWARD)], ["1", "2"]),
        ([("1", "2", FORWARD)], ["1", "2"]),  # an alias that was set elsewhere
        ([(None, "1", FORWARD), ("1", "2", FORWARD), ("2", "1", ROLLBACK)], ["1"]),
        ([(None, "1", FORWARD), ("1", "2", FORWARD), ("2", "1", ROLLBACK), ("1", "3", FORWARD)], ["1", "3"]),
        ([(None, "1", FORWARD), ("1", "2", FORWARD), ("2", "3", FORWARD), ("3", "2", ROLLBACK)], ["1", "2"]),
    ],
)
def test_the_versions_that_replaced_one_another(steps: list[tuple[str | None, str, str]], expected: list[str]) -> None:
    assert line_of(moves(*steps)) == expected
