"""The cut-offs of the levels, learned from calibrated scores of companies that the model had not seen.

Cut-offs are inclusive (probability >= cut-off) and are always observed values:

    fort      best F0.5: an alert should be right
    modere    a capacity: the companies that can be visited in a month; or the best F2: a failure should be found

Of several cut-offs that score the same, the highest wins: the fewest alerts. ``fort`` is never below ``modere``.
"""

from dataclasses import dataclass

import numpy as np

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


def best_cutoff(target: np.ndarray, probability: np.ndarray, weight: np.ndarray, beta: float) -> float:
    """The observed probability whose alerts, at or above it, have the best F-beta; of ties, the highest."""
    cutoffs, alerts, hits = _counts(target, probability, weight)
    score = (1 + beta**2) * hits / (beta**2 * float(weight @ target) + alerts)
    return float(cutoffs[np.argmax(score)])  # cut-offs descend, and argmax takes the first of equals


def capacity_cutoff(probability: np.ndarray, weight: np.ndarray, most: float) -> float:
    """The lowest observed cut-off with at most ``most`` of the weight at or above it; a tie is all in or all out.

    Infinite when the rows of the highest probability already exceed it.
    """
    cutoffs, alerts, _ = _counts(np.zeros(len(probability)), probability, weight)
    fits = np.flatnonzero(alerts <= most * (1 + 1e-12))
    return float(cutoffs[fits[-1]]) if len(fits) else float("inf")


def choose(
    target: np.ndarray, probability: np.ndarray, weight: np.ndarray, capacity_share: float | None = None
) -> Thresholds:
    """Learn both cut-offs.

    Args:
        target: 0 or 1; at least one of each.
        probability: Calibrated probabilities of the same rows, from models that had not seen the company.
        weight: Rows of the population that each row stands for.
        capacity_share: Share of the companies that can be visited in a month; None for the best F2.
    """
    fort = best_cutoff(target, probability, weight, beta=0.5)
    if capacity_share is None:
        return Thresholds(min(best_cutoff(target, probability, weight, beta=2.0), fort), fort)
    modere = capacity_cutoff(probability, weight, capacity_share * float(weight.sum()))
    return Thresholds(modere, max(modere, fort))


def _counts(
    target: np.ndarray, probability: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct probabilities, descending, with the weight of rows and of failures at or above each."""
    order = np.argsort(-probability, kind="stable")
    ranked, mass = probability[order], weight[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    return ranked[ends], np.cumsum(mass)[ends], np.cumsum(mass * target[order])[ends]
