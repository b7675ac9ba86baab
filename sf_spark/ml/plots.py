"""Two plots of an evaluation: precision against recall, and calibration."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure  # without pyplot: no display, no global state
from sklearn.metrics import precision_recall_curve

from sf_spark.ml.evaluate import Evaluation

_BINS = 10


def precision_recall(evaluation: Evaluation, title: str) -> Figure:
    """Precision against recall on the pooled test rows, with the two levels and the base rate."""
    precision, recall, _ = precision_recall_curve(evaluation.target, evaluation.probability)
    figure, axes = _new(title, "recall", "precision")
    axes.plot(recall, precision, color="tab:blue", label="model")
    axes.axhline(evaluation.pooled["base_rate"], color="grey", linestyle=":", label="base rate")
    for level, marker in (("fort", "s"), ("modere", "o")):
        recall_there, precision_there = (evaluation.pooled.get(f"{name}_{level}") for name in ("recall", "precision"))
        if recall_there is not None and precision_there is not None:
            axes.plot([recall_there], [precision_there], marker, label=level)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()
    return figure


def calibration(evaluation: Evaluation, title: str) -> Figure:
    """Observed rate of failure against mean probability, in ten groups of equal size; log scales: failures are rare."""
    predicted, observed = calibration_groups(evaluation.target, evaluation.probability)
    figure, axes = _new(title, "mean probability", "observed rate of failure")
    shown = observed > 0
    low = max(1e-4, float(min(predicted.min(), observed[shown].min())) / 2)
    axes.plot([low, 1], [low, 1], color="grey", linestyle=":", label="perfect")
    axes.plot(predicted[shown], observed[shown], "o-", color="tab:blue", label="model")
    axes.set(xscale="log", yscale="log")
    axes.legend()
    return figure


def calibration_groups(target: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean probability and observed rate of up to ten groups of equal size, by rising probability."""
    groups = np.array_split(np.argsort(probability, kind="stable"), min(_BINS, len(target)))
    return (
        np.array([probability[group].mean() for group in groups]),
        np.array([target[group].mean() for group in groups]),
    )


def _new(title: str, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 5), layout="tight")
    axes = figure.subplots()
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return figure, axes
