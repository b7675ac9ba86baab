"""Attacks on the gate: none of them passes."""

from dataclasses import replace

import numpy as np
import pytest

from sf_spark.ml.bootstrap import intervals
from sf_spark.ml.evaluate import Evaluation
from sf_spark.ml.gate import judge
from sf_spark.ml.metrics import figures
from sf_spark.ml.thresholds import Thresholds
from sf_spark.settings import load_settings

SEED = 5
COMPANIES = np.array([f"{k % 1000:09d}" for k in range(3000)])
HEALTH = np.random.default_rng(1).normal(size=1000)[np.arange(3000) % 1000]
CHANCE = 1 / (1 + np.exp(3.5 + 1.5 * HEALTH))
TARGET = (np.random.default_rng(2).random(3000) < CHANCE).astype(np.int8)


def evaluation(probability, target=TARGET, siren=COMPANIES, alerts=0.1) -> Evaluation:
    cutoff = float(np.quantile(probability, 1 - alerts))
    level = Thresholds(cutoff, max(cutoff, 0.9)).levels(probability)
    weight = np.ones(len(target))
    pooled = figures(target, probability, level, weight, siren)
    pooled |= intervals(target, probability, weight, siren, SEED, 100)
    month = np.full(len(target), 24_000)
    return Evaluation(siren, month, target, weight, probability, level, pooled, {}, [], "company folds")


def noisy(scale: float, seed: int = 3) -> np.ndarray:
    score = 3.5 + 1.5 * HEALTH + scale * np.random.default_rng(seed).normal(size=3000)
    return 1 / (1 + np.exp(score))


GOOD, MIDDLING, RULE = (evaluation(noisy(scale)) for scale in (0.3, 2.5, 4.0))


def names_of_failed(verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.passed]


def test_a_better_model_passes_and_says_by_how_much(rules):
    verdict = judge(GOOD, MIDDLING, RULE, rules.gate, SEED)
    assert verdict.passed and verdict.proven
    assert "better than the champion: passed (difference in average precision" in str(verdict)


def test_the_same_model_again_does_not_replace_itself(rules):
    verdict = judge(GOOD, GOOD, RULE, rules.gate, SEED)
    assert names_of_failed(verdict) == ["better than the champion"]


def test_shuffled_labels_pass_neither_with_nor_without_a_champion(rules):
    shuffled = np.random.default_rng(7).permutation(TARGET)
    challenger, champion = evaluation(GOOD.probability, shuffled), evaluation(MIDDLING.probability, shuffled)
    rule = evaluation(RULE.probability, shuffled)
    assert "better than the champion" in names_of_failed(judge(challenger, champion, rule, rules.gate, SEED))
    assert names_of_failed(judge(challenger, None, rule, rules.gate, SEED)) == ["better than chance"]


def test_a_constant_model_passes_neither_with_nor_without_a_champion(rules):
    constant = evaluation(np.full(3000, TARGET.mean()))
    assert "share of alerts" in names_of_failed(judge(constant, None, RULE, rules.gate, SEED))
    assert "better than chance" in names_of_failed(judge(constant, None, RULE, rules.gate, SEED))
    assert "better than the champion" in names_of_failed(judge(constant, MIDDLING, RULE, rules.gate, SEED))


def test_a_model_that_alerts_everybody_or_nobody_does_not_pass(rules):
    everybody, nobody = evaluation(GOOD.probability, alerts=1.0), replace(
        GOOD, pooled={**GOOD.pooled, "alert_share_modere": 0.0}
    )  # fmt: skip
    for challenger in (everybody, nobody):
        assert names_of_failed(judge(challenger, MIDDLING, RULE, rules.gate, SEED)) == ["share of alerts"]
        assert names_of_failed(judge(challenger, None, RULE, rules.gate, SEED)) == ["share of alerts"]


def test_the_capacity_of_the_nation_passes():
    train = load_settings("local").train
    assert train.capacity / 426_000 > 2 * train.gate.fewest_alerts


def test_one_company_with_a_thousand_rows_proves_nothing(rules):
    """A challenger that is better on one company only, which has most of the failing rows."""
    heavy = int(np.flatnonzero(TARGET)[0])
    rows = np.concatenate([np.arange(3000), np.full(1000, heavy)])
    probability = MIDDLING.probability.copy()
    probability[COMPANIES[heavy] == COMPANIES] = 0.99
    challenger = evaluation(probability[rows], TARGET[rows], COMPANIES[rows])
    champion = evaluation(MIDDLING.probability[rows], TARGET[rows], COMPANIES[rows])
    verdict = judge(challenger, champion, champion, rules.gate, SEED)
    difference = next(check for check in verdict.checks if check.name == "better than the champion")
    assert not difference.passed
    assert (
        float(difference.finding.split("precision ")[1].split(" ")[0]) > 0.1
    )  # counting rows, it would look far better


def test_a_model_that_does_not_beat_the_rule_does_not_replace_the_champion(rules):
    assert names_of_failed(judge(GOOD, MIDDLING, GOOD, rules.gate, SEED)) == ["better than the rule of 2016"]
    assert names_of_failed(judge(GOOD, MIDDLING, None, rules.gate, SEED)) == ["better than the rule of 2016"]


def test_probabilities_that_do_not_hold_are_found(rules):
    assert names_of_failed(judge(evaluation(GOOD.probability**3), MIDDLING, RULE, rules.gate, SEED)) == ["calibrated"]


def test_other_rows_prove_nothing(rules):
    fewer = evaluation(MIDDLING.probability[1:], TARGET[1:], COMPANIES[1:])
    verdict = judge(GOOD, fewer, RULE, rules.gate, SEED)
    assert verdict.failed == "better than the champion: the two were not tested on the same rows"
    relabelled = evaluation(MIDDLING.probability, 1 - TARGET)
    assert names_of_failed(judge(GOOD, relabelled, RULE, rules.gate, SEED)) == ["better than the champion"]


def test_a_first_champion_need_not_beat_the_rule_but_is_marked(rules):
    verdict = judge(GOOD, None, GOOD, rules.gate, SEED)
    assert verdict.passed and not verdict.proven


@pytest.mark.parametrize("seed", range(5))
def test_the_verdict_is_the_same_twice(rules, seed):
    assert str(judge(GOOD, MIDDLING, RULE, rules.gate, seed)) == str(judge(GOOD, MIDDLING, RULE, rules.gate, seed))
