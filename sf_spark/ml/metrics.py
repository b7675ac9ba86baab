"""Metrics on rows that a model has not seen. An undefined metric is absent, never zero.

A row may stand for several of the population (``weight``): metrics then describe the population.
"""

from dataclasses import dataclass

import numpy as np

CAPACITIES = (100, 500, 1000)
_BINS = 10


@dataclass(frozen=True)
class Ranking:
    """Rows sorted once by descending score, so that each metric takes one pass for any weights. Ties stay together."""

    order: np.ndarray
    ends: np.ndarray  # last position of each run of equal scores
    target: np.ndarray  # in order

    @classmethod
    def of(cls, target: np.ndarray, score: np.ndarray) -> "Ranking":
        """Sort the rows."""
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        return cls(order, ends, target[order].astype(np.float64))

    def counts(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight of failures, and of all rows, at or above each distinct score."""
        ranked = weight[self.order].astype(np.float64)
        return np.cumsum(ranked * self.target)[self.ends], np.cumsum(ranked)[self.ends]

    def average_precision(self, weight: np.ndarray) -> float:
        """Area under precision against recall, step by step; NaN without a failure."""
        hits, alerts = self.counts(weight)
        if hits[-1] <= 0:
            return float("nan")
        found = np.diff(hits, prepend=0.0)
        return float(np.sum(np.divide(hits, alerts, out=np.zeros_like(hits), where=alerts > 0) * found) / hits[-1])

    def roc_auc(self, weight: np.ndarray) -> float:
        """Chance that a failure is ranked above another row; a tie counts one half. NaN without both."""
        hits, alerts = self.counts(weight)
        others = alerts - hits
        if hits[-1] <= 0 or others[-1] <= 0:
            return float("nan")
        before = np.concatenate([[0.0], others[:-1]])
        return 1 - float(np.sum(np.diff(hits, prepend=0.0) * (before + others) / 2) / (hits[-1] * others[-1]))


def figures(
    target: np.ndarray, probability: np.ndarray, level: np.ndarray, weight: np.ndarray, siren: np.ndarray
) -> dict[str, float]:
    """All metrics of one set of rows, except those of monthly lists.

    Args:
        target: 0 or 1.
        probability: Calibrated probabilities.
        level: ``fort``, ``modere`` or ``aucun``, from cut-offs learned before the rows.
        weight: Rows of the population that each row stands for.
        siren: Company of each row.

    Returns:
        rows, companies, failures (rows), failing_companies, base_rate, brier, calibration_error, calibration_ratio;
        average_precision and roc_auc where both classes are present; for each level (``modere`` includes ``fort``)
        alerts, precision, recall and its own F-beta where they are defined.
    """
    total, failing = float(weight.sum()), target == 1
    result = {"rows": float(len(target)), "companies": float(len(np.unique(siren))), "failures": float(failing.sum())}
    result["failing_companies"] = float(len(np.unique(siren[failing])))
    if not len(target):
        return result
    rate = float(weight @ target) / total
    result |= {"base_rate": rate, "brier": float(weight @ (probability - target) ** 2) / total}
    result["calibration_error"] = calibration_error(target, probability, weight)
    if rate > 0:
        result["calibration_ratio"] = float(weight @ probability) / total / rate
    if failing.any() and not failing.all():
        ranking = Ranking.of(target, probability)
        result |= {"average_precision": ranking.average_precision(weight), "roc_auc": ranking.roc_auc(weight)}
    result |= level_figures(target, level == "fort", weight, "fort", beta=0.5)
    return result | level_figures(target, level != "aucun", weight, "modere", beta=2.0)


def level_figures(
    target: np.ndarray, alert: np.ndarray, weight: np.ndarray, name: str, beta: float
) -> dict[str, float]:
    """Alerts, their share, precision, recall and F-beta of a level; ``f05_fort`` for beta 0.5, ``f2_modere`` for 2."""
    hits, alerts = float(weight[alert] @ target[alert]), float(weight[alert].sum())
    failures = float(weight @ target)
    result = {f"alerts_{name}": alerts, f"alert_share_{name}": alerts / float(weight.sum())}
    if alerts:
        result[f"precision_{name}"] = hits / alerts
    if failures:
        result[f"recall_{name}"] = hits / failures
    if alerts or failures:
        label = f"{beta:g}".replace(".", "")
        result[f"f{label}_{name}"] = (1 + beta**2) * hits / (beta**2 * failures + alerts)
    return result


def capacity_figures(
    target: np.ndarray, probability: np.ndarray, month: np.ndarray, weight: np.ndarray
) -> dict[str, float]:
    """Precision, recall and lift of the first 100, 500 and 1 000 companies of each month's list, over all months.

    A month with fewer companies has no such list; ties in probability are taken in order.
    """
    result: dict[str, float] = {}
    for capacity in CAPACITIES:
        hits, listed, failures, rows = 0.0, 0.0, 0.0, 0.0
        for each in np.unique(month):
            of_month = np.flatnonzero(month == each)
            ranked = of_month[np.argsort(-probability[of_month], kind="stable")]
            mass = np.cumsum(weight[ranked])
            if mass[-1] < capacity:
                continue
            first = ranked[: int(np.searchsorted(mass, capacity)) + 1]
            hits, listed = hits + float(weight[first] @ target[first]), listed + float(weight[first].sum())
            failures, rows = failures + float(weight[of_month] @ target[of_month]), rows + float(mass[-1])
        if listed and failures:
            precision = hits / listed
            result |= {f"precision_at_{capacity}": precision, f"recall_at_{capacity}": hits / failures}
            result[f"lift_at_{capacity}"] = precision / (failures / rows)
    return result


def lead_time(target: np.ndarray, alert: np.ndarray, ahead: np.ndarray, siren: np.ndarray) -> dict[str, float]:
    """Median over the companies found of the months between the first alert and the opening."""
    found = alert & (target == 1)
    if not found.any():
        return {}
    _, company = np.unique(siren[found], return_inverse=True)
    longest = np.zeros(company.max() + 1)
    np.maximum.at(longest, company, ahead[found])
    return {"lead_time_months": float(np.median(longest))}


def calibration_error(target: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> float:
    """Mean gap between probability and observed rate, over ten groups of equal size sorted by probability."""
    gap = 0.0
    for group in np.array_split(np.argsort(probability, kind="stable"), min(_BINS, len(target))):
        gap += abs(float(weight[group] @ (probability[group] - target[group])))
    return gap / float(weight.sum())
