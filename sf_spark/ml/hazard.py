"""A discrete-time hazard model with boosting: one model for all horizons, which also learns from censored rows.

A row (company, month) counts once for each period of six months that has fully elapsed after it, until the company
fails:

    row            seen    fails in month    period 1 (1-6)    period 2 (7-12)    period 3 (13-18)
    a, 2024-01     20      15                0                 0                  1
    b, 2024-01     20      never             0                 0                  0
    c, 2025-01     8       never             0                 not elapsed

The log-odds of failing in period k are f(signals) + g(k): the period interacts with no signal, so f ranks companies for
all horizons and its parts explain them. The chance of failing within a horizon is 1 - product of (1 - hazard) over its
periods, so it never decreases with the horizon. Singer and Willett (1993), "It's about time"; Gensheimer and Narasimhan
(2019).
"""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils._param_validation import Interval  # private: it has no public way to declare bounds

PERIOD = 6  # months
_OF_BOOSTING = (
    *("max_iter", "learning_rate", "max_leaf_nodes", "min_samples_leaf", "l2_regularization"),
    *("max_features", "monotonic_cst", "random_state"),
)


class DiscreteHazard(ClassifierMixin, BaseEstimator):
    """Boosting over (row, period); the target of :meth:`fit` is (months to failure, months seen).

    Args:
        horizon: Horizon of the probabilities, in months.
        periods: Number of periods to learn from.
        rows_per_failure: Rows without failure kept for each failure, drawn at random; the intercept is corrected for
            it.
        max_iter: Iterations of the boosting.
        learning_rate: Shrinkage.
        max_leaf_nodes: Leaves of a tree.
        min_samples_leaf: Rows of a leaf.
        l2_regularization: L2 penalty on the leaves.
        max_features: Share of the signals drawn at each split.
        monotonic_cst: -1, 0 or 1 for each signal; None for no constraint.
        random_state: Seed.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{name: HistGradientBoostingClassifier._parameter_constraints[name] for name in _OF_BOOSTING},
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "periods": [Interval(Integral, 1, None, closed="left")],
        "rows_per_failure": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        horizon: int = 18,
        periods: int = 4,
        rows_per_failure: int = 30,
        max_iter: int = 100,
        learning_rate: float = 0.1,
        max_leaf_nodes: int = 8,
        min_samples_leaf: int = 40,
        l2_regularization: float = 1.0,
        max_features: float = 0.5,
        monotonic_cst: list[int] | None = None,
        random_state: int = 0,
    ) -> None:
        self.horizon = horizon
        self.periods = periods
        self.rows_per_failure = rows_per_failure
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.monotonic_cst = monotonic_cst
        self.random_state = random_state

    def fit(self, values: np.ndarray, target: np.ndarray, sample_weight: np.ndarray | None = None) -> "DiscreteHazard":
        """Learn; ``values`` is rows x signals, ``target`` rows x (months to failure, months seen)."""
        row, period, failed = person_periods(target[:, 0], target[:, 1], self.periods)
        kept, correction = self._drawn(failed)
        row, period, failed = row[kept], period[kept], failed[kept]
        columns = np.column_stack([values[row], period])
        signals = values.shape[1]
        self.boosting_ = HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            max_features=self.max_features,
            monotonic_cst=None if self.monotonic_cst is None else [*self.monotonic_cst, 0],
            interaction_cst=[list(range(signals)), [signals]],
            early_stopping=False,  # its validation rows would share companies with the training rows
            random_state=self.random_state,
        ).fit(columns, failed, sample_weight=None if sample_weight is None else np.asarray(sample_weight)[row])
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = signals
        self.correction_ = correction
        self.offsets_ = self._offsets(values[:1])
        return self

    def columns(self, values: np.ndarray, period: int = 1) -> np.ndarray:
        """The columns of the boosting: the signals and the period."""
        return np.column_stack([values, np.full(len(values), period, dtype=np.float64)])

    def decision_function(self, values: np.ndarray) -> np.ndarray:
        """Log-odds of failing in the first period, which rank companies for every horizon."""
        return self.boosting_.decision_function(self.columns(values)) + self.correction_

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Chances of (no failure, failure) within the horizon, before calibration."""
        return self.within(values, self.horizon)

    def within(self, values: np.ndarray, horizon: int) -> np.ndarray:
        """Chances of (no failure, failure) within any horizon of whole periods."""
        log_odds = self.decision_function(values)[:, None] + self.offsets_[: horizon // PERIOD]
        survival = np.prod(1 / (1 + np.exp(log_odds)), axis=1)
        return np.column_stack([survival, 1 - survival])

    def _drawn(self, failed: np.ndarray) -> tuple[np.ndarray, float]:
        """Rows to learn from, and the correction for their draw, in log-odds."""
        others = np.flatnonzero(~failed)
        wanted = self.rows_per_failure * int(failed.sum())
        if len(others) <= wanted or not wanted:
            return np.arange(len(failed)), 0.0
        draw = np.random.default_rng(self.random_state).choice(others, wanted, replace=False)
        return np.sort(np.concatenate([np.flatnonzero(failed), draw])), float(np.log(wanted / len(others)))

    def _offsets(self, one_row: np.ndarray) -> np.ndarray:
        scores = [self.boosting_.decision_function(self.columns(one_row, k + 1))[0] for k in range(self.periods)]
        return np.array(scores) - scores[0]


def person_periods(ahead: np.ndarray, seen: np.ndarray, periods: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The (row, period) pairs to learn from, and whether the company failed in that period.

    Args:
        ahead: Months from each row to the failure; larger than any horizon where none is known.
        seen: Months after each row that are known.
        periods: At most so many periods a row.
    """
    parts = []
    for period in range(1, periods + 1):
        at_risk = np.flatnonzero((seen >= PERIOD * period) & (ahead > PERIOD * (period - 1)))
        parts.append((at_risk, np.full(len(at_risk), period), ahead[at_risk] <= PERIOD * period))
    row, number, failed = (np.concatenate(column) for column in zip(*parts, strict=True))
    return row, number.astype(np.float64), failed
