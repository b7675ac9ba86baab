"""The population stability index: what it sums, and what it does with ties and unknown values."""

from math import isnan, log, nan

import numpy as np
import pytest

from sf_spark.monitoring.drift import stabilities, stability


def psi(*shares: tuple[float, float]) -> float:
    return sum((now - then) * log(now / then) for then, now in shares)


def test_the_same_values_have_not_moved_and_order_does_not_count() -> None:
    values = np.arange(1000.0)
    assert stability(values, values) == 0
    assert stability(values, values[::-1]) == 0


def test_the_index_is_the_sum_over_the_groups() -> None:
    then = np.arange(100.0)
    # Two groups of the training months, split at the median: 50 rows each; now 80 below it and 20 above.
    now = np.concatenate([np.full(80, 10.0), np.full(20, 90.0)])
    assert stability(then, now, groups=2) == pytest.approx(psi((0.5, 0.8), (0.5, 0.2), (1e-4, 1e-4)))


def test_unknown_values_are_a_group() -> None:
    then = np.concatenate([np.full(90, 1.0), np.full(10, nan)])
    now = np.concatenate([np.full(40, 1.0), np.full(60, nan)])
    # All known values are one group, and nothing is above it.
    assert stability(then, now) == pytest.approx(psi((0.9, 0.4), (1e-4, 1e-4), (0.1, 0.6)))


def test_a_value_that_most_rows_share_is_one_group() -> None:
    then = np.concatenate([np.zeros(95), np.full(5, 7.0)])
    now = np.concatenate([np.zeros(50), np.full(50, 7.0)])
    assert stability(then, now) == pytest.approx(psi((0.95, 0.5), (0.05, 0.5), (1e-4, 1e-4)))


def test_without_rows_nothing_is_known() -> None:
    assert isnan(stability(np.empty(0), np.ones(3))) and isnan(stability(np.ones(3), np.empty(0)))
    assert stability(np.full(3, nan), np.full(3, nan)) == 0


def test_each_column_has_its_means_and_known_shares() -> None:
    then, now = np.array([[1.0, nan], [3.0, nan]]), np.array([[2.0, 5.0], [nan, 7.0]])
    found = stabilities(["dette", "effectif"], then, now)
    assert {name: found["dette"][name] for name in ("mean_training", "mean_now", "known_training", "known_now")} == {
        "mean_training": (1 + 3) / 2,
        "mean_now": 2.0,
        "known_training": 1.0,
        "known_now": 1 / 2,
    }
    assert isnan(found["effectif"]["mean_training"]) and found["effectif"]["known_training"] == 0


def test_a_shift_is_seen_and_grows_with_its_size() -> None:
    draw = np.random.default_rng(0)
    then = draw.normal(size=20_000)
    moved = [stability(then, draw.normal(shift, size=20_000)) for shift in (0, 0.3, 1.0)]
    assert moved[0] < 0.01 < moved[1] < 0.25 < moved[2]
