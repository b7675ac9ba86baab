"""Bootstrap intervals by company: whole companies are resampled, because rows of one company are not independent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sf_spark.ml.dataset import company_ranks
from sf_spark.ml.metrics import Ranking

LOW, HIGH = 0.05, 0.95  # the middle 90 %


@dataclass(frozen=True)
class Interval:
    """A figure and its middle 90 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f} .. {self.high:.3f}]"


def intervals(
    target: np.ndarray, score: np.ndarray, weight: np.ndarray, siren: np.ndarray, seed: int, resamples: int
) -> dict[str, float]:
    """Low and high of the average precision, the area under the ROC curve and the calibration ratio.

    Returns:
        ``<figure>_low`` and ``<figure>_high``; none where no draw defines the figure.
    """
    ranking = Ranking.of(target, score)
    figures: dict[str, Callable[[np.ndarray], float]] = {
        "average_precision": ranking.average_precision,
        "roc_auc": ranking.roc_auc,
        "calibration_ratio": lambda drawn: _ratio(drawn @ score, drawn @ target),
    }
    values: dict[str, list[float]] = {name: [] for name in figures}
    for drawn in _draws(weight, siren, seed, resamples):
        for name, figure in figures.items():
            values[name].append(figure(drawn))
    result: dict[str, float] = {}
    for name, drawn_values in values.items():
        known = np.array(drawn_values)[np.isfinite(drawn_values)]
        if len(known):
            low, high = np.quantile(known, [LOW, HIGH])
            result |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return result


def paired_difference(
    target: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    weight: np.ndarray,
    siren: np.ndarray,
    seed: int,
    resamples: int,
) -> Interval:
    """The difference in average precision between two scores on the same rows, resampled together."""
    one, other = Ranking.of(target, first), Ranking.of(target, second)

    def difference(drawn: np.ndarray) -> float:
        return one.average_precision(drawn) - other.average_precision(drawn)

    values = np.array([difference(drawn) for drawn in _draws(weight, siren, seed, resamples)])
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, [LOW, HIGH]) if len(known) else (float("nan"), float("nan"))
    return Interval(difference(weight), float(low), float(high))


def share(part: np.ndarray, whole: np.ndarray, siren: np.ndarray, seed: int, resamples: int) -> Interval:
    """A ratio of counts of rows, such as precision: alerts that failed, over all alerts.

    Args:
        part: 1 for a row of the numerator.
        whole: 1 for a row of the denominator.
        siren: Company of each row.
        seed: Seed of the draws.
        resamples: Number of draws.

    Returns:
        NaN where the denominator is empty.
    """
    known = whole > 0
    part, whole, siren = part[known].astype(np.float64), whole[known].astype(np.float64), siren[known]
    if not len(whole):
        return Interval(float("nan"), float("nan"), float("nan"))
    drawn = np.array([_ratio(d @ part, d @ whole) for d in _draws(np.ones(len(whole)), siren, seed, resamples)])
    low, high = np.quantile(drawn[np.isfinite(drawn)], [LOW, HIGH])
    return Interval(float(part.sum() / whole.sum()), float(low), float(high))


def _draws(weight: np.ndarray, siren: np.ndarray, seed: int, resamples: int) -> Iterator[np.ndarray]:
    """Weights of the rows when as many companies are drawn, with replacement."""
    company = company_ranks(siren)
    count = int(company.max()) + 1 if len(company) else 0
    draw = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(draw.integers(count, size=count), minlength=count)[company] * weight


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")
