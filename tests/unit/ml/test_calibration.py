import numpy as np
import pytest

from sf_spark.ml.calibration import FITS, beta, calibrate, choose, isotonic, platt


@pytest.fixture(scope="module")
def logistic():
    draw = np.random.default_rng(3)
    raw = draw.normal(size=50_000)
    target = (draw.random(50_000) < 1 / (1 + np.exp(-(2 * raw - 3)))).astype(int)
    return raw, target, np.ones(50_000), np.arange(50_000)


def test_platt_finds_the_curve_that_made_the_labels(logistic):
    slope, intercept = platt(*logistic[:3])
    assert (slope, intercept) == (pytest.approx(2, abs=0.1), pytest.approx(-3, abs=0.1))


def test_platt_of_a_score_that_ranks_backwards_or_not_at_all_is_the_base_rate():
    for raw in (np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 0.5)):
        slope, intercept = platt(raw, np.array([1, 0, 0, 0]), np.ones(4))
        assert slope == 0
        assert 1 / (1 + np.exp(-intercept)) == pytest.approx(1 / 4)


@pytest.mark.parametrize("kind", FITS)
def test_every_curve_rises_and_keeps_the_mean(kind, logistic):
    raw, target, weight, _ = logistic
    curve = FITS[kind](raw, target, weight)
    at = calibrate(kind, curve, np.linspace(-5, 5, 500))
    assert (np.diff(at) >= 0).all() and (at > 0).all() and (at < 1).all()
    assert calibrate(kind, curve, raw).mean() == pytest.approx(target.mean(), rel=0.01)


def test_weights_stand_for_rows(logistic):
    raw, target = logistic[0][:2000], logistic[1][:2000]
    twice = np.where(target == 0, 2.0, 1.0)
    rows = np.concatenate([np.arange(2000), np.flatnonzero(target == 0)])
    for fit in (platt, beta):
        assert fit(raw, target, twice) == pytest.approx(fit(raw[rows], target[rows], np.ones(len(rows))), rel=1e-3)


def test_two_numbers_are_enough_for_a_logistic_score_and_not_for_a_step(logistic):
    raw, target, weight, company = logistic
    assert choose(raw, target, weight, company, "auto")[0] == "platt"
    step = (np.random.default_rng(1).random(len(raw)) < np.where(raw > 1, 0.3, 0.02)).astype(int)
    kind, curve = choose(raw, step, weight, company, "auto")
    assert kind == "isotonic"
    assert calibrate(kind, curve, np.array([0.0, 2.0])) == pytest.approx([0.02, 0.3], abs=0.01)
    assert choose(raw, step, weight, company, "platt")[0] == "platt"


def test_isotonic_is_clipped_outside_what_it_saw():
    curve = isotonic(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0, 0, 1, 1]), np.ones(4))
    assert 0 < calibrate("isotonic", curve, np.array([-9.0]))[0] < calibrate("isotonic", curve, np.array([9.0]))[0] < 1
