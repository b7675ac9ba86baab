"""What a training of one horizon works with, and the evaluations that it makes once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pyspark.sql import SparkSession

from sf_spark.errors import SfSparkError
from sf_spark.ml import fingerprint
from sf_spark.ml.content import Inputs, evaluation_content
from sf_spark.ml.definition import Definition, definition_of
from sf_spark.ml.evaluate import Evaluation, evaluate
from sf_spark.ml.fit import LearningTask
from sf_spark.ml.records import RunRecord
from sf_spark.ml.registry import Registry
from sf_spark.ml.split import PROTOCOLS
from sf_spark.ml.tracking import Tracker
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.any_table import HORIZON, TableInputs
from sf_spark.steps.inputs.training import TrainingInputs


@dataclass(frozen=True)
class Bench:
    """The inputs of the training of a horizon."""

    tracker: Tracker
    registry: Registry
    inputs: Inputs
    horizon: int
    report: Report
    tags: Mapping[str, str] = field(default_factory=dict)  # of the versions that it registers

    def task(self, definition: Definition) -> LearningTask:
        """A model's definition with the settings of its fit here."""
        inputs = self.inputs
        return LearningTask(definition, self.horizon, inputs.train, inputs.infos, inputs.categorical)

    def mark(self, definition: Definition, protocol: str = PROTOCOLS[0]) -> str:
        """The fingerprint of a model's evaluation here, by a protocol."""
        return fingerprint.of_evaluation(self.inputs.identity, definition, self.inputs.train, protocol)


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


def champion_evaluation(bench: Bench, name: str, version: str) -> Evaluation:
    """The evaluation of the champion's own definition at the same origins, on the same rows."""
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
    started, task = int(time.time() * 1000), bench.task(definition)
    evaluation = evaluate(task, bench.inputs.parts(task, protocol), bench.report)
    tags = {"evaluation": mark, "protocol": protocol}
    run_id = bench.tracker.log(evaluation_content(task, bench.inputs, evaluation, tags, started))
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
