"""Rolling-origin evaluation: at each origin a model learns what was known then, and is tested on what came later."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sf_spark.calendar import start_of
from sf_spark.errors import SfSparkError
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.fit import failures_suffice, fit_calibrated
from sf_spark.ml.metrics import average_precision_interval, figures
from sf_spark.ml.models import Definition
from sf_spark.ml.split import Split, split_masks
from sf_spark.settings import TrainSettings

_SHOWN = ("average_precision", "roc_auc", "brier", "base_rate")
_SHOWN_BY_LEVEL = ("precision", "recall")


@dataclass(frozen=True)
class Evaluation:
    """Test rows of all origins, pooled (siren, target, probability, level), and the figures that follow."""

    siren: np.ndarray
    target: np.ndarray
    probability: np.ndarray
    level: np.ndarray
    pooled: dict[str, float]
    by_origin: dict[str, dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """The figures, for a JSON file."""
        return {"pooled": self.pooled, "by_origin": self.by_origin}


def rolling_evaluation(
    definition: Definition,
    data: Dataset,
    splits: list[Split],
    train: TrainSettings,
    report: Callable[[str], None],
) -> Evaluation:
    """Evaluate a model at every origin that can be; levels come from the cut-offs that were learned at the origin.

    Probabilities of different origins are pooled because they are calibrated; raw scores would not compare.

    Raises:
        SfSparkError: When no origin has enough failures to learn from and one to find.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    by_origin: dict[str, dict[str, float]] = {}
    for split in splits:
        origin = f"{start_of(split.origin):%Y-%m}"
        past, test = (
            data.where(mask) for mask in split_masks(split, data.siren, data.month, train.disjoint, train.seed)
        )
        if not failures_suffice(past.target) or not test.target.any():
            report(f"origin {origin} left out: {past.target.sum()} failures to learn from, {test.target.sum()} to find")
            continue
        fitted = fit_calibrated(definition, past, train)
        probability = fitted.model.predict_proba(test.values)[:, 1]
        level = fitted.thresholds.levels(probability)
        by_origin[origin] = {"training_rows": float(len(past)), **figures(test.target, probability, level)}
        parts.append((test.siren, test.target, probability, level))
    if not parts:
        raise SfSparkError(
            f"no origin can be evaluated at a horizon of {train.horizon} months: give more history or companies, "
            "or set a shorter train.horizon"
        )
    siren, target, probability, level = (np.concatenate(column) for column in zip(*parts, strict=True))
    pooled = figures(target, probability, level)
    pooled |= average_precision_interval(target, probability, siren, train.seed)
    return Evaluation(siren, target, probability, level, pooled, by_origin)


def describe(pooled: dict[str, float]) -> str:
    """The main figures in one line."""
    parts = [f"{name} {pooled[name]:.3f}" for name in _SHOWN if name in pooled]
    if "average_precision_low" in pooled:
        parts[0] += f" [{pooled['average_precision_low']:.3f} .. {pooled['average_precision_high']:.3f}]"
    for level in ("fort", "modere"):
        names = [f"{name}_{level}" for name in _SHOWN_BY_LEVEL]
        parts += [f"{name} {pooled[name]:.2f}" for name in names if name in pooled]
    return ", ".join(parts)
