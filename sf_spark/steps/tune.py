"""Search for the parameters of a model, on data before the first test window: one run, with nested trials."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError
from sf_spark.ml import fingerprint
from sf_spark.ml.definition import Definition
from sf_spark.ml.fit import LearningTask, held_out_scores
from sf_spark.ml.metrics import Ranking
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.split import Part
from sf_spark.ml.tracking import Tracker
from sf_spark.ml.tuning import Trial, search
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.bench import inputs_of
from sf_spark.steps.train import MODELS


def tune(
    spark: SparkSession, settings: Settings, model: str, report: Report, save: str = "", models: Path = MODELS
) -> Trial:
    """Search, log, and report the result; an interrupted search is continued.

    The objective is the average precision on rows held out inside the training period of the first origin: test windows
    are never used.

    Args:
        spark: The session.
        settings: All settings; ``train.trials`` is the number of trials.
        model: A model of conf/models whose file has a ``search``.
        report: Takes progress lines.
        save: Write the best parameters as this model of conf/models; empty: only log them.
        models: Folder of the models.

    Raises:
        ConfigurationError: For an unknown model, or one without a search.
    """
    (definition,) = read_definitions(models, [model])
    if not definition.search:
        raise ConfigurationError(f"model '{model}' has nothing to search: give {models / model}.yml a 'search'")
    if save and (models / f"{save}.yml").exists():
        raise ConfigurationError(f"{models / save}.yml already exists: give --save another name")
    if settings.table:
        definition = definition.for_table()
    tracker = Tracker(settings.tracking_store(), settings.train.experiment, settings.artifact_store())
    with tracker.alone(report):
        inputs, horizon = inputs_of(spark, settings, report)
        train = inputs.train
        task = LearningTask(definition, horizon, train, inputs.infos, inputs.categorical)
        part = next(inputs.parts(task))
        mark = fingerprint.of_evaluation(inputs.identity, definition, train, f"search of {definition.search}")
        parent = tracker.open_search(f"{model} {horizon}m search", mark, task.horizon)

        def loss(params: dict[str, Any]) -> float:
            return -_trial(tracker, parent, task, params, part, mark, report)

        found = search(definition, loss, train.trials, train.seed)
        best = definition.with_params(found[0].params)
        text = yaml.safe_dump(_file_of(best), allow_unicode=True, sort_keys=False)
        tracker.close_search(parent, {"average_precision": -found[0].loss}, found[0].params, {"model.yml": text})
    report(
        f"best of {len(found)}: average precision {-found[0].loss:.4f} inside the training period: {found[0].params}"
    )
    if save:
        (models / f"{save}.yml").write_text(text, encoding="utf-8")
        report(f"wrote {models / save}.yml: the next train judges it beside the others")
    return found[0]


def _trial(
    tracker: Tracker, parent: str, task: LearningTask, params: dict[str, Any], part: Part, mark: str, report: Report
) -> float:
    """The average precision of one set of parameters: logged by an earlier identical search, or computed now."""
    known = tracker.trial(mark, params)
    if known is not None:
        return known
    started = time.time()
    tried = replace(task, definition=task.definition.with_params(params))
    held_out = held_out_scores(tried, part.past)
    ranking = Ranking.of(held_out.rows.target(task.horizon), held_out.raw)
    value = ranking.average_precision(held_out.rows.weight.astype(float))
    tracker.log_trial(parent, mark, params, {"average_precision": value}, int(started * 1000))
    report(f"average precision {value:.4f}, {time.time() - started:.0f} s: {params}")
    return value


def _file_of(definition: Definition) -> dict[str, Any]:
    return {key: value for key, value in definition.as_dict().items() if key != "name"}
