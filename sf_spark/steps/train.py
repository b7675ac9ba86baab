"""Train every configured model for each horizon, evaluate it at rolling origins, register the best as challenger.

The champion only changes when the challenger passes the gate. Finished work is reused.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError, TooLittleHistoryError
from sf_spark.ml import fingerprint, leak
from sf_spark.ml.content import Inputs, training_content
from sf_spark.ml.definition import Definition
from sf_spark.ml.evaluate import describe, evaluate
from sf_spark.ml.fit import fit_calibrated
from sf_spark.ml.gate import Verdict
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.models import idle_constraints
from sf_spark.ml.records import RunRecord
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.ml.split import fold_of
from sf_spark.ml.tracking import Tracker
from sf_spark.settings import PROJECT_ROOT, Settings, TrainSettings
from sf_spark.steps import Report
from sf_spark.steps.inputs.any_table import HORIZON, TableInputs
from sf_spark.steps.inputs.bench import Bench, for_table
from sf_spark.steps.inputs.model_names import model_name_of
from sf_spark.steps.inputs.training import TrainingInputs
from sf_spark.steps.outputs.champion import put_through_the_gate

MODELS = PROJECT_ROOT / "conf" / "models"


@dataclass(frozen=True)
class TrainingResult:
    """The result of a horizon: a finished run for each model, the best run, its version, the champion, the verdict."""

    horizon: int
    runs: list[RunRecord]
    best: RunRecord
    version: str
    champion: str | None
    verdict: Verdict | None


def train(spark: SparkSession, settings: Settings, report: Report, models: Path = MODELS) -> list[TrainingResult]:
    """Train, evaluate, log and register for each horizon; a second call on the same data reuses runs and versions.

    Raises:
        MissingTableError: When signals, labels or panel have not been written.
        ConfigurationError: For an invalid model file.
        TooLittleHistoryError: When there are too few months or failures for the horizon of the list.
        SfSparkError: On a leak alarm.
    """
    definitions = read_definitions(models, settings.train.models)
    tracker = Tracker(settings.tracking_store(), settings.train.experiment, settings.artifact_store())
    registry = Registry(settings.tracking_store())
    results = []
    with tracker.alone(report):
        if settings.table:
            table = TableInputs(spark, settings, report)
            name = model_name_of(settings)
            check_same_table(registry, name, table.signature)
            bench = Bench(tracker, registry, table, HORIZON, report, {"table": table.signature})
            return [train_all(bench, for_table(definitions, report), name, needs_rule=False)]
        for horizon in horizons_of(settings.train):
            report(f"horizon {horizon} months")
            train_settings = settings.train.model_copy(update={"horizon": horizon})
            inputs = TrainingInputs(spark, settings.lake, train_settings, report)
            report("reads " + ", ".join(f"{path} (version {version})" for path, version in inputs.versions.items()))
            name = registered_name(settings.train.model_name, horizon)
            try:
                results.append(train_all(Bench(tracker, registry, inputs, horizon, report), definitions, name))
            except TooLittleHistoryError as error:
                if horizon == settings.train.horizon:
                    raise
                report(f"horizon {horizon} months left out: {error}")
    return results


def check_same_table(registry: Registry, name: str, signature: str) -> None:
    """Refuse to train the model of another table.

    Raises:
        ConfigurationError: When the model of this name learned from another label or other columns.
    """
    before = registry.newest_tags(name).get("table", signature)
    if before != signature:
        raise ConfigurationError(
            f"model '{name}' learned {before.partition(' by ')[0]} from another table, this one has the label "
            f"{signature.partition(' by ')[0]} or other columns: give it a name of its own, --set table_name=..."
        )


def horizons_of(train: TrainSettings) -> list[int]:
    """The horizons to train for, with that of the list."""
    return sorted({*train.horizons, train.horizon})


def train_all(bench: Bench, definitions: Sequence[Definition], name: str, needs_rule: bool = True) -> TrainingResult:
    """Train every model, register the best one as challenger, and put it through the gate.

    Args:
        bench: Inputs of the training.
        definitions: The models.
        name: Name of the registered model.
        needs_rule: Whether the gate requires to beat the rule of 2016.
    """
    marks = {each.name: fingerprint.of_training(bench.mark(each), name) for each in definitions}
    known = {each.name: bench.tracker.finished("training", marks[each.name]) for each in definitions}
    if any(record is None for record in known.values()):
        definitions = _usable(bench, definitions)
        check_leaks(bench.inputs, bench.horizon, bench.report)
    runs = {
        each.name: known.get(each.name) or _train_one(bench, each, marks[each.name])
        for each in definitions
        if known.get(each.name) or not each.needs() - set(bench.inputs.final_data.signals)
    }
    for model, record in runs.items():
        if known.get(model):
            bench.report(f"{model}: run {record.run_id} has the same data, settings and code; used again")
            bench.report(f"{model}: {describe(record.metrics)}")
    best = choose(definitions, runs)
    record = runs[best.name]
    leak.check_model(best.name, record.metrics, bench.inputs.train.leak)
    tags = {"horizon": str(bench.horizon), "model": best.name, **bench.tags}
    summary = f"{best.description} ; {describe(record.metrics)}"
    version, is_known = bench.registry.register(record.run_id, name, marks[best.name], summary, tags)
    bench.report(f"challenger: {best.name}, {name} version {version} ({'known' if is_known else 'registered'})")
    rule = next((runs[each.name] for each in definitions if each.is_rule and each.name in runs), None)
    champion, verdict = put_through_the_gate(bench, name, version, record, rule, needs_rule)
    return TrainingResult(bench.horizon, list(runs.values()), record, version, champion, verdict)


def choose(definitions: Sequence[Definition], runs: dict[str, RunRecord]) -> Definition:
    """The model with the best average precision inside the training periods; the rule only if it is the only one."""
    learned = [each for each in definitions if each.name in runs and not each.is_rule]
    candidates = learned or [each for each in definitions if each.name in runs]
    if not candidates:
        raise ConfigurationError("no model can be trained on these signals")
    return max(candidates, key=lambda each: runs[each.name].metrics["inner_average_precision"])


def check_leaks(inputs: Inputs, horizon: int, report: Report) -> None:
    """Raise the alarm when one signal alone predicts failures too well.

    Raises:
        SfSparkError: Naming the signals.
    """
    data = inputs.final_data.matured(horizon)
    half = fold_of(data.siren, 2, inputs.train.seed, "leak") == 0
    scores = leak.signal_scores(data.signals, data.values, data.target(horizon), half)
    measures = {name: info.measure for name, info in inputs.infos.items()}
    leak.check_signals(scores, measures, inputs.train.leak)
    if scores:
        report(f"best signal alone: {scores[0].signal}, area under the ROC curve {scores[0].roc_auc:.3f}")


def _usable(bench: Bench, definitions: Sequence[Definition]) -> list[Definition]:
    usable = []
    for definition in definitions:
        missing = sorted(definition.needs() - set(bench.inputs.final_data.signals))
        if missing:
            bench.report(f"{definition.name} left out: it needs {', '.join(missing)}, which the signals lack")
            continue
        if idle := [] if "table" in bench.tags else idle_constraints(definition, bench.inputs.infos):
            bench.report(f"{definition.name}: no signal has what its constraints name: {', '.join(idle)}")
        usable.append(definition)
    return usable


def _train_one(bench: Bench, definition: Definition, mark: str) -> RunRecord:
    name, started = definition.name, int(time.time() * 1000)
    killed = bench.tracker.close_killed("training", mark)
    if killed:
        bench.report(f"{name}: closed {killed} run(s) that a killed training left open")
    task, inputs = bench.task(definition), bench.inputs
    evaluation = evaluate(task, inputs.parts(task), bench.report)
    bench.report(f"{name}: {describe(evaluation.pooled)}")
    leak.check_model(name, evaluation.pooled, inputs.train.leak)
    fitted = fit_calibrated(task, inputs.final_data)
    tags = {"evaluation": bench.mark(definition), "training": mark}
    run_id = bench.tracker.log(training_content(task, inputs, evaluation, fitted, tags, started))
    seconds = time.time() - started / 1000
    bench.report(f"{name}: learned from {len(inputs.final_data)} rows, {seconds:.0f} s, logged as run {run_id}")
    return RunRecord(run_id, name, evaluation.pooled, evaluation.as_dict(), evaluation.arrays())
