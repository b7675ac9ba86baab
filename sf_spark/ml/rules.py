"""Thresholds on single signals, like the first early warnings of 2016: points for each threshold passed.

    rule                                            points
    debt above one mean month of contributions      2
    headcount down by 10 % in a year                1

The score is the sum, so each point is explained by its signal. Rules name signals; rows are arrays.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from sf_spark.errors import ConfigurationError
from sf_spark.ml.model_steps import did_you_mean, shown

_KEYS = ("signal", "above", "below", "points")


class ThresholdRules(ClassifierMixin, BaseEstimator):
    """A sum of points; only the order of the columns is learned.

    Args:
        rules: ``{signal, above | below, points}`` each; an unknown value passes no threshold.
        signals: Names of the columns, given when the model is built.
    """

    def __init__(self, rules: Sequence[Mapping[str, Any]] = (), signals: Sequence[str] = ()) -> None:
        self.rules = rules
        self.signals = signals

    def fit(self, values: np.ndarray, target: np.ndarray, sample_weight: np.ndarray | None = None) -> "ThresholdRules":
        """Learn nothing; ``values`` is rows x signals."""
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = values.shape[1]
        return self

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """The points of each signal: rows x signals."""
        points = np.zeros(values.shape)
        names = list(self.signals)
        for rule in self.rules:
            column = names.index(rule["signal"])
            with np.errstate(invalid="ignore"):
                passed = values[:, column] > rule["above"] if "above" in rule else values[:, column] < rule["below"]
            points[:, column] += rule["points"] * passed
        return points

    def decision_function(self, values: np.ndarray) -> np.ndarray:
        """The sum of the points."""
        return self.contributions(values).sum(axis=1)

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """The share of all points, as an uncalibrated probability."""
        share = self.decision_function(values) / max(sum(rule["points"] for rule in self.rules), 1)
        return np.column_stack([1 - share, share])


def check_rules(rules: Any) -> None:
    """Check that a list of rules can be scored.

    Raises:
        ConfigurationError: For a rule without a signal, a threshold or points.
    """
    if not isinstance(rules, list | tuple):
        raise ConfigurationError(f"'rules' must list rules, as {{signal: a, above: 1, points: 2}}, not {shown(rules)}")
    for rule in rules:
        if not isinstance(rule, Mapping) or not isinstance(rule.get("signal"), str):
            raise ConfigurationError(f"a rule is {{signal, above or below, points}}, not {shown(rule)}")
        limits = [rule[key] for key in ("above", "below") if key in rule]
        numbers = [*limits, rule.get("points")]
        if not limits or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
            unknown = [key for key in rule if key not in _KEYS]
            raise ConfigurationError(
                "a rule is {signal, above or below, points}, with numbers but for the signal, "
                f"not {shown(rule)}{did_you_mean(unknown[0], _KEYS) if unknown else ''}"
            )


def check_keys(rules: Sequence[Mapping[str, Any]]) -> None:
    """Check that scorable rules say nothing that would be ignored.

    Raises:
        ConfigurationError: Without a rule, or for an unknown key, two thresholds or no points.
    """
    if not rules:
        raise ConfigurationError("ThresholdRules needs 'rules', as [{signal: a, above: 1, points: 2}]")
    for rule in rules:
        for key in rule:
            if key not in _KEYS:
                raise ConfigurationError(f"unknown key {shown(key)} in rule {shown(rule)}{did_you_mean(key, _KEYS)}")
        if {"above", "below"} <= set(rule) or not rule["points"] > 0:
            raise ConfigurationError(f"a rule has one threshold, above or below, and points above 0, not {shown(rule)}")
