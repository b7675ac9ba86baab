from itertools import combinations
from math import factorial

import numpy as np
import pytest

from sf_spark.errors import SfSparkError
from sf_spark.ml.definition import definition_of
from sf_spark.ml.explain import Explainer, by_theme
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.models import build
from sf_spark.steps.train import MODELS

SIGNALS = ["a", "b", "c"]


def fitted(path: str, seed: int = 0, **params):
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(500, 3)).astype(np.float32)
    values[draw.random(values.shape) < 0.15] = np.nan
    known = np.nan_to_num(values)
    target = (known[:, 0] * known[:, 1] + known[:, 2] > 0).astype(np.int8)
    return build(definition_of("m", {"pipeline": [{path: params}]}), SIGNALS, seed=0).fit(values, target), values


def expectation(nodes, row, known: set[int], node: int = 0) -> float:
    """Mean value of a tree when only some signals are known: the others go both ways, by their training rows."""
    here = nodes[node]
    if here["is_leaf"]:
        return float(here["value"])
    left, right = int(here["left"]), int(here["right"])
    value = row[here["feature_idx"]]
    if here["feature_idx"] in known:
        goes_left = bool(here["missing_go_to_left"]) if np.isnan(value) else value <= here["num_threshold"]
        return expectation(nodes, row, known, left if goes_left else right)
    share = nodes[left]["count"] / here["count"]
    return share * expectation(nodes, row, known, left) + (1 - share) * expectation(nodes, row, known, right)


def shapley(trees, row) -> list[float]:
    """The definition of Shapley values, over every subset of three signals."""
    result = []
    for signal in range(3):
        others = [other for other in range(3) if other != signal]
        total = 0.0
        for size in range(3):
            for subset in combinations(others, size):
                gain = sum(
                    expectation(nodes, row, {*subset, signal}) - expectation(nodes, row, set(subset)) for nodes in trees
                )
                total += factorial(size) * factorial(2 - size) / factorial(3) * gain
        result.append(total)
    return result


def test_trees_agree_with_the_definition_of_shapley_values():
    model, values = fitted("sklearn.ensemble.HistGradientBoostingClassifier", max_iter=4, max_leaf_nodes=5)
    trees = [stage[0].nodes for stage in model.pipeline[-1]._predictors]
    explainer = Explainer(model)
    rows = values[:12].astype(np.float64)
    expected = np.array([shapley(trees, row) for row in rows])
    assert np.isnan(rows).any() and np.abs(expected).max() > 0.1
    np.testing.assert_allclose(explainer.contributions(values[:12]), expected, atol=1e-9)


def test_linear_contributions_are_coefficient_times_what_the_pipeline_makes_of_the_signal():
    definition = {d.name: d for d in read_definitions(MODELS)}["logistic_regression"]
    values = np.array([[0, 10], [1, 20], [2, np.nan], [3, 40], [4, 50]] * 20, dtype=np.float32)
    target = np.array([0, 0, 1, 1, 1] * 20)
    model = build(definition, ["a", "b"], seed=0).fit(values, target)
    a, b, b_is_unknown = model.pipeline[-1].coef_[0]
    quantiles = model.pipeline[0].transform(values.astype(np.float64))
    middle = np.nanmedian(quantiles[:, 1])
    contributions = Explainer(model).contributions(values[1:3])
    assert abs(quantiles[2, 0]) < 0.02  # the median company
    assert contributions == pytest.approx(
        np.array([[a * quantiles[1, 0], b * quantiles[1, 1]], [a * quantiles[2, 0], b * middle + b_is_unknown]])
    )


def test_points_of_a_rule_are_explained_by_their_signals():
    rules = [{"signal": "a", "above": 0, "points": 2}, {"signal": "a", "above": 1, "points": 1},
             {"signal": "c", "below": -1, "points": 3}]  # fmt: skip
    model, _ = fitted("sf_spark.ThresholdRules", rules=rules)
    values = np.array([[0.5, 9, 0], [2, 9, -2], [np.nan, 9, np.nan]], dtype=np.float32)
    assert Explainer(model).contributions(values).tolist() == [[2, 0, 0], [3, 0, 3], [0, 0, 0]]
    assert model.raw_score(values).tolist() == [2, 6, 0]


def test_a_forest_is_explained_on_its_probability():
    model, values = fitted("sklearn.ensemble.RandomForestClassifier", n_estimators=5, max_depth=3)
    explainer = Explainer(model)
    total = explainer.contributions(values[:50]).sum(axis=1) + explainer.expected
    np.testing.assert_allclose(total, model.pipeline.predict_proba(values[:50])[:, 1])


def test_contributions_that_do_not_add_up_are_refused():
    model, values = fitted("sklearn.ensemble.HistGradientBoostingClassifier", max_iter=4, max_leaf_nodes=5)
    explainer = Explainer(model)
    explainer.expected += 0.5
    with pytest.raises(SfSparkError, match="off by 0.5 on 3 of 3 rows"):
        explainer.contributions(values[:3])


def test_a_model_that_cannot_be_explained_is_refused():
    model, _ = fitted("sklearn.dummy.DummyClassifier")
    with pytest.raises(SfSparkError, match="DummyClassifier is neither linear nor trees"):
        Explainer(model)


def test_a_step_that_mixes_signals_is_refused():
    content = {
        "pipeline": [
            {"sklearn.impute.SimpleImputer": {}},
            {"sklearn.decomposition.PCA": {}},
            {"sklearn.linear_model.LogisticRegression": {}},
        ]
    }
    draw = np.random.default_rng(0)
    model = build(definition_of("m", content), SIGNALS, 0).fit(draw.normal(size=(50, 3)), np.arange(50) % 2)
    with pytest.raises(SfSparkError, match="mixes signals"):
        Explainer(model)


def test_themes_add_up_their_signals():
    contributions = np.array([[1.0, 2.0, 4.0], [-1.0, 0.5, 0.0]])
    themes, sums = by_theme(contributions, SIGNALS, {"a": "effectif", "b": "dette_urssaf", "c": "effectif"})
    assert themes == ["dette_urssaf", "effectif"]
    assert sums.tolist() == [[2.0, 1 + 4.0], [0.5, -1 + 0.0]]
