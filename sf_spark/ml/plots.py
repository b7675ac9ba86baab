"""The plots of a run: precision and recall, calibration, results by capacity, theme and month."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure  # not pyplot: no display, no global state

from sf_spark.domain.calendar import start_of
from sf_spark.ml.evaluate import Evaluation
from sf_spark.ml.metrics import Ranking

_BINS = 10


def evaluation_plots(evaluation: Evaluation, title: str) -> dict[str, Figure]:
    """Every plot of an evaluation, by file name."""
    return {
        "precision_recall.png": precision_recall(evaluation, title),
        "reliability.png": reliability(evaluation, title),
        "gain.png": gain(evaluation, title),
        "lift.png": lift(evaluation, title),
        "stability.png": stability(evaluation, title),
    }


def precision_recall(evaluation: Evaluation, title: str) -> Figure:
    """Precision against recall on the pooled test rows, with the two levels and the base rate."""
    hits, alerts = Ranking.of(evaluation.target, evaluation.probability).counts(evaluation.weight)
    figure, axes = _new(title, "recall", "precision")
    axes.plot(hits / hits[-1], hits / alerts, color="tab:blue", label="model")
    axes.axhline(evaluation.pooled["base_rate"], color="grey", linestyle=":", label="base rate")
    for level, marker in (("fort", "s"), ("modere", "o")):
        recall, precision = (evaluation.pooled.get(f"{name}_{level}") for name in ("recall", "precision"))
        if recall is not None and precision is not None:
            axes.plot([recall], [precision], marker, label=level)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="upper right")  # the best place is searched for among all points
    return figure


def reliability(evaluation: Evaluation, title: str) -> Figure:
    """Observed rate of failure against mean probability, in ten groups of equal size; log scales: failures are rare."""
    predicted, observed = reliability_groups(evaluation.target, evaluation.probability)
    figure, axes = _new(title, "mean probability", "observed rate of failure")
    shown = observed > 0
    low = max(1e-4, float(min(predicted.min(), observed[shown].min())) / 2)
    axes.plot([low, 1], [low, 1], color="grey", linestyle=":", label="perfect")
    axes.plot(predicted[shown], observed[shown], "o-", color="tab:blue", label="model")
    axes.set(xscale="log", yscale="log")
    axes.legend(loc="upper left")
    return figure


def gain(evaluation: Evaluation, title: str) -> Figure:
    """Share of the failures found against the share of companies visited."""
    hits, alerts = Ranking.of(evaluation.target, evaluation.probability).counts(evaluation.weight)
    figure, axes = _new(title, "share of companies visited", "share of failures found")
    axes.plot(np.append(0, alerts / alerts[-1]), np.append(0, hits / hits[-1]), color="tab:blue", label="model")
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="chance")
    axes.legend(loc="lower right")
    return figure


def lift(evaluation: Evaluation, title: str) -> Figure:
    """Precision over base rate against the share of companies visited (log scale)."""
    hits, alerts = Ranking.of(evaluation.target, evaluation.probability).counts(evaluation.weight)
    figure, axes = _new(title, "share of companies visited", "lift")
    axes.plot(alerts / alerts[-1], hits / alerts / evaluation.pooled["base_rate"], color="tab:blue")
    axes.axhline(1, color="grey", linestyle=":")
    axes.set(xscale="log")
    return figure


def stability(evaluation: Evaluation, title: str) -> Figure:
    """Mean probability, rate of failure and share of alerts of each tested month."""
    months = np.unique(evaluation.month)
    rows = [evaluation.month == month for month in months]
    names = [f"{start_of(int(month)):%Y-%m}" for month in months]
    figure, axes = _new(title, "month", "share of the companies")
    axes.plot(names, [evaluation.probability[each].mean() for each in rows], "o-", label="mean probability")
    axes.plot(names, [evaluation.target[each].mean() for each in rows], "s-", label="rate of failure")
    axes.plot(names, [(evaluation.level[each] != "aucun").mean() for each in rows], "^-", label="alerts")
    axes.tick_params("x", rotation=60)
    axes.legend()
    return figure


def importance(shares: Mapping[str, float], title: str) -> Figure:
    """Mean weight of each theme in the scores: the mean of the absolute net contributions."""
    names = sorted(shares, key=lambda name: shares[name])
    figure, axes = _new(title, "mean absolute contribution to the score", "")
    axes.barh(names, [shares[name] for name in names], color="tab:blue")
    return figure


def reliability_groups(target: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
