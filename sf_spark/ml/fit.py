"""One fit: a model, its calibration and its cut-offs, all from the same rows and from nothing else."""

from dataclasses import dataclass

import numpy as np

from sf_spark.errors import SfSparkError
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.models import Definition, build
from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.split import fold_of
from sf_spark.ml.thresholds import Thresholds, choose, platt
from sf_spark.settings import TrainSettings

MIN_FAILURES = 10  # with fewer, cut-offs and calibration are noise


@dataclass(frozen=True)
class Fitted:
    """A calibrated model and the cut-offs of its levels."""

    model: SignalModel
    thresholds: Thresholds


def failures_suffice(target: np.ndarray) -> bool:
    """True when there are enough rows of both kinds to learn from."""
    failures = int(np.sum(target))
    return failures >= MIN_FAILURES and len(target) - failures >= MIN_FAILURES


def fit_calibrated(definition: Definition, data: Dataset, train: TrainSettings) -> Fitted:
    """Fit a model, calibrate it and choose its cut-offs.

    Calibration and cut-offs are learned from cross-fitted scores: companies are dealt into folds, and each fold is
    scored by a model that has seen none of its companies. The model that is kept learns from all rows.

    Raises:
        SfSparkError: When there are too few failures, or a fold has none.
    """
    if not failures_suffice(data.target):
        raise SfSparkError(
            f"only {int(data.target.sum())} failures in {len(data)} training rows, at least {MIN_FAILURES} are needed: "
            "give more companies or more history"
        )
    held_out = cross_fitted_scores(definition, data, train)
    slope, intercept = platt(held_out, data.target)
    model = build(definition, list(data.signals), train.seed).fit(data.values, data.target)
    model.set_params(slope=slope, intercept=intercept)
    share = capacity_share(data, train.capacity) if train.capacity else None
    return Fitted(model, choose(data.target, model.calibrate(held_out), share))


def cross_fitted_scores(definition: Definition, data: Dataset, train: TrainSettings) -> np.ndarray:
    """The raw score of every row, from a model that has not seen the row's company."""
    fold = fold_of(data.siren, train.calibration_folds, train.seed)
    scores = np.empty(len(data))
    for rank in range(train.calibration_folds):
        inside = fold == rank
        if len(np.unique(data.target[~inside])) < 2:
            raise SfSparkError("all failures are in one calibration fold: give more companies or more history")
        model = build(definition, list(data.signals), train.seed).fit(data.values[~inside], data.target[~inside])
        if inside.any():
            scores[inside] = model.raw_score(data.values[inside])
    return scores


def capacity_share(data: Dataset, capacity: int) -> float:
    """The share of a month's companies that can be visited, from the last month of training."""
    return min(1.0, capacity / int(np.sum(data.month == data.month.max())))
