import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from sf_spark.ml.bootstrap import intervals, paired_difference
from sf_spark.ml.metrics import Ranking


@pytest.mark.parametrize("seed", range(20))
def test_ranking_agrees_with_scikit_learn_whatever_the_weights_and_ties(seed):
    draw = np.random.default_rng(seed)
    score = np.round(draw.random(80), 1)
    target = (draw.random(80) < score).astype(int)
    target[:2] = 0, 1
    weight = draw.integers(0, 4, 80).astype(float)
    weight[:2] = 1
    ranking = Ranking.of(target, score)
    expected = average_precision_score(target, score, sample_weight=weight)
    assert ranking.average_precision(weight) == pytest.approx(expected)
    assert ranking.roc_auc(weight) == pytest.approx(roc_auc_score(target, score, sample_weight=weight))


def test_a_constant_score_has_the_base_rate_and_one_half():
    target = np.array([1, 0, 0, 0])
    ranking = Ranking.of(target, np.full(4, 0.3))
    assert ranking.average_precision(np.ones(4)) == 1 / 4
    assert ranking.roc_auc(np.ones(4)) == 1 / 2


def test_rows_of_one_company_are_drawn_together():
    """100 companies with 1 row each, or the same with one that has 1 000 rows: the second interval is far wider."""
    draw = np.random.default_rng(0)
    siren = np.array([f"{k:09d}" for k in range(100)])
    score, target = draw.random(100), (draw.random(100) < 0.3).astype(int)
    narrow = intervals(target, score, np.ones(100), siren, 1, 200)
    heavy = int(np.flatnonzero(target)[0])
    rows = np.concatenate([np.arange(100), np.full(999, heavy)])
    wide = intervals(target[rows], score[rows], np.ones(len(rows)), siren[rows], 1, 200)
    width = {name: found["average_precision_high"] - found["average_precision_low"]
             for name, found in (("narrow", narrow), ("wide", wide))}  # fmt: skip
    assert width["wide"] > 2 * width["narrow"]


def test_a_paired_difference_is_zero_between_equals_and_positive_for_the_better_one():
    draw = np.random.default_rng(2)
    siren = np.array([f"{k % 300:09d}" for k in range(900)])
    health = draw.normal(size=900)
    target = (draw.random(900) < 1 / (1 + np.exp(3 + 2 * health))).astype(int)
    good, bad, weight = -health + draw.normal(size=900), draw.normal(size=900), np.ones(900)
    same = paired_difference(target, good, good, weight, siren, 1, 100)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    found = paired_difference(target, good, bad, weight, siren, 1, 100)
    assert 0 < found.low < found.value < found.high
    swapped = paired_difference(target, bad, good, weight, siren, 1, 100)
    assert swapped.high == pytest.approx(-found.low)
