from dataclasses import replace

import numpy as np
import pytest

from sf_spark.errors import SfSparkError
from sf_spark.ml import card, plots
from sf_spark.ml.dataset import NEVER
from sf_spark.ml.evaluate import describe, evaluate
from sf_spark.ml.fit import capacity_share, fit_calibrated, held_out_scores
from sf_spark.ml.split import fold_of, rolling_parts, rolling_splits, sampled_months

HORIZON = 12


@pytest.fixture(scope="module")
def trees(tasks):
    return tasks["trees"]


@pytest.fixture(scope="module")
def sample(planted_data):
    return sampled_months(int(planted_data.month.min()), int(planted_data.matured(HORIZON).month.max()), 3)


@pytest.fixture(scope="module")
def splits(planted_data):
    first, last = int(planted_data.month.min()), int(planted_data.matured(HORIZON).month.max())
    return rolling_splits(first, last, HORIZON, test_months=2, origins=2, spacing=6, step=3)


@pytest.fixture(scope="module")
def run(trees, sample):
    def evaluated(data, splits, report=print):
        return evaluate(trees, rolling_parts(data, splits, sample, HORIZON, trees.wait, "new_failures", 1), report)

    return evaluated


@pytest.fixture(scope="module")
def evaluation(run, planted_data, splits):
    return run(planted_data, splits)


def flipped(data, rows):
    """The data with the outcome of some rows turned over."""
    ahead = np.where(data.ahead <= HORIZON, NEVER, 1).astype(np.int16)
    return replace(data, ahead=np.where(rows, ahead, data.ahead))


def test_the_planted_cause_is_found(evaluation):
    assert evaluation.pooled["average_precision"] > 2 * evaluation.pooled["base_rate"]
    assert evaluation.pooled["recall_modere"] >= evaluation.pooled["recall_fort"]


def test_every_origin_counts_once_and_pooled_rows_are_theirs(evaluation, splits, planted_data):
    assert len(evaluation.by_origin) == len(splits) == 2
    tested = sum(np.isin(planted_data.month, split.test_months).sum() for split in splits)
    assert evaluation.pooled["rows"] == tested == sum(each["rows"] for each in evaluation.by_origin.values())
    assert evaluation.pooled["failing_companies"] < evaluation.pooled["failures"]
    low, high = (evaluation.pooled[f"average_precision_{side}"] for side in ("low", "high"))
    assert low < evaluation.pooled["average_precision"] < high
    assert {row["by"] for row in evaluation.by_segment} == {"month"}


def test_nothing_after_the_origin_reaches_its_predictions(run, planted_data, splits, evaluation):
    """Turn over every outcome that the first origin could not know, and spoil every signal of the gap."""
    split = splits[0]
    unknown = planted_data.month + HORIZON > split.origin
    tested = np.isin(planted_data.month, split.test_months)
    values = planted_data.values.copy()
    values[unknown & ~tested] = 99.0
    assert (unknown & ~tested).sum() > 100
    result = run(replace(flipped(planted_data, unknown), values=values), [split])
    count = len(result.probability)
    assert (result.target != evaluation.target[:count]).all()
    assert (result.probability == evaluation.probability[:count]).all()
    assert (result.level == evaluation.level[:count]).all()


def test_an_earlier_label_does_reach_them(run, planted_data, splits, evaluation):
    """The test above could pass because nothing is learned at all."""
    result = run(flipped(planted_data, planted_data.month == splits[0].train_months[-1]), splits[:1])
    assert (result.probability != evaluation.probability[: len(result.probability)]).any()


def test_order_of_the_origins_and_other_months_change_nothing(run, planted_data, splits, evaluation):
    alone = run(planted_data, splits[1:])
    assert (alone.probability == evaluation.probability[-len(alone.probability) :]).all()


def test_a_row_is_held_out_with_its_company(trees, planted_data):
    """Turn over all outcomes of one company: its own held-out scores must not move."""
    past = planted_data.matured(HORIZON)
    held_out = held_out_scores(trees, past)
    assert held_out.protocol == "company folds"
    company = past.siren == past.siren[past.target(HORIZON) == 1][0]
    again = held_out_scores(trees, flipped(past, company)).raw
    fold = fold_of(past.siren, trees.train.folds, trees.train.seed)
    same = fold == fold[company][0]
    assert (again[same] == held_out.raw[same]).all()
    assert (again[~same] != held_out.raw[~same]).any()


def test_an_inner_origin_is_used_where_history_is_long_enough(trees, planted_data):
    short = replace(trees, train=trees.train.model_copy(update={"inner_months": 3}))
    past = planted_data.matured(HORIZON)
    held_out = held_out_scores(short, past)
    assert held_out.protocol == "inner origin"
    last = past.month.max()
    assert set(held_out.rows.month) == {last - 2, last - 1, last}
    unknown = (past.month > last - 2 - HORIZON) & (past.month < last - 2)  # not matured when the inner window began
    again = held_out_scores(short, flipped(past, unknown))
    assert (again.raw == held_out.raw).all()


def test_probabilities_are_calibrated_on_the_whole(trees, planted_data):
    fitted = fit_calibrated(trees, planted_data)
    held_out = held_out_scores(trees, planted_data)
    mean = fitted.model.calibrate(held_out.raw).mean()
    assert mean == pytest.approx(held_out.rows.target(HORIZON).mean(), rel=0.01)


def test_a_capacity_is_counted_in_companies_of_a_month(trees, planted_data):
    matured = planted_data.matured(HORIZON)
    companies = (matured.month == matured.month.max()).sum()
    train = trees.train.model_copy(update={"capacity": 15})
    assert capacity_share(matured, HORIZON, train) == pytest.approx(15 / companies)
    drawn = replace(matured, weight=np.full(len(matured), 4.0))
    assert capacity_share(drawn, HORIZON, train) == pytest.approx(15 / (4 * companies))
    assert capacity_share(matured, HORIZON, trees.train.model_copy(update={"capacity": 10**6})) == train.capacity_share
    fitted = fit_calibrated(replace(trees, train=train), planted_data)
    held_out = held_out_scores(trees, planted_data)
    alerts = (fitted.model.calibrate(held_out.raw) >= fitted.thresholds.modere).mean()
    assert 0.8 * 15 / companies < alerts <= 15 / companies


def test_an_origin_with_too_few_failures_is_left_out_and_none_left_is_an_error(run, planted_data, splits):
    lines = []
    late = replace(planted_data, ahead=np.where(planted_data.month < splits[0].origin, NEVER, 1).astype(np.int16))
    with pytest.raises(SfSparkError, match="no origin can be evaluated at a horizon of 12 months"):
        run(late, splits[:1], lines.append)
    assert "left out: 0 failures to learn from" in lines[0]


def test_too_few_failures_to_train_are_counted(trees, planted_data):
    matured = planted_data.matured(HORIZON)
    rare = replace(matured, ahead=np.where(np.arange(len(matured)) < 3, 1, NEVER).astype(np.int16))
    with pytest.raises(SfSparkError, match=f"only 3 failures in {len(matured)} training rows"):
        fit_calibrated(trees, rare)


@pytest.mark.parametrize("name", ["trees", "line"])
def test_fits_side_by_side_and_one_by_one_are_the_same_to_the_last_digit(
    tasks, planted_data, name, monkeypatch: pytest.MonkeyPatch
):
    first, second = (fit_calibrated(tasks[name], planted_data) for _ in "ab")
    monkeypatch.setattr("sf_spark.ml.fit._FEW_VALUES", 0)
    in_turn = fit_calibrated(tasks[name], planted_data)
    values = planted_data.values[:200]
    for other in (second, in_turn):
        assert (first.model.predict_proba(values) == other.model.predict_proba(values)).all()
        assert (first.thresholds, first.inner) == (other.thresholds, other.inner)


def test_main_figures_fit_in_a_line():
    pooled = {"average_precision": 0.25, "average_precision_low": 0.2, "average_precision_high": 0.3, "brier": 0.04,
              "precision_fort": 0.5, "rows": 7.0}  # fmt: skip
    assert describe(pooled) == "average_precision 0.250 [0.200 .. 0.300], brier 0.040, precision_fort 0.50"


def test_reliability_groups_have_equal_size():
    probability = np.array([0.4, 0.1, 0.3, 0.2] * 5)
    target = np.array([1, 0, 1, 0] * 5)
    predicted, observed = plots.reliability_groups(target, probability)
    assert predicted == pytest.approx([0.1] * 2 + [0.1 / 2 + 0.2 / 2] + [0.2] * 2 + [0.3] * 2 + [0.35] + [0.4] * 2)
    assert observed == pytest.approx([0.0] * 5 + [1.0] * 5)


def test_plots_show_model_levels_and_base_rate(evaluation):
    labels = [line.get_label() for line in plots.precision_recall(evaluation, "t").axes[0].lines]
    assert labels == ["model", "base rate", "fort", "modere"]
    (_, model) = plots.reliability(evaluation, "t").axes[0].lines
    assert len(model.get_xdata()) > 2


def test_every_plot_draws(evaluation):
    assert set(plots.evaluation_plots(evaluation, "t")) == {
        "precision_recall.png", "reliability.png", "gain.png", "lift.png", "stability.png"
    }  # fmt: skip


def test_the_card_gives_figures_thresholds_and_versions(trees, planted_data, evaluation):
    fitted = fit_calibrated(trees, planted_data)
    text = card.write_card(trees, planted_data, fitted, evaluation, {"signals/entreprise": 7})
    assert "$" not in text
    assert "| `signals/entreprise` | 7 |" in text
    assert f"| Précision moyenne | {evaluation.pooled['average_precision']:.4f} [".replace("0.", "0,") in text
    assert f"{planted_data.companies()} entreprises" in text and "dans les 12 mois" in text
    assert f"{fitted.thresholds.fort:.4f}".replace(".", ",") in text
