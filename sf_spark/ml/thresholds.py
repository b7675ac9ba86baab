"""Calibration and cut-offs, both learned from scores that a model gave to companies it had not seen.

Cut-offs are inclusive (probability >= cut-off) and are always observed values:

    fort      best F0.5: an alert has to be right
    modere    best F2: a failure has to be found; never above ``fort``

Of several cut-offs that score the same, the highest wins: the fewest alerts.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

NONE, MODERE, FORT = LEVELS = ("aucun", "modere", "fort")


@dataclass(frozen=True)
class Thresholds:
    """The probabilities from which a company is at each level; ``modere`` is at most ``fort``."""

    modere: float
    fort: float

    def levels(self, probability: np.ndarray) -> np.ndarray:
        """The level of each probability (text)."""
        rank = (probability >= self.modere).astype(np.int64) + (probability >= self.fort)
        return np.array(LEVELS, dtype=object)[rank]


def platt(raw_score: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Fit the logistic curve (slope, intercept) that turns raw scores into probabilities; Platt (1999).

    Two parameters only, and never decreasing: ranks and contributions keep their meaning. A score that ranks no better
    than chance gets slope 0 and the base rate.
    """
    curve = LogisticRegression(C=np.inf).fit(np.asarray(raw_score, dtype=np.float64).reshape(-1, 1), target)
    slope = float(curve.coef_[0, 0])
    if slope > 0:
        return slope, float(curve.intercept_[0])
    rate = float(np.mean(target))
    return 0.0, float(np.log(rate / (1 - rate)))


def best_cutoff(target: np.ndarray, probability: np.ndarray, beta: float) -> float:
    """The observed probability at or above which alerts have the best F-beta; of equals, the highest."""
    cutoffs, alerts, hits = _counts(target, probability)
    score = (1 + beta**2) * hits / (beta**2 * float(np.sum(target)) + alerts)
    return float(cutoffs[np.argmax(score)])  # cut-offs descend, and argmax takes the first of equals


def capacity_cutoff(probability: np.ndarray, most: float) -> float:
    """The lowest observed cut-off with at most ``most`` rows at or above; a tie that does not fit stays out.

    Infinite when even the highest probability is shared by more rows than fit.
    """
    cutoffs, alerts, _ = _counts(np.zeros(len(probability)), probability)
    fits = np.flatnonzero(alerts <= most)
    return float(cutoffs[fits[-1]]) if len(fits) else float("inf")


def choose(target: np.ndarray, probability: np.ndarray, capacity_share: float | None = None) -> Thresholds:
    """Learn both cut-offs.

    Args:
        target: 0 or 1; at least one of each.
        probability: Calibrated probabilities of the same rows, from models that had not seen the company.
        capacity_share: Share of the companies that can be visited in a month; sets ``modere`` instead of F2.
    """
    fort = best_cutoff(target, probability, beta=0.5)
    if capacity_share is None:
        modere = best_cutoff(target, probability, beta=2.0)
        return Thresholds(min(modere, fort), fort)
    modere = capacity_cutoff(probability, capacity_share * len(probability))
    return Thresholds(modere, max(modere, fort))


def _counts(target: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct probabilities, descending, with the rows and the failures at or above each."""
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    return ranked[last_of_tie], last_of_tie + 1.0, np.cumsum(target[order], dtype=np.float64)[last_of_tie]
