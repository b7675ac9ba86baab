"""Train every configured model for each horizon, evaluate it at rolling origins, register the best as challenger.

The champion only changes when the challenger passes the gate. Finished work is reused.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError, SfSparkError, TooLittleHistoryError
from sf_spark.ml import fingerprint, leak
from sf_spark.ml.content import Inputs, evaluation_content, training_content
from sf_spark.ml.evaluate import Evaluation, describe, evaluate
from sf_spark.ml.fit import Recipe, fit_calibrated
from sf_spark.ml.gate import Verdict, judge
from sf_spark.ml.models import Definition, definition_of, idle_constraints, read_definitions
from sf_spark.ml.records import RunRecord
from sf_spark.ml.registry import ROLLBACK, Registry, registered_name
from sf_spark.ml.split import PROTOCOLS, fold_of
from sf_spark.ml.tracking import Tracker
from sf_spark.settings import PROJECT_ROOT, Settings, TrainSettings
from sf_spark.steps import Report
from sf_spark.steps.inputs.any_table import HORIZON, TableInputs
from sf_spark.steps.inputs.model_names import model_name_of
from sf_spark.steps.inputs.training import TrainingInputs

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


@dataclass(frozen=True)
class Bench:
    """The inputs of the training of a horizon."""

    tracker: Tracker
    registry: Registry
    inputs: Inputs
    horizon: int
    report: Report
    tags: Mapping[str, str] = field(default_factory=dict)  # of the versions that it registers

    def recipe(self, definition: Definition) -> Recipe:
        """A model's definition with the settings of its fit here."""
        inputs = self.inputs
        return Recipe(definition, self.horizon, inputs.train, inputs.infos, inputs.categorical)

    def mark(self, definition: Definition, protocol: str = PROTOCOLS[0]) -> str:
        """The fingerprint of a model's evaluation here, by a protocol."""
        return fingerprint.of_evaluation(self.inputs.identity, definition, self.inputs.train, protocol)


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


def inputs_of(spark: SparkSession, settings: Settings, report: Report) -> tuple[Inputs, int]:
    """What to learn from, and its horizon: the table of one's own where one is named, else the lake."""
    if settings.table:
        return TableInputs(spark, settings, report), HORIZON
    return TrainingInputs(spark, settings.lake, settings.train, report), settings.train.horizon


def for_table(definitions: Sequence[Definition], report: Report) -> list[Definition]:
    """The models that can learn from a table of one's own, with their parameters for it."""
    for each in definitions:
        if each.is_hazard:
            report(f"{each.name} left out: the label of a table is that of the row, without months to a failure")
    return [each.for_table() for each in definitions if not each.is_hazard]


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
    champion, verdict = _before_the_gate(bench, name, version, record, rule, needs_rule)
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
    recipe, inputs = bench.recipe(definition), bench.inputs
    evaluation = evaluate(recipe, inputs.parts(recipe), bench.report)
    bench.report(f"{name}: {describe(evaluation.pooled)}")
    leak.check_model(name, evaluation.pooled, inputs.train.leak)
    fitted = fit_calibrated(recipe, inputs.final_data)
    tags = {"evaluation": bench.mark(definition), "training": mark}
    run_id = bench.tracker.log(training_content(recipe, inputs, evaluation, fitted, tags, started))
    seconds = time.time() - started / 1000
    bench.report(f"{name}: learned from {len(inputs.final_data)} rows, {seconds:.0f} s, logged as run {run_id}")
    return RunRecord(run_id, name, evaluation.pooled, evaluation.as_dict(), evaluation.arrays())


def _before_the_gate(
    bench: Bench, name: str, version: str, challenger: RunRecord, rule: RunRecord | None, needs_rule: bool
) -> tuple[str | None, Verdict | None]:
    """Promote the challenger if it passes the gate; returns the champion and the verdict."""
    registry, report, train = bench.registry, bench.report, bench.inputs.train
    now = registry.champion_version(name)
    if now == version:
        report(f"champion: version {now}")
        return now, None
    if any(move.after == version for move in registry.promotions(name)):
        report(f"champion: version {now}; version {version} was champion before, and the alias was moved since")
        return now, None
    champion = None if now is None else _champion_evaluation(bench, name, now)
    verdict = judge(
        evaluation_of(challenger),
        champion,
        evaluation_of(rule) if rule else None,
        train.gate,
        train.seed,
        needs_rule,
    )
    registry.tag_version(name, version, "gate", str(verdict))
    unproven = "not yet proven against the rule of 2016" if needs_rule else "no rule speaks of this table"
    registry.tag_version(name, version, "proven", "yes" if verdict.proven else unproven)
    if not verdict.passed:
        report(f"gate: version {version} stays challenger: {verdict.failed}")
        report(f"champion: {'none' if now is None else f'version {now}'}")
        return now, verdict
    report(f"gate passed: {verdict}")
    last = next(reversed(registry.promotions(name)), None)
    if last is not None and last.way == ROLLBACK:
        report(
            f"champion: version {now}, put back by {last.who} ({last.why}): version {version} stays challenger; "
            f"jobs/promote.py --version {version} --why '...' puts it in charge"
        )
        return now, verdict
    registry.promote(name, version, f"gate: {verdict}", "train")
    report(f"champion: version {version}{'' if verdict.proven else f', {unproven}'}")
    return version, verdict


def _champion_evaluation(bench: Bench, name: str, version: str) -> Evaluation:
    """The champion's own recipe at the same origins, on the same rows."""
    content = bench.registry.load(name, version).decision["definition"]
    definition = definition_of(content["name"], content)
    return evaluation_of(evaluate_once(bench, definition))


def evaluate_once(bench: Bench, definition: Definition, protocol: str = PROTOCOLS[0]) -> RunRecord:
    """Evaluate a model by a protocol, or reuse the run that did."""
    mark = bench.mark(definition, protocol)
    bench.tracker.close_killed("evaluation", mark)
    record = bench.tracker.finished("evaluation", mark)
    if record is not None:
        bench.report(
            f"{definition.name}, {protocol}: run {record.run_id} has the same data, settings and code; used again"
        )
        return record
    started, recipe = int(time.time() * 1000), bench.recipe(definition)
    evaluation = evaluate(recipe, bench.inputs.parts(recipe, protocol), bench.report)
    tags = {"evaluation": mark, "protocol": protocol}
    run_id = bench.tracker.log(evaluation_content(recipe, bench.inputs, evaluation, tags, started))
    return RunRecord(run_id, definition.name, evaluation.pooled, evaluation.as_dict(), evaluation.arrays())


def evaluation_of(record: RunRecord) -> Evaluation:
    """The evaluation that a run logged."""
    rows, said = record.rows, record.evaluation
    if not rows:
        raise SfSparkError(f"run {record.run_id} has no test rows: train again")
    return Evaluation(
        siren=rows["siren"],
        month=rows["month"],
        target=rows["target"],
        weight=rows["weight"],
        probability=rows["probability"],
        level=np.asarray(rows["level"], dtype=object),
        pooled=said["pooled"],
        by_origin=said["by_origin"],
        by_segment=said["by_segment"],
        inner_protocol=said["inner_protocol"],
    )
