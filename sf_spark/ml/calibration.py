"""Calibration: the curve that turns a raw score into a probability, learned from scores of companies not seen.

    kind       curve                          probability
    platt      slope, intercept               s(slope x raw + intercept), s the logistic function; Platt (1999)
    beta       slope, intercept, a, b, c      s(a ln u - b ln(1 - u) + c), u the one of platt; Kull et al. (2017)
    isotonic   raw scores, probabilities      by interpolation between the steps of the best-fitting rising curve

Every curve rises, so that ranks and contributions keep their meaning; the isotonic one may create ties.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

_CERTAIN = 1e-6  # margin of probabilities from 0 and 1: nothing is certain, and logarithms need it
_WORTH_IT = 0.001  # relative gain in log loss that a richer curve needs to replace Platt's two numbers
_FOLDS = 5


def calibrate(kind: str, curve: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Turn raw scores into probabilities (doubles)."""
    raw = np.asarray(raw, dtype=np.float64)
    if kind == "isotonic":
        return np.interp(raw, curve[0], curve[1])
    score = curve[0] * raw + curve[1]
    if kind == "beta":
        score = curve[2] * -np.logaddexp(0, -score) - curve[3] * -np.logaddexp(0, score) + curve[4]
    return 1.0 / (1.0 + np.exp(-score))


def platt(raw: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fit slope and intercept. A score that ranks no better than chance gets slope 0 and the base rate."""
    spread = float(np.std(raw))
    if spread > 0:
        scaled = ((raw - raw.mean()) / spread).reshape(-1, 1)
        line = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(scaled, target, sample_weight=weight)
        slope = float(line.coef_[0, 0]) / spread
        if slope > 0:
            return np.array([slope, float(line.intercept_[0]) - slope * float(raw.mean())])
    rate = float(np.average(target, weights=weight))
    return np.array([0.0, float(np.log(rate / (1 - rate)))])


def beta(raw: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fit the beta curve behind Platt's; a and b are never negative, so the curve rises."""
    first = platt(raw, target, weight)
    score = first[0] * raw + first[1]
    low, high = -np.logaddexp(0, -score), -np.logaddexp(0, score)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        line = values[0] * low - values[1] * high + values[2]
        error = weight * (1 / (1 + np.exp(-line)) - target) / weight.sum()
        value = float(np.sum(weight * (np.logaddexp(0, line) - target * line)) / weight.sum())
        return value, np.array([error @ low, -error @ high, error.sum()])

    found = minimize(loss, np.array([1.0, 1.0, 0.0]), jac=True, bounds=[(0, None), (0, None), (None, None)])
    return np.concatenate([first, found.x])


def isotonic(raw: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fit the best rising steps (2 x knots: raw scores, probabilities)."""
    steps = IsotonicRegression(y_min=_CERTAIN, y_max=1 - _CERTAIN, out_of_bounds="clip").fit(raw, target, weight)
    return np.vstack([steps.X_thresholds_, steps.y_thresholds_]).astype(np.float64)


FITS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "platt": platt,
    "beta": beta,
    "isotonic": isotonic,
}


def choose(
    raw: np.ndarray, target: np.ndarray, weight: np.ndarray, company: np.ndarray, kind: str
) -> tuple[str, np.ndarray]:
    """Fit the curve of a kind; ``auto`` takes the kind that best predicts held-out companies.

    Args:
        raw: Scores of rows whose company the model had not seen.
        target: 0 or 1.
        weight: Weight of each row.
        company: Rank of each row's company; a company is in one fold.
        kind: ``platt``, ``beta``, ``isotonic`` or ``auto``.
    """
    if kind == "auto":
        losses = {name: _held_out_loss(fit, name, raw, target, weight, company % _FOLDS) for name, fit in FITS.items()}
        best = min(losses, key=lambda name: losses[name])
        kind = best if losses[best] < losses["platt"] * (1 - _WORTH_IT) else "platt"
    return kind, FITS[kind](raw, target, weight)


def _held_out_loss(
    fit: Callable[..., np.ndarray],
    kind: str,
    raw: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    fold: np.ndarray,
) -> float:
    total = 0.0
    for rank in range(_FOLDS):
        out = fold == rank
        if not out.any() or len(np.unique(target[~out])) < 2:
            continue
        curve = fit(raw[~out], target[~out], weight[~out])
        probability = np.clip(calibrate(kind, curve, raw[out]), _CERTAIN, 1 - _CERTAIN)
        gain = np.where(target[out] == 1, np.log(probability), np.log1p(-probability))
        total -= float(weight[out] @ gain)
    return total
