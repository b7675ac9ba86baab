"""Figures of merit on rows that a model had not seen. An undefined figure is absent, never zero."""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

_RESAMPLES = 200  # enough for the 5th and 95th percentiles of a single figure


def figures(target: np.ndarray, probability: np.ndarray, level: np.ndarray) -> dict[str, float]:
    """All figures of one set of rows.

    Args:
        target: 0 or 1; rows of companies already in proceedings are not there, so every 1 is a new failure.
        probability: Calibrated probabilities.
        level: ``fort``, ``modere`` or ``aucun``, from cut-offs learned before the rows.

    Returns:
        rows, failures, base_rate, brier; average_precision and roc_auc where both classes are present; for each level
        (``modere`` holds ``fort`` too) alerts, precision, recall and its own F-beta where they are defined.
    """
    failures = int(np.sum(target))
    result = {"rows": float(len(target)), "failures": float(failures)}
    if len(target):
        result |= {"base_rate": failures / len(target), "brier": float(brier_score_loss(target, probability))}
    if 0 < failures < len(target):
        result["average_precision"] = float(average_precision_score(target, probability))
        result["roc_auc"] = float(roc_auc_score(target, probability))
    result |= level_figures(target, level == "fort", "fort", beta=0.5)
    return result | level_figures(target, level != "aucun", "modere", beta=2.0)


def level_figures(target: np.ndarray, alert: np.ndarray, name: str, beta: float) -> dict[str, float]:
    """Alerts, precision, recall and F-beta of one level; ``f05_fort`` for beta 0.5, ``f2_modere`` for beta 2."""
    hits, alerts, failures = float(np.sum(target[alert])), float(np.sum(alert)), float(np.sum(target))
    result = {f"alerts_{name}": alerts}
    if alerts:
        result[f"precision_{name}"] = hits / alerts
    if failures:
        result[f"recall_{name}"] = hits / failures
    if alerts or failures:
        label = f"{beta:g}".replace(".", "")
        result[f"f{label}_{name}"] = (1 + beta**2) * hits / (beta**2 * failures + alerts)
    return result


def average_precision_interval(
    target: np.ndarray, probability: np.ndarray, siren: np.ndarray, seed: int
) -> dict[str, float]:
    """The middle 90 % of the average precision when whole companies are drawn again with replacement (bootstrap).

    Rows of one company are not independent: drawing rows would make the interval too narrow.
    """
    _, company = np.unique(siren, return_inverse=True)
    companies = int(company.max()) + 1 if len(company) else 0
    draw = np.random.default_rng(seed)
    values = []
    for _ in range(_RESAMPLES):
        weight = np.bincount(draw.integers(companies, size=companies), minlength=companies)[company]
        if weight[target == 1].any() and weight[target == 0].any():
            values.append(average_precision_score(target, probability, sample_weight=weight))
    if not values:
        return {}
    low, high = np.quantile(values, [0.05, 0.95])
    return {"average_precision_low": float(low), "average_precision_high": float(high)}
