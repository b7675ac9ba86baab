import numpy as np
import pytest

from sf_spark.ml.dataset import NEVER
from sf_spark.ml.definition import definition_of
from sf_spark.ml.explain import Explainer
from sf_spark.ml.hazard import DiscreteHazard, person_periods
from sf_spark.ml.models import build


def test_the_worked_example_of_the_module():
    ahead, seen = np.array([15, NEVER, NEVER]), np.array([20, 20, 8])
    row, period, failed = person_periods(ahead, seen, periods=4)
    found = {(r, p): bool(f) for r, p, f in zip(row, period, failed, strict=True)}
    assert found == {(0, 1): False, (0, 2): False, (0, 3): True, (1, 1): False, (1, 2): False, (1, 3): False,
                     (2, 1): False}  # fmt: skip


def test_a_failure_in_a_period_that_has_not_elapsed_is_left_out_with_the_period():
    """Else the last period would hold failures only."""
    row, _, failed = person_periods(np.array([3]), np.array([4]), periods=4)
    assert len(row) == len(failed) == 0


@pytest.fixture(scope="module")
def planted():
    """20 000 rows whose monthly hazard is exp(x - 5): the truth is known at every horizon."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(20_000, 3))
    hazard = np.minimum(np.exp(x[:, 0] - 5), 0.9)
    ahead = np.minimum(draw.geometric(hazard), NEVER)
    seen = draw.integers(6, 30, 20_000)
    return x, np.where(ahead <= seen, ahead, NEVER), seen, hazard


@pytest.fixture(scope="module")
def model(planted):
    x, ahead, seen, _ = planted
    return DiscreteHazard(max_iter=60, random_state=1).fit(x, np.column_stack([ahead, seen]))


def test_chances_never_fall_with_the_horizon_in_any_row(model, planted):
    chances = np.column_stack([model.within(planted[0], horizon)[:, 1] for horizon in (6, 12, 18, 24)])
    assert (np.diff(chances, axis=1) >= 0).all()


def test_chances_are_those_of_the_planted_hazard_though_half_of_the_rows_are_censored(model, planted):
    x, _, seen, hazard = planted
    assert (seen < 18).mean() > 0.4
    for horizon in (12, 18, 24):
        truth = 1 - (1 - hazard) ** horizon
        found = model.within(x, horizon)[:, 1]
        assert found.mean() == pytest.approx(truth.mean(), rel=0.1)
        assert np.corrcoef(found, truth)[0, 1] > 0.9


def test_rows_that_are_drawn_are_corrected_for(planted):
    x, ahead, seen, hazard = planted
    few = DiscreteHazard(max_iter=60, rows_per_failure=3, random_state=1).fit(x, np.column_stack([ahead, seen]))
    assert few.correction_ < -0.5
    assert few.within(x, 18)[:, 1].mean() == pytest.approx((1 - (1 - hazard) ** 18).mean(), rel=0.1)


def test_contributions_of_signals_add_up_and_the_period_is_expected(planted):
    x, ahead, seen, _ = planted
    content = {"pipeline": [{"sf_spark.DiscreteHazard": {"max_iter": 30}}]}
    model = build(definition_of("h", content), ["a", "b", "c"], seed=1, horizon=12)
    model.fit(x, np.column_stack([ahead, seen]))
    explainer = Explainer(model)
    contributions = explainer.contributions(x[:200])
    np.testing.assert_allclose(contributions.sum(axis=1) + explainer.expected, model.raw_score(x[:200]), atol=1e-9)
    assert np.abs(contributions[:, 0]).mean() > 5 * np.abs(contributions[:, 1]).mean()


def test_its_probability_is_the_chance_within_its_own_horizon(model, planted):
    x = planted[0][:50]
    chances = model.predict_proba(x)
    np.testing.assert_array_equal(chances, model.within(x, model.horizon))
    np.testing.assert_allclose(chances.sum(axis=1), 1)
