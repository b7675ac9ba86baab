"""Evaluation: at each origin a model learns what was known then, and is tested on what came later."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sf_spark.domain.calendar import start_of
from sf_spark.errors import TooLittleHistoryError
from sf_spark.ml.bootstrap import intervals
from sf_spark.ml.fit import LearningTask, failures_suffice, fit_calibrated
from sf_spark.ml.metrics import capacity_figures, figures, lead_time
from sf_spark.ml.split import Part

_SHOWN = ("average_precision", "roc_auc", "brier", "calibration_error", "base_rate", "companies", "failing_companies")
_SHOWN_BY_LEVEL = ("precision", "recall")
_SEGMENT_RESAMPLES = 50
_SEGMENT_FAILURES = 10  # failing companies that a segment needs for ranking figures


@dataclass(frozen=True)
class Evaluation:
    """Test rows of all parts, pooled, and the figures that follow."""

    siren: np.ndarray
    month: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    probability: np.ndarray
    level: np.ndarray
    pooled: dict[str, float]
    by_origin: dict[str, dict[str, float]]
    by_segment: list[dict[str, Any]]
    inner_protocol: str

    def as_dict(self) -> dict[str, Any]:
        """The figures, for a JSON file."""
        return {
            "pooled": self.pooled,
            "by_origin": self.by_origin,
            "by_segment": self.by_segment,
            "inner_protocol": self.inner_protocol,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """The test rows, for a file."""
        names = ("siren", "month", "target", "weight", "probability")
        return {name: getattr(self, name) for name in names} | {"level": self.level.astype("U6")}


def evaluate(task: LearningTask, parts: Iterable[Part], report: Callable[[str], None]) -> Evaluation:
    """Evaluate a model on every part that allows it; levels come from the cut-offs learned in each part.

    Probabilities of different parts are pooled because they are calibrated; raw scores are not comparable.

    Raises:
        TooLittleHistoryError: When no part has enough failures to learn from, or none has one to find.
    """
    rows: list[dict[str, np.ndarray]] = []
    by_origin: dict[str, dict[str, float]] = {}
    protocols: list[str] = []
    for part in parts:
        target, learned = part.test.target(task.horizon), part.past.matured_target(task.horizon)
        if not failures_suffice(learned) or not len(target):
            report(
                f"origin {part.name} left out: {learned.sum()} failures to learn from, {len(target)} rows to test on"
            )
            continue
        fitted = fit_calibrated(task, part.past)
        probability = fitted.model.predict_proba(part.test.values)[:, 1]
        test, level = part.test, fitted.thresholds.levels(probability)
        found = figures(target, probability, level, test.weight, test.siren)
        inner = {f"inner_{name}": value for name, value in fitted.inner.items()}
        by_origin[part.name] = {"training_rows": float(len(part.past)), **found, **inner}
        protocols.append(fitted.inner_protocol)
        rows.append(
            {
                "siren": test.siren,
                "month": test.month,
                "target": target,
                "weight": test.weight.astype(np.float64),
                "probability": probability,
                "level": level,
                "ahead": test.ahead,
                "group month": np.array([f"{start_of(int(month)):%Y-%m}" for month in test.month]),
                **{f"group {name}": column for name, column in test.groups.items()},
            }
        )
    # A part without a failure has no ranking of its own, but its alerts are false ones.
    if not any(each["target"].any() for each in rows):
        raise TooLittleHistoryError(
            f"no origin can be evaluated at a horizon of {task.horizon} months: give more history or companies, "
            "or set a shorter train.horizon"
        )
    pooled = {name: np.concatenate([each[name] for each in rows]) for name in rows[0]}
    return _evaluation(task, pooled, by_origin, ", ".join(sorted(set(protocols))))


def _evaluation(
    task: LearningTask, rows: dict[str, np.ndarray], by_origin: dict[str, dict[str, float]], inner_protocol: str
) -> Evaluation:
    target, probability, level, weight, siren = (
        rows[name] for name in ("target", "probability", "level", "weight", "siren")
    )
    train = task.train
    pooled = figures(target, probability, level, weight, siren)
    pooled |= intervals(target, probability, weight, siren, train.seed, train.resamples)
    pooled |= capacity_figures(target, probability, rows["month"], weight)
    pooled |= lead_time(target, level != "aucun", rows["ahead"], siren)
    for name in ("average_precision", "roc_auc"):
        pooled[f"inner_{name}"] = float(np.mean([each[f"inner_{name}"] for each in by_origin.values()]))
    return Evaluation(
        siren=siren,
        month=rows["month"],
        target=target,
        weight=weight,
        probability=probability,
        level=level,
        pooled=pooled,
        by_origin=by_origin,
        by_segment=_by_segment(rows, train.seed),
        inner_protocol=inner_protocol,
    )


def _by_segment(rows: dict[str, np.ndarray], seed: int) -> list[dict[str, Any]]:
    """Figures of each sector, size, region and month; ranking figures only where enough companies fail."""
    table = []
    for name in (key for key in rows if key.startswith("group ")):
        for value in np.unique(rows[name]):
            mask = rows[name] == value
            part = {key: rows[key][mask] for key in ("target", "probability", "level", "weight", "siren")}
            found = figures(part["target"], part["probability"], part["level"], part["weight"], part["siren"])
            if found["failing_companies"] >= _SEGMENT_FAILURES:
                found |= intervals(
                    part["target"], part["probability"], part["weight"], part["siren"], seed, _SEGMENT_RESAMPLES
                )
            else:
                found = {key: found[key] for key in found if key not in ("average_precision", "roc_auc")}
            table.append({"by": name.removeprefix("group "), "segment": str(value), **found})
    return table


def describe(pooled: dict[str, float]) -> str:
    """The main figures in one line."""
    parts = []
    for name in _SHOWN:
        if name not in pooled:
            continue
        value = pooled[name]
        text = f"{name} {value:.0f}" if name.endswith("companies") else f"{name} {value:.3f}"
        if f"{name}_low" in pooled:
            text += f" [{pooled[f'{name}_low']:.3f} .. {pooled[f'{name}_high']:.3f}]"
        parts.append(text)
    for level in ("fort", "modere"):
        names = [f"{name}_{level}" for name in _SHOWN_BY_LEVEL]
        parts += [f"{name} {pooled[name]:.2f}" for name in names if name in pooled]
    return ", ".join(parts)
