"""Evaluate the champion's configuration on today's data by each protocol; logs runs, registers nothing."""

from collections.abc import Sequence

from pyspark.sql import SparkSession

from sf_spark.ml.evaluate import describe
from sf_spark.ml.models import Definition, definition_of, read_definitions
from sf_spark.ml.records import RunRecord
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.ml.tracking import Tracker
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.training import TrainingInputs
from sf_spark.steps.train import MODELS, Bench, evaluate_once

_SHOWN = (
    "average_precision",
    "average_precision_low",
    "average_precision_high",
    "roc_auc",
    "base_rate",
    "companies",
    "failing_companies",
)


def evaluate_champion(
    spark: SparkSession,
    settings: Settings,
    report: Report,
    protocols: tuple[str, ...] = ("new_failures",),
    model: str = "",
) -> dict[str, RunRecord]:
    """Evaluate a configuration by several protocols, and log their figures side by side.

    Args:
        spark: The session.
        settings: All settings.
        report: Takes progress lines.
        protocols: Protocols of :data:`sf_spark.ml.split.PROTOCOLS`.
        model: A model of conf/models; empty: the champion's own configuration.

    Returns:
        One run for each protocol.

    Raises:
        SfSparkError: When there is no champion, or too little history.
    """
    tracker, registry = (
        Tracker(settings.tracking_store(), settings.train.experiment, settings.artifact_store()),
        Registry(settings.tracking_store()),
    )
    definition = _definition(registry, settings, model, report)
    with tracker.alone(report):
        inputs = TrainingInputs(spark, settings.lake, settings.train, report)
        bench = Bench(tracker, registry, inputs, settings.train.horizon, report)
        records = evaluate_protocols(bench, definition, protocols)
    for origin, figures in records[protocols[0]].evaluation["by_origin"].items():
        report(f"origin {origin}: {describe(figures)}")
    return records


def evaluate_protocols(bench: Bench, definition: Definition, protocols: Sequence[str]) -> dict[str, RunRecord]:
    """Evaluate a model by several protocols; the run of the first one gets the table of all."""
    records = {}
    for protocol in protocols:
        records[protocol] = evaluate_once(bench, definition, protocol)
        bench.report(f"{protocol}: {describe(records[protocol].metrics)}")
    if len(records) > 1:
        bench.tracker.log_table(records[protocols[0]].run_id, "protocols.json", side_by_side(records))
    return records


def side_by_side(records: dict[str, RunRecord]) -> dict[str, list[object]]:
    """The main figures of each protocol as the columns of a table."""
    rows = [{"protocol": name, **record.metrics} for name, record in records.items()]
    return {name: [row.get(name) for row in rows] for name in ("protocol", *_SHOWN)}


def _definition(registry: Registry, settings: Settings, model: str, report: Report) -> Definition:
    if model:
        return read_definitions(MODELS, [model])[0]
    champion = registry.load(registered_name(settings.train.model_name, settings.train.horizon))
    content = champion.decision["definition"]
    report(f"champion: {champion.name} version {champion.version}, {content['name']}")
    return definition_of(content["name"], content)
