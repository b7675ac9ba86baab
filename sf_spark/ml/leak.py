"""The leak alarm: a signal or a model that predicts failures too well has seen the future.

Each signal alone becomes a rate of failure by bin (33 bins: quantiles, and unknown), learned on one half of the
companies and tested on the other. So a leak shows whatever its shape: rising, falling, or in missing values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sf_spark.errors import SfSparkError
from sf_spark.ml.metrics import Ranking
from sf_spark.settings import LeakSettings

_BINS = 32
_LEADS_FROM = 0.8  # below this area under the curve, a leading signal is just a good one
_MOST_ROWS = 200_000  # rows: enough to distinguish 0.95 from 0.90


@dataclass(frozen=True)
class SignalScore:
    """How well one signal alone ranks unseen companies."""

    signal: str
    roc_auc: float


def signal_scores(
    signals: Sequence[str], values: np.ndarray, target: np.ndarray, half: np.ndarray
) -> list[SignalScore]:
    """The area under the ROC curve of each signal alone, best first.

    Args:
        signals: Names of the columns.
        values: Rows x signals.
        target: 0 or 1.
        half: Which half of the companies each row belongs to (bool).
    """
    step = -(-len(target) // _MOST_ROWS)
    rows = np.zeros(len(target), dtype=bool)
    rows[::step] = True
    rows |= target == 1
    values, target, half = values[rows], target[rows], half[rows]
    weight = np.ones(len(target))
    scores = []
    for rank, name in enumerate(signals):
        rate = _rates(_bins(values[:, rank]), target, half)
        scores.append(SignalScore(name, Ranking.of(target, rate).roc_auc(weight)))
    return sorted(scores, key=lambda each: (-np.nan_to_num(each.roc_auc), each.signal))


def check_signals(scores: Sequence[SignalScore], measures: Mapping[str, str], bounds: LeakSettings) -> None:
    """Refuse signals that are too good to be true.

    Args:
        scores: Result of :func:`signal_scores`.
        measures: The measure of each signal; a signal without one is its own.
        bounds: Highest values allowed.

    Raises:
        SfSparkError: Naming the signals.
    """
    above = [each for each in scores if each.roc_auc > bounds.signal_auc]
    if not above:
        _check_lead(scores, measures, bounds.lead)
    if above:
        named = ", ".join(f"{each.signal} ({each.roc_auc:.3f})" for each in above[:5])
        raise SfSparkError(
            f"leak alarm: {len(above)} signal{'s' * (len(above) > 1)} alone predict failures too well to be true: "
            f"{named}; take them out, or raise train.leak.signal_auc ({bounds.signal_auc:g}) if you know why"
        )


def _check_lead(scores: Sequence[SignalScore], measures: Mapping[str, str], most: float) -> None:
    """Refuse good signals that are too far ahead of the best ordinary one, like labels with noise.

    Ordinary is a signal of a measure of which none is good, so that two leaks do not excuse one another.
    """
    good = [each for each in scores if each.roc_auc > _LEADS_FROM]
    leading = {measures.get(each.signal, each.signal) for each in good}
    others = [each for each in scores if measures.get(each.signal, each.signal) not in leading]
    if good and others and good[0].roc_auc - others[0].roc_auc > most:
        named = ", ".join(f"{each.signal} ({each.roc_auc:.3f})" for each in good[:5])
        raise SfSparkError(
            f"leak alarm: {named} alone reach{'es' * (len(good) == 1)} an area under the ROC curve far above that "
            f"of the best signal of another measure ({others[0].signal}, {others[0].roc_auc:.3f}): known only "
            f"afterwards? If not, raise train.leak.lead ({most:g})"
        )


def check_model(name: str, figures: Mapping[str, float], bounds: LeakSettings) -> None:
    """Refuse a model that is too good to be true as a whole.

    Raises:
        SfSparkError: Naming the model.
    """
    for figure, bound in (("roc_auc", bounds.model_auc), ("average_precision", bounds.model_average_precision)):
        if figures.get(figure, 0.0) > bound:
            raise SfSparkError(
                f"leak alarm: {name} reaches {figure} {figures[figure]:.3f} on companies it has not seen, above "
                f"train.leak.model_{'auc' if figure == 'roc_auc' else figure} ({bound:g}): some signals together know "
                "the future"
            )


def _bins(column: np.ndarray) -> np.ndarray:
    known = np.isfinite(column)
    bins = np.zeros(len(column), dtype=np.int64)  # 0: unknown
    if known.any():
        edges = np.unique(np.quantile(column[known], np.linspace(0, 1, _BINS + 1)[1:-1]))
        bins[known] = 1 + np.searchsorted(edges, column[known], side="left")
    return bins


def _rates(bins: np.ndarray, target: np.ndarray, half: np.ndarray) -> np.ndarray:
    """The rate of failure of each row's bin in the other half of the companies, shrunk towards the mean."""
    rate = np.empty(len(target))
    for side in (half, ~half):
        learned = ~side
        mean = float(target[learned].mean()) if learned.any() else 0.0
        failures = np.bincount(bins[learned], target[learned], minlength=_BINS + 2)
        rows = np.bincount(bins[learned], minlength=_BINS + 2)
        rate[side] = ((failures + 10 * mean) / (rows + 10))[bins[side]]
    return rate
