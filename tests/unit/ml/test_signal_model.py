import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from sf_spark.ml.definition import definition_of
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.models import build
from sf_spark.ml.signal_model import SignalModel
from sf_spark.steps.train import MODELS

# The rule reads signals of its own; a hazard model has another target: both have tests of their own.
DEFINITIONS = {each.name: each for each in read_definitions(MODELS) if not each.is_rule and not each.is_hazard}
SIGNALS = ["a", "b", "never_known"]


def rows(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(2)
    values = draw.normal(size=(count, 3)).astype(np.float32)
    values[:, 1] = np.exp(4 * values[:, 1])  # euros: most are small, some are huge
    values[draw.random(count) < 0.2, 1] = np.nan
    values[:, 2] = np.nan
    target = (values[:, 0] + draw.normal(scale=0.3, size=count) > 0).astype(np.int8)
    return values, target


@pytest.mark.parametrize("name", DEFINITIONS)
def test_shipped_models_learn_with_unknown_values_and_a_signal_that_nobody_knows(name):
    values, target = rows()
    model = build(DEFINITIONS[name], SIGNALS, seed=1).fit(values, target)
    score = model.raw_score(values)
    assert np.mean((score > np.median(score)) == (target == 1)) > 0.85
    # Nothing was learned about the unknown signal: a value that turns up later changes nothing.
    later = values.copy()
    later[:, 2] = 1000.0
    assert (model.raw_score(later) == score).all()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_same_rows_and_seed_give_the_same_scores(name):
    values, target = rows()
    first, second = (build(DEFINITIONS[name], SIGNALS, seed=1).fit(values, target).raw_score(values) for _ in "ab")
    assert (first == second).all()


def test_named_columns_are_put_in_order_and_infinity_is_unknown():
    values, target = rows()
    model = build(DEFINITIONS["gradient_boosting"], SIGNALS, seed=1).fit(values, target)
    frame = pd.DataFrame(values, columns=SIGNALS).astype(float)[["never_known", "b", "a"]].assign(other="text")
    assert (model.raw_score(frame) == model.raw_score(values)).all()
    infinite, unknown = values.copy(), values.copy()
    infinite[:, 0], unknown[:, 0] = np.inf, np.nan
    assert (model.raw_score(infinite) == model.raw_score(unknown)).all()


def test_the_given_matrix_is_not_changed():
    values, target = rows()
    before = values.copy()
    build(DEFINITIONS["logistic_regression"], SIGNALS, seed=1).fit(values, target).predict_proba(values)
    np.testing.assert_array_equal(values, before)


def test_calibration_is_a_logistic_curve_on_the_raw_score():
    line = LogisticRegression()
    line.coef_, line.intercept_, line.classes_ = np.array([[2.0]]), np.array([-1.0]), np.array([0, 1])
    model = SignalModel(Pipeline([("line", line)]), ["a"], curve=np.array([0.5, 0.25]))
    model.unknown_ = np.array([False])
    probability = model.predict_proba(np.array([[3.0]]))
    assert model.raw_score(np.array([[3.0]])) == pytest.approx(2 * 3 - 1)
    assert probability[0, 1] == pytest.approx(1 / (1 + np.exp(-(0.5 * 5 + 0.25))))
    assert probability.sum() == pytest.approx(1)


def test_a_solver_that_stops_before_it_is_done_gives_no_model():
    values, target = rows()
    content = {"pipeline": [{"sklearn.impute.SimpleImputer": {"keep_empty_features": True}},
                            {"sklearn.linear_model.LogisticRegression": {"max_iter": 1}}]}  # fmt: skip
    with pytest.raises(ConvergenceWarning):
        build(definition_of("m", content), SIGNALS, seed=0).fit(values, target)


def test_neighbours_that_say_the_same_thing_do_not_keep_the_logistic_regression_from_converging():
    draw = np.random.default_rng(5)
    base = draw.normal(size=(3000, 6))
    values = (np.repeat(base, 20, axis=1) + 0.01 * draw.normal(size=(3000, 120))).astype(np.float32)
    target = (base[:, 0] + draw.normal(size=3000) > 1.5).astype(int)
    model = build(DEFINITIONS["logistic_regression"], [f"s{k}" for k in range(120)], seed=0).fit(values, target)
    assert model.pipeline[-1].n_iter_[0] < 20


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_saved_model_holds_no_type_beyond_those_that_are_let_in(name):
    from sf_spark.ml.tracking import TRUSTED

    values, target = rows()
    model = build(DEFINITIONS[name], SIGNALS, seed=1).fit(values, target)
    loaded = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED)
    assert (loaded.raw_score(values) == model.raw_score(values)).all()


def test_the_likelier_class_is_the_one_above_one_half():
    values, target = rows()
    model = build(DEFINITIONS["logistic_regression"], SIGNALS, seed=1).fit(values, target)
    np.testing.assert_array_equal(model.predict(values), model.predict_proba(values)[:, 1] >= 0.5)
