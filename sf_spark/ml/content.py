"""What a run logs, put together: parameters, figures, plots, the model card, the model and what decides with it."""

from dataclasses import asdict, replace
from typing import Any

import yaml

from sf_spark.ml import plots
from sf_spark.ml.card import write_card
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.evaluate import Evaluation
from sf_spark.ml.fit import Fitted
from sf_spark.ml.inputs import TrainingInputs
from sf_spark.ml.models import Definition
from sf_spark.ml.records import RunContent

_EXAMPLE_ROWS = 5


def evaluation_content(
    definition: Definition, inputs: TrainingInputs, evaluation: Evaluation, tags: dict[str, str]
) -> RunContent:
    """The run of an evaluation; figures of an origin are logged at the step AAAAMM."""
    return RunContent(
        name=definition.name,
        kind="evaluation",
        tags={"model": definition.name, **tags},
        params=_params(definition, inputs),
        metrics=evaluation.pooled,
        metrics_by_month={int(month.replace("-", "")): figures for month, figures in evaluation.by_origin.items()},
        figures={
            "precision_recall.png": plots.precision_recall(evaluation, definition.name),
            "calibration.png": plots.calibration(evaluation, definition.name),
        },
        texts={"model.yml": yaml.safe_dump(definition.as_dict(), allow_unicode=True, sort_keys=False)},
        evaluation=evaluation.as_dict(),
        tables={path: version for path, version in inputs.versions.items() if version >= 0},
        lake=inputs.lake,
    )


def training_content(
    definition: Definition, inputs: TrainingInputs, evaluation: Evaluation, fitted: Fitted, tags: dict[str, str]
) -> RunContent:
    """The run of a training: its evaluation, and the model with all that decides with it."""
    content = evaluation_content(definition, inputs, evaluation, tags)
    card = write_card(definition, inputs.final_data, fitted, evaluation, content.tables, inputs.train)
    return replace(
        content,
        kind="training",
        params={**content.params, **_sizes(inputs.final_data)},
        texts={**content.texts, "model-card.md": card},
        model=fitted.model,
        decision={
            "horizon": inputs.train.horizon,
            "thresholds": asdict(fitted.thresholds),
            "themes": inputs.themes,
            "definition": definition.as_dict(),
        },
        example=inputs.final_data.values[:_EXAMPLE_ROWS],
    )


def _params(definition: Definition, inputs: TrainingInputs) -> dict[str, Any]:
    settings = {f"train.{key}": value for key, value in inputs.train.model_dump().items()}
    versions = {f"version.{path}": version for path, version in inputs.versions.items()}
    return {"model": definition.name, "lake": inputs.lake, **settings, **versions, **definition.flat_params()}


def _sizes(data: Dataset) -> dict[str, int]:
    return {"training_rows": len(data), "training_failures": int(data.target.sum()), "signals": len(data.signals)}
