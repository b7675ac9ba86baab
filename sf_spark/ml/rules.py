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
