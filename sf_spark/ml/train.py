"""Train every configured model, judge it by rolling origins, register the best one. What is done is not done again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from sf_spark.ml import fingerprint
from sf_spark.ml.content import evaluation_content, training_content
from sf_spark.ml.evaluate import describe, rolling_evaluation
from sf_spark.ml.fit import fit_calibrated
from sf_spark.ml.inputs import TrainingInputs
from sf_spark.ml.models import Definition, definition_of, read_definitions
from sf_spark.ml.records import RunRecord
from sf_spark.ml.tracking import Tracker
from sf_spark.settings import PROJECT_ROOT, Settings, TrainSettings

MODELS = PROJECT_ROOT / "conf" / "models"
Report = Callable[[str], None]


@dataclass(frozen=True)
class TrainingResult:
    """One finished run for each model, the best of them, the version it is registered as, and who is champion now."""

    runs: list[RunRecord]
    best: RunRecord
    version: str
    champion: str


def train(spark: SparkSession, settings: Settings, report: Report, models: Path = MODELS) -> TrainingResult:
    """Train, evaluate, log and register; a second call on the same data finds the runs and the version by their tags.

    The model with the best pooled average precision is registered and becomes champion. It has learned from every
    matured month; its figures are those of models that learned at the origins.

    Raises:
        MissingTableError: When signals, labels or panel have not been written.
        ConfigurationError: For a model's file that cannot be used.
        SfSparkError: When there is too little history or too few failures.
    """
    definitions = read_definitions(models)
    tracker = Tracker(settings.tracking_store(), settings.train.experiment, settings.artifact_store())
    with tracker.alone(report):
        inputs = _inputs(spark, settings.lake, settings.train, report)
        runs = [_train_once(tracker, definition, inputs, report) for definition in definitions]
        rank = max(range(len(runs)), key=lambda each: runs[each].metrics["average_precision"])
        best, name, mark = runs[rank], settings.train.model_name, _training_mark(definitions[rank], inputs)
        version, known = tracker.register(best.run_id, name, mark)
        reason = f"{best.name}: average precision {best.metrics['average_precision']:.4f}"
        champion = tracker.promote(name, version, reason)
    report(f"best of {len(runs)}: {best.name}, {name} version {version} ({'known' if known else 'registered'})")
    by_hand = "" if champion == version else f"; version {version} was champion before, and the alias was moved since"
    report(f"champion: version {champion}{by_hand}")
    return TrainingResult(runs, best, version, champion)


def evaluate_champion(spark: SparkSession, settings: Settings, report: Report, disjoint: bool = False) -> RunRecord:
    """Evaluate the champion's configuration by rolling origins on today's data; logs a run, registers nothing.

    Args:
        spark: The session.
        settings: All settings; the horizon is the champion's own.
        report: Takes progress lines.
        disjoint: Keep the companies of training and test apart too.

    Raises:
        SfSparkError: When there is no champion, or too little history.
    """
    tracker = Tracker(settings.tracking_store(), settings.train.experiment, settings.artifact_store())
    champion = tracker.champion(settings.train.model_name)
    definition = definition_of(champion.decision["definition"]["name"], champion.decision["definition"])
    report(f"champion: {champion.name} version {champion.version}, {definition.name}")
    with tracker.alone(report):
        rules = settings.train.model_copy(update={"horizon": champion.decision["horizon"], "disjoint": disjoint})
        inputs = _inputs(spark, settings.lake, rules, report)
        record = _evaluate_once(tracker, definition, inputs, report)
    for origin, figures in record.evaluation["by_origin"].items():
        report(f"origin {origin}: {describe(figures)}")
    report(f"all origins: {describe(record.metrics)}")
    return record


def _inputs(spark: SparkSession, lake: str, rules: TrainSettings, report: Report) -> TrainingInputs:
    inputs = TrainingInputs(spark, lake, rules, report)
    report("reads " + ", ".join(f"{path} (version {version})" for path, version in inputs.versions.items()))
    return inputs


def _train_once(tracker: Tracker, definition: Definition, inputs: TrainingInputs, report: Report) -> RunRecord:
    name, mark = definition.name, _training_mark(definition, inputs)
    killed = tracker.close_killed("training", mark)
    if killed:
        report(f"{name}: closed {killed} run(s) that a killed training left open")
    record = tracker.finished("training", mark)
    if record is not None:
        report(f"{name}: run {record.run_id} has the same data, settings and code; used again")
        report(f"{name}: {describe(record.metrics)}")
        return record
    evaluation = rolling_evaluation(definition, inputs.data, inputs.plan.splits, inputs.train, report)
    report(f"{name}: {describe(evaluation.pooled)}")
    fitted = fit_calibrated(definition, inputs.final_data, inputs.train)
    tags = {"evaluation": _evaluation_mark(definition, inputs), "training": mark}
    run_id = tracker.log(training_content(definition, inputs, evaluation, fitted, tags))
    report(f"{name}: learned from {len(inputs.final_data)} rows, logged as run {run_id}")
    return RunRecord(run_id, name, evaluation.pooled, evaluation.as_dict())


def _evaluate_once(tracker: Tracker, definition: Definition, inputs: TrainingInputs, report: Report) -> RunRecord:
    mark = _evaluation_mark(definition, inputs)
    tracker.close_killed("evaluation", mark)
    record = tracker.finished("evaluation", mark)
    if record is not None:
        report(f"run {record.run_id} has the same data, settings and code; used again")
        return record
    evaluation = rolling_evaluation(definition, inputs.data, inputs.plan.splits, inputs.train, report)
    run_id = tracker.log(evaluation_content(definition, inputs, evaluation, {"evaluation": mark}))
    report(f"logged as run {run_id}")
    return RunRecord(run_id, definition.name, evaluation.pooled, evaluation.as_dict())


def _evaluation_mark(definition: Definition, inputs: TrainingInputs) -> str:
    return fingerprint.of_evaluation(inputs.identity, definition, inputs.train)


def _training_mark(definition: Definition, inputs: TrainingInputs) -> str:
    return fingerprint.of_training(_evaluation_mark(definition, inputs), inputs.train.model_name)
