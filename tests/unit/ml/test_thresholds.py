import numpy as np
import pytest

from sf_spark.ml.thresholds import Thresholds, best_cutoff, capacity_cutoff, choose


def f_beta(target, probability, cutoff, beta):
    """The definition, from precision and recall, as an oracle."""
    alert = probability >= cutoff
    hits = target[alert].sum()
    if not hits:
        return 0.0
    precision, recall = hits / alert.sum(), hits / target.sum()
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def test_cutoffs_of_a_hand_made_list():
    probability = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    target = np.array([1, 0, 1, 0, 0, 0])
    # F0.5 = 1.25 hits / (0.25 x 2 + alerts): 1.25/1.5, 1.25/2.5, 2.5/3.5, ... ; F2 = 5 hits / (4 x 2 + alerts):
    # 5/9, 5/10, 10/11, 10/12, ...
    assert best_cutoff(target, probability, np.ones(len(target)), beta=0.5) == 0.9
    assert best_cutoff(target, probability, np.ones(len(target)), beta=2.0) == 0.7
    assert choose(target, probability, np.ones(6)) == Thresholds(modere=0.7, fort=0.9)


def test_of_equal_cutoffs_the_highest_wins():
    probability = np.array([0.9, 0.6, 0.5, 0.4, 0.2])
    target = np.array([1, 0, 0, 0, 1])
    # F1 = 2 hits / (failures + alerts): 2/(2 + 1) at 0.9 and 4/(2 + 5) at 0.2; then, with a third failure that is
    # never found, 2/(3 + 1) = 4/(3 + 5).
    assert best_cutoff(target, probability, np.ones(len(target)), beta=1.0) == 0.9
    equal = np.append(target, 1), np.append(probability, 0.0)
    assert f_beta(*equal, 0.9, 1.0) == f_beta(*equal, 0.2, 1.0) == 2 / 4
    assert (
        best_cutoff(np.append(target, [0, 0, 0, 1]), np.append(probability, [0.1, 0.1, 0.1, 0.0]), np.ones(9), beta=1.0)
        == 0.9
    )


def test_rows_that_share_a_probability_are_alerted_together():
    assert best_cutoff(np.array([0, 1, 0, 0]), np.full(4, 0.3), np.ones(4), beta=2.0) == 0.3


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_best_cutoff_agrees_with_the_definition(seed, beta):
    draw = np.random.default_rng(seed)
    probability = np.round(draw.random(60), 1)  # many ties
    target = (draw.random(60) < probability).astype(int)
    target[:2] = 0, 1
    scores = {cutoff: f_beta(target, probability, cutoff, beta) for cutoff in np.unique(probability)}
    best = max(scores.values())
    assert best_cutoff(target, probability, np.ones(60), beta) == max(
        c for c, score in scores.items() if score >= best - 1e-12
    )


@pytest.mark.parametrize("seed", range(30))
def test_fort_is_never_below_modere(seed):
    draw = np.random.default_rng(seed)
    probability = draw.random(40)
    target = (draw.random(40) < 0.3).astype(int)
    target[:2] = 0, 1
    for share in (None, 0.05, 0.5):
        thresholds = choose(target, probability, np.ones(40), share)
        assert thresholds.fort >= thresholds.modere


def test_capacity_never_lets_in_more_than_fit_and_leaves_a_tie_out():
    probability = np.array([0.9, 0.8, 0.8, 0.8, 0.1])
    assert capacity_cutoff(probability, np.ones(5), 1) == 0.9
    assert capacity_cutoff(probability, np.ones(5), 3) == 0.9  # the three at 0.8 would make four
    assert capacity_cutoff(probability, np.ones(5), 4) == 0.8
    assert capacity_cutoff(probability, np.ones(5), 99) == 0.1
    assert capacity_cutoff(np.full(5, 0.4), np.ones(5), 3) == float("inf")


def test_capacity_share_sets_modere():
    probability = np.arange(100) / 100
    target = (probability > 0.9).astype(int)
    assert choose(target, probability, np.ones(100), capacity_share=20 / 100).modere == 0.80


def test_levels_include_their_cutoff():
    levels = Thresholds(modere=0.2, fort=0.5).levels(np.array([0.19, 0.2, 0.49, 0.5, 1.0]))
    assert levels.tolist() == ["aucun", "modere", "modere", "fort", "fort"]


def test_a_row_counts_for_the_rows_that_it_stands_for():
    probability, target = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, 1, 0])
    weight = np.array([1.0, 10.0, 1.0, 10.0])
    rows = np.repeat(np.arange(4), weight.astype(int))
    for beta in (0.5, 2.0):
        weighed = best_cutoff(target, probability, weight, beta)
        assert weighed == best_cutoff(target[rows], probability[rows], np.ones(22), beta)
    assert capacity_cutoff(probability, weight, 10.9) == 0.9
    assert capacity_cutoff(probability, weight, 11) == 0.8
