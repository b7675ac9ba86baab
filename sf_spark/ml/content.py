"""Assemble what a run logs: parameters, figures, plots, the model card, the model and its decision rules."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml

from sf_spark.ml import plots
from sf_spark.ml.card import write_card
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.evaluate import Evaluation
from sf_spark.ml.explain import Explainer, by_theme
from sf_spark.ml.fit import Fitted, LearningTask
from sf_spark.ml.models import SignalInfo
from sf_spark.ml.records import RunContent
from sf_spark.ml.split import Part
from sf_spark.settings import TrainSettings

_EXAMPLE_ROWS = 5
_EXPLAINED_ROWS = 500  # rows explained to weigh the themes
_IN_TABLE = (
    "average_precision",
    "roc_auc",
    "brier",
    "calibration_error",
    "base_rate",
    "companies",
    "failing_companies",
)


class Inputs(Protocol):
    """The source of training rows: the platform's tables, or another table."""

    lake: str
    train: TrainSettings

    @property
    def versions(self) -> Mapping[str, int]:
        """The version of each table."""

    @property
    def identity(self) -> Mapping[str, str]:
        """An identifier of the content of each table."""

    @property
    def final_data(self) -> Dataset:
        """The rows of the final model."""

    @property
    def infos(self) -> Mapping[str, SignalInfo]:
        """The dictionary's entry of each signal."""

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the columns that hold codes of categories."""

    @property
    def categories(self) -> Mapping[str, list[str]]:
        """The categories behind the codes of each column."""

    @property
    def dated(self) -> str:
        """The end date of the data."""

    @property
    def protocol(self) -> str:
        """The evaluation protocol, in words."""

    def parts(self, task: LearningTask, protocol: str = "new_failures") -> Iterator[Part]:
        """The tests of a protocol."""


def evaluation_content(
    task: LearningTask, inputs: Inputs, evaluation: Evaluation, tags: Mapping[str, str], started_at: int
) -> RunContent:
    """The content of an evaluation run; figures of an origin are logged at step AAAAMM."""
    name = " ".join([task.definition.name, f"{task.horizon}m", inputs.dated, *filter(None, [tags.get("protocol")])])
    return RunContent(
        name=name,
        kind="evaluation",
        tags={
            "model": task.definition.name,
            "horizon": str(task.horizon),
            "commit": commit(),
            "data": ", ".join(f"{path} {version}" for path, version in inputs.versions.items()),
            "protocol": inputs.protocol,
            "inner_protocol": evaluation.inner_protocol,
            **tags,
        },
        params=_params(task, inputs),
        metrics=evaluation.pooled,
        metrics_by_month={
            int(name.replace("-", "")): figures
            for name, figures in evaluation.by_origin.items()
            if name.replace("-", "").isdigit()
        },
        figures=plots.evaluation_plots(evaluation, name),
        texts={"model.yml": yaml.safe_dump(task.definition.as_dict(), allow_unicode=True, sort_keys=False)},
        evaluation=evaluation.as_dict(),
        tables={path: version for path, version in inputs.versions.items() if version >= 0},
        lake=inputs.lake,
        started_at=started_at,
        tables_shown={"by_segment.json": _columns(evaluation.by_segment)} if evaluation.by_segment else {},
        arrays=evaluation.arrays(),
    )


def training_content(
    task: LearningTask, inputs: Inputs, evaluation: Evaluation, fitted: Fitted, tags: Mapping[str, str], started_at: int
) -> RunContent:
    """The content of a training run: its evaluation, and the model with its decision rules."""
    content = evaluation_content(task, inputs, evaluation, tags, started_at)
    data, infos = inputs.final_data, inputs.infos
    card = write_card(task, data, fitted, evaluation, content.tables)
    themes = {name: info.theme for name, info in infos.items()}
    explainer = Explainer(fitted.model)
    return replace(
        content,
        kind="training",
        params={**content.params, **_sizes(data, task.horizon), "calibration": fitted.model.calibration},
        texts={**content.texts, "model-card.md": card},
        description=card,
        figures={
            **content.figures,
            "importance.png": plots.importance(_importance(explainer, data, themes), content.name),
        },
        model=fitted.model,
        decision={
            "horizon": task.horizon,
            "thresholds": asdict(fitted.thresholds),
            "expected_value": explainer.expected,
            "themes": themes,
            "measures": {name: info.measure for name, info in infos.items()},
            "categories": dict(inputs.categories),
            "definition": task.definition.as_dict(),
            "calibration": {"kind": fitted.model.calibration, "learned_on": fitted.inner_protocol},
        },
        example=data.values[:_EXAMPLE_ROWS],
    )


@cache
def commit() -> str:
    """The commit of the checkout, ``unknown`` outside one."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def _importance(explainer: Explainer, data: Dataset, themes: Mapping[str, str]) -> dict[str, float]:
    rows = data.values[:: max(1, len(data) // _EXPLAINED_ROWS)]
    names, sums = by_theme(explainer.contributions(rows), list(data.signals), themes)
    return dict(zip(names, np.abs(sums).mean(axis=0).tolist(), strict=True))


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = ["by", "segment", *_IN_TABLE]
    return {name: [row.get(name) for row in rows] for name in names}


def _params(task: LearningTask, inputs: Inputs) -> dict[str, Any]:
    settings = inputs.train.model_dump(exclude={"leak", "gate", "horizons", "models", "trials"})
    versions = {f"version.{path}": version for path, version in inputs.versions.items()}
    train = {f"train.{key}": value for key, value in settings.items()}
    return {
        "model": task.definition.name,
        "lake": inputs.lake,
        **train,
        **versions,
        **task.definition.flat_params(),
    }


def _sizes(data: Dataset, horizon: int) -> dict[str, int]:
    failing = data.where(data.ahead <= horizon)
    return {
        "training_rows": len(data),
        "training_companies": data.companies(),
        "training_failures": len(failing),
        "training_failing_companies": failing.companies(),
        "signals": len(data.signals),
    }
