from dataclasses import replace

import numpy as np
import pytest

from sf_spark.errors import SfSparkError
from sf_spark.ml import card, plots
from sf_spark.ml.evaluate import describe, rolling_evaluation
from sf_spark.ml.fit import capacity_share, cross_fitted_scores, fit_calibrated
from sf_spark.ml.models import read_definitions
from sf_spark.ml.split import fold_of, rolling_splits

HORIZON = 12


@pytest.fixture(scope="module")
def trees(models_folder):
    return {definition.name: definition for definition in read_definitions(models_folder)}["trees"]


@pytest.fixture(scope="module")
def splits(planted_data):
    first, last = int(planted_data.month.min()), int(planted_data.month.max())
    return rolling_splits(first, last, HORIZON, test_months=2, origins=2, spacing=6, step=3)


@pytest.fixture(scope="module")
def evaluation(trees, planted_data, splits, rules):
    return rolling_evaluation(trees, planted_data, splits, rules, print)


def test_the_planted_cause_is_found(evaluation):
    assert evaluation.pooled["average_precision"] > 2 * evaluation.pooled["base_rate"]
    assert evaluation.pooled["recall_modere"] >= evaluation.pooled["recall_fort"]


def test_every_origin_counts_once_and_pooled_rows_are_theirs(evaluation, splits, planted_data):
    assert len(evaluation.by_origin) == len(splits) == 2
    tested = sum(np.isin(planted_data.month, split.test_months).sum() for split in splits)
    assert evaluation.pooled["rows"] == tested == sum(each["rows"] for each in evaluation.by_origin.values())


def test_nothing_after_the_origin_reaches_its_predictions(trees, planted_data, splits, rules, evaluation):
    """Flip every label that matured after the first origin, and spoil every signal of the gap: nothing may move."""
    split = splits[0]
    unknown = planted_data.month + HORIZON > split.origin
    tested = np.isin(planted_data.month, split.test_months)
    values = planted_data.values.copy()
    values[unknown & ~tested] = 99.0
    other = replace(planted_data, target=np.where(unknown, 1 - planted_data.target, planted_data.target), values=values)
    assert (unknown & ~tested).sum() > 100
    result = rolling_evaluation(trees, other, [split], rules, print)
    count = len(result.probability)
    assert (result.probability == evaluation.probability[:count]).all()
    assert (result.level == evaluation.level[:count]).all()


def test_an_earlier_label_does_reach_them(trees, planted_data, splits, rules, evaluation):
    """The test above could pass because nothing is learned at all."""
    split = splits[0]
    last = planted_data.month == split.train_months[-1]
    other = replace(planted_data, target=np.where(last, 1 - planted_data.target, planted_data.target))
    result = rolling_evaluation(trees, other, [split], rules, print)
    assert (result.probability != evaluation.probability[: len(result.probability)]).any()


def test_order_of_the_origins_and_other_months_change_nothing(trees, planted_data, splits, rules, evaluation):
    alone = rolling_evaluation(trees, planted_data, splits[1:], rules, print)
    assert (alone.probability == evaluation.probability[-len(alone.probability) :]).all()


def test_a_row_is_cross_fitted_without_its_company(trees, planted_data, rules):
    """Flip all labels of one company: its own held-out scores must not move."""
    scores = cross_fitted_scores(trees, planted_data, rules)
    company = planted_data.siren == planted_data.siren[planted_data.target == 1][0]
    flipped = replace(planted_data, target=np.where(company, 1 - planted_data.target, planted_data.target))
    again = cross_fitted_scores(trees, flipped, rules)
    same_fold = fold_of(planted_data.siren, rules.calibration_folds, rules.seed)
    same_fold = same_fold == same_fold[company][0]
    assert (again[same_fold] == scores[same_fold]).all()
    assert (again[~same_fold] != scores[~same_fold]).any()


def test_probabilities_are_calibrated_on_the_whole(trees, planted_data, rules):
    fitted = fit_calibrated(trees, planted_data, rules)
    held_out = fitted.model.calibrate(cross_fitted_scores(trees, planted_data, rules))
    assert held_out.mean() == pytest.approx(planted_data.target.mean(), rel=0.01)


def test_a_capacity_is_kept_on_the_rows_that_taught_it(trees, planted_data, rules):
    rules = rules.model_copy(update={"capacity": 15})
    share = 15 / (planted_data.month == planted_data.month.max()).sum()
    assert capacity_share(planted_data, 15) == pytest.approx(share)
    fitted = fit_calibrated(trees, planted_data, rules)
    held_out = fitted.model.calibrate(cross_fitted_scores(trees, planted_data, rules))
    alerts = (held_out >= fitted.thresholds.modere).mean()
    assert 0.8 * share < alerts <= share


def test_an_origin_with_too_few_failures_is_left_out_and_none_left_is_an_error(trees, planted_data, splits, rules):
    lines = []
    none_early = replace(planted_data, target=np.where(planted_data.month <= splits[0].train_months[-1], 0, 1))
    with pytest.raises(SfSparkError, match="no origin can be evaluated at a horizon of 12 months"):
        rolling_evaluation(trees, none_early, splits[:1], rules, lines.append)
    assert "left out: 0 failures to learn from" in lines[0]


def test_too_few_failures_to_train_are_counted(trees, planted_data, rules):
    rare = replace(planted_data, target=(np.arange(len(planted_data)) < 3).astype(np.int8))
    with pytest.raises(SfSparkError, match=f"only 3 failures in {len(planted_data)} training rows"):
        fit_calibrated(trees, rare, rules)


def test_main_figures_fit_in_a_line():
    pooled = {"average_precision": 0.25, "average_precision_low": 0.2, "average_precision_high": 0.3, "brier": 0.04,
              "precision_fort": 0.5, "rows": 7.0}  # fmt: skip
    assert describe(pooled) == "average_precision 0.250 [0.200 .. 0.300], brier 0.040, precision_fort 0.50"


def test_calibration_groups_have_equal_size():
    probability = np.array([0.4, 0.1, 0.3, 0.2] * 5)
    target = np.array([1, 0, 1, 0] * 5)
    predicted, observed = plots.calibration_groups(target, probability)
    assert predicted == pytest.approx([0.1] * 2 + [0.1 / 2 + 0.2 / 2] + [0.2] * 2 + [0.3] * 2 + [0.35] + [0.4] * 2)
    assert observed == pytest.approx([0.0] * 5 + [1.0] * 5)


def test_plots_show_model_levels_and_base_rate(evaluation):
    labels = [line.get_label() for line in plots.precision_recall(evaluation, "t").axes[0].lines]
    assert labels == ["model", "base rate", "fort", "modere"]
    (_, model) = plots.calibration(evaluation, "t").axes[0].lines
    assert len(model.get_xdata()) > 2


def test_the_card_gives_figures_thresholds_and_versions(trees, planted_data, rules, evaluation):
    fitted = fit_calibrated(trees, planted_data, rules)
    text = card.write_card(trees, planted_data, fitted, evaluation, {"signals/entreprise": 7}, rules)
    assert "$" not in text
    assert "| `signals/entreprise` | 7 |" in text
    assert f"| Précision moyenne | {evaluation.pooled['average_precision']:.4f} |".replace("0.", "0,") in text
    assert f"{len(planted_data)} lignes" in text and "dans les 12 mois" in text
    assert f"{fitted.thresholds.fort:.4f}".replace(".", ",") in text
