"""One fit: a model, its calibration and its cut-offs, all learned from the same rows."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from sf_spark.errors import TooLittleHistoryError
from sf_spark.ml import calibration
from sf_spark.ml.dataset import Dataset, company_ranks
from sf_spark.ml.definition import Definition
from sf_spark.ml.hazard import PERIOD
from sf_spark.ml.metrics import Ranking
from sf_spark.ml.models import SignalInfo, build
from sf_spark.ml.signal_model import SignalModel, fitting
from sf_spark.ml.split import fold_of
from sf_spark.ml.thresholds import Thresholds, choose
from sf_spark.settings import TrainSettings

MIN_FAILURES = 10  # with fewer, cut-offs and calibration are noise
_INNER_FAILURES = 30  # failures that an inner origin needs on each side; else folds of companies are better
_AT_ONCE = 2  # threads; the folds inside one of two fits have as many of their own, so at most three fits run
_FEW_VALUES = 20_000_000  # rows x signals: 80 MB, and 240 for each fit, which holds them as singles and doubles
_INNER_SHARE = 0.5  # share of the rows that the inner model must learn from, to resemble the final one


@dataclass(frozen=True)
class LearningTask:
    """A model's definition and the settings of its fit."""

    definition: Definition
    horizon: int
    train: TrainSettings
    infos: Mapping[str, SignalInfo] = field(default_factory=dict)
    categorical: tuple[int, ...] = ()

    @property
    def wait(self) -> int:
        """Months that must be known after a row before the model can learn from it."""
        return min(PERIOD, self.horizon) if self.definition.is_hazard else self.horizon


@dataclass(frozen=True)
class HeldOut:
    """Raw scores of matured rows, from models that had not seen them: of an inner origin, or of folds of companies."""

    rows: Dataset
    raw: np.ndarray
    protocol: str


@dataclass(frozen=True)
class Fitted:
    """A calibrated model, the cut-offs of its levels, and its results inside the training period."""

    model: SignalModel
    thresholds: Thresholds
    inner: dict[str, float]
    inner_protocol: str


def failures_suffice(target: np.ndarray, least: int = MIN_FAILURES) -> bool:
    """True when there are enough rows of both kinds to learn from."""
    failures = int(np.sum(target))
    return failures >= least and len(target) - failures >= least


def fit_model(task: LearningTask, past: Dataset) -> SignalModel:
    """Fit a model without calibration, on the rows that its kind can learn from."""
    definition, horizon = task.definition, task.horizon
    rows = past.where(past.seen >= task.wait)
    target = np.column_stack([rows.ahead, rows.seen]) if definition.is_hazard else rows.target(horizon)
    model = build(definition, rows.signals, task.train.seed, horizon, task.infos, task.categorical)
    weight = None if (rows.weight == 1).all() else rows.weight.astype(np.float64)
    return model.fit(rows.values, target, weight)


def fit_calibrated(task: LearningTask, past: Dataset) -> Fitted:
    """Fit a model, calibrate it and choose its cut-offs. The model that is kept learns from all rows.

    Raises:
        TooLittleHistoryError: When there are too few failures, or a fold has none.
    """
    target = past.matured_target(task.horizon)
    if not failures_suffice(target):
        raise TooLittleHistoryError(
            f"only {int(target.sum())} failures in {len(target)} training rows, at least {MIN_FAILURES} are needed: "
            "give more companies or more history"
        )
    model, held_out = _together([lambda: fit_model(task, past), lambda: held_out_scores(task, past)], past)
    rows, target, train = held_out.rows, held_out.rows.target(task.horizon), task.train
    weight = rows.weight.astype(np.float64)
    kind, curve = calibration.choose(held_out.raw, target, weight, company_ranks(rows.siren), train.calibration)
    model = model.set_params(calibration=kind, curve=curve)
    probability = model.calibrate(held_out.raw)
    share = capacity_share(past, task.horizon, train) if train.modere == "capacity" else None
    ranking = Ranking.of(target, held_out.raw)
    inner = {"average_precision": ranking.average_precision(weight), "roc_auc": ranking.roc_auc(weight)}
    return Fitted(model, choose(target, probability, weight, share), inner, held_out.protocol)


def held_out_scores(task: LearningTask, past: Dataset) -> HeldOut:
    """Scores for calibration and cut-offs: of an inner origin if the history is long enough, else of company folds."""
    has_matured = past.seen >= task.horizon
    first = int(past.month[has_matured].max()) - task.train.inner_months + 1
    earlier, later = past.known_at(first), past.where(has_matured & (past.month >= first))
    learned, tested = (part.matured_target(task.horizon) for part in (earlier, later))
    if (
        len(learned) >= _INNER_SHARE * has_matured.sum()
        and failures_suffice(learned, _INNER_FAILURES)
        and failures_suffice(tested, _INNER_FAILURES)
    ):
        return HeldOut(later, _raw_score(fit_model(task, earlier), later.values), "inner origin")
    return _by_company_folds(task, past, past.where(has_matured))


def _by_company_folds(task: LearningTask, past: Dataset, matured: Dataset) -> HeldOut:
    folds, seed = task.train.folds, task.train.seed
    fold, fold_matured = fold_of(past.siren, folds, seed), fold_of(matured.siren, folds, seed)
    raw = np.empty(len(matured))

    def fill(rank: int) -> None:
        others = past.where(fold != rank)
        if len(np.unique(others.matured_target(task.horizon))) < 2:
            raise TooLittleHistoryError("all failures are in one calibration fold: give more companies or more history")
        model, inside = fit_model(task, others), fold_matured == rank
        if inside.any():
            raw[inside] = _raw_score(model, matured.values[inside])

    _together([partial(fill, rank) for rank in range(folds)], past)
    return HeldOut(matured, raw, "company folds")


def _raw_score(model: SignalModel, values: np.ndarray) -> np.ndarray:
    with fitting():  # alone or beside other fits: the same digits
        return model.raw_score(values)


def _together(fits: Sequence[Callable[[], Any]], past: Dataset) -> list[Any]:
    """Run fits side by side where rows are few, since small fits leave cores idle; large ones need the memory alone."""
    if past.values.size > _FEW_VALUES:
        return [fit() for fit in fits]
    with fitting(), ThreadPoolExecutor(_AT_ONCE) as pool:
        return [done.result() for done in [pool.submit(fit) for fit in fits]]


def capacity_share(past: Dataset, horizon: int, train: TrainSettings) -> float:
    """The share of a month's companies that can be visited, from the last matured month of training."""
    has_matured = past.seen >= horizon
    last = past.month[has_matured].max()
    companies = float(past.weight[has_matured & (past.month == last)].sum())
    return min(train.capacity / companies, train.capacity_share)
