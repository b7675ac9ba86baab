"""The kernel on one entity: missing months, unknown values and the edges of windows, as arithmetic."""

import math

import numpy as np
import pytest

from sf_spark.signals.expression import (
    Above,
    AtMost,
    Growth,
    Known,
    Lag,
    Measure,
    Minus,
    Missing,
    Node,
    Over,
    Ratio,
    Since,
    Streak,
    window,
)
from sf_spark.signals.kernel import Kernel, Panel, parts

X = Measure("x")
UNKNOWN = None
NO_ROW = "no row"


def computed(values: list[float | str | None], node: Node) -> list[float | None]:
    """A node over the months of one entity; None where unknown."""
    has_row = np.array([[value != NO_ROW] for value in values])
    grid = np.array([[np.nan if value in (UNKNOWN, NO_ROW) else value] for value in values], dtype=float)
    found = Kernel(Panel(has_row, {"x": grid}, 0), [node]).value(node)[:, 0]
    return [None if math.isnan(value) else value for value in found]


@pytest.mark.parametrize(
    ("node", "values", "expected"),
    [
        (Over("mean", X, 3), [0, 10, 20, None, 40], [None, None, (0 + 10 + 20) / 3, None, None]),
        (Over("max", X, 3), [0, 10, 20, NO_ROW, 40], [None, None, 20, None, None]),
        (Over("sum", X, 2), [1, 2, 3], [None, 1 + 2, 2 + 3]),
        (Over("min", X, 3), [5, -1, 4, 7], [None, None, -1, -1]),
        (Over("std", X, 3), [2, 4, 9], [None, None, math.sqrt(((2 - 5) ** 2 + (4 - 5) ** 2 + (9 - 5) ** 2) / 2)]),
        (Over("slope", X, 3), [1, 3, 8], [None, None, (-1 * 1 + 0 * 3 + 1 * 8) / 2]),
        (Lag(X, 2), [1, None, 3, 4], [None, None, 1, None]),
        (Lag(X, 9), [1, 2], [None, None]),
        (Minus(X, Lag(X, 1)), [5, 2, None, 9], [None, 2 - 5, None, None]),
        (Growth(X, Lag(X, 1)), [4, 5, 0, 7, -2], [None, 5 / 4 - 1, 0 / 5 - 1, None, -2 / 7 - 1]),
        (Ratio(X, Lag(X, 1)), [-4, 5, 10], [None, None, 10 / 5]),
        (AtMost(X, 3), [1, 5, None], [1, 3, None]),
        (Above(X, 0), [0, 0.5, -1, None], [0, 1, 0, None]),
        (Missing(X), [1, None, NO_ROW], [0, 1, None]),
        (Known("last", X, 3), [7, None, None, None], [7, 7, 7, None]),
        (Known("first", X, 3), [7, 8, None, None, 9], [7, 7, 7, 8, 9]),
        (Streak(Above(X, 0), 3), [1, 1, 1, 1, 0, 1], [1, 2, 3, 3, 0, 1]),
        (Streak(Above(X, 0), 6), [1, 1, None, 1, NO_ROW, 1], [1, 2, 0, 1, 0, 1]),
        (Since(Above(X, 0), 3), [1, 0, None, 0, 1], [0, 1, 2, None, 0]),
    ],
)
def test_worked_examples(node: Node, values: list, expected: list) -> None:
    assert computed(values, node) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("months", [2, 3, 5, 6, 7, 12, 18, 24, 36])
def test_windows_of_any_length_are_whole(months: int) -> None:
    assert sum(parts(months)) == months
    values = [float((7 * k) % 11) for k in range(50)]
    for statistic, rule in (("sum", sum), ("max", max), ("min", min)):
        expected = [None if k < months - 1 else rule(values[k - months + 1 : k + 1]) for k in range(50)]
        assert computed(values, Over(statistic, X, months)) == pytest.approx(expected)  # type: ignore[arg-type]


def test_a_window_looks_as_far_as_its_operands_and_itself() -> None:
    assert window(X) == 1 and window(Lag(X, 12)) == 13 and window(Over("mean", X, 12)) == 12
    assert window(Over("max", Minus(X, Lag(X, 3)), 6)) == 3 + 6


def test_what_nobody_needs_any_more_is_forgotten() -> None:
    roots = [Over("mean", X, 12), Over("mean", X, 24), Over("max", X, 12)]
    kernel = Kernel(Panel(np.ones((30, 4), dtype=bool), {"x": np.ones((30, 4))}, 0), roots)
    for root in roots:
        assert kernel.value(root)[-1, 0] == 1.0
    assert kernel._memo == {}


@pytest.mark.parametrize("first", [5, 28, 29], ids=lambda first: f"from month {first} on")
def test_few_months_alone_are_the_last_of_all_months_to_the_bit(first: int) -> None:
    """Also where a window begins before the panel does: month 5 of 6 has no year behind it."""
    months = first + 1 if first == 5 else 30
    random = np.random.default_rng(first)
    values = np.where(random.random((months, 40)) < 0.9, random.lognormal(size=(months, 40)), np.nan)
    has_row = ~np.isnan(values) | (random.random(values.shape) < 0.5)
    above = Above(X, 0.5)
    roots: list[Node] = [Over(statistic, X, n) for statistic in ("mean", "max", "min", "std", "slope") for n in (3, 12)]
    roots += [Known("last", X, 6), Known("first", X, 12), Streak(above, 6), Since(above, 12), Missing(X), Lag(X, 3)]
    roots += [Growth(X, Lag(X, 12)), Over("sum", Minus(X, Lag(X, 2)), 6), Over("max", Missing(X), 3), Measure("none")]
    few, all_months = (Kernel(Panel(has_row, {"x": values}, 0), roots, first=row) for row in (first, 0))
    for root in roots:
        np.testing.assert_array_equal(few.value(root), all_months.value(root)[first:], err_msg=str(root))
    assert few._narrow and not all_months._narrow
