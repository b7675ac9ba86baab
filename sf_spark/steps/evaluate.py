"""Evaluate the champion's configuration on today's data by each protocol; logs runs, registers nothing."""

from collections.abc import Sequence

from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError
from sf_spark.ml.definition import Definition, definition_of
from sf_spark.ml.evaluate import describe
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.records import RunRecord
from sf_spark.ml.registry import Registry
from sf_spark.ml.split import PROTOCOLS
from sf_spark.ml.tracking import Tracker
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.bench import Bench, evaluate_once, inputs_of
from sf_spark.steps.inputs.model_names import model_name_of
from sf_spark.steps.train import MODELS

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
        ConfigurationError: When a table of one's own is asked for another protocol than its own.
        SfSparkError: When there is no champion, or too little history.
    """
    tracker, registry = (
        Tracker(settings.tracking_store(), settings.train.experiment, settings.artifact_store()),
        Registry(settings.tracking_store()),
    )
    if settings.table and tuple(protocols) != PROTOCOLS[:1]:
        raise ConfigurationError(f"a table of one's own has one protocol, {PROTOCOLS[0]}, not {', '.join(protocols)}")
    definition = _definition(registry, settings, model, report)
    with tracker.alone(report):
        bench = Bench(tracker, registry, *inputs_of(spark, settings, report), report)
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
        (definition,) = read_definitions(MODELS, [model])
        return definition.for_table() if settings.table else definition
    champion = registry.load(model_name_of(settings))
    content = champion.decision["definition"]
    report(f"champion: {champion.name} version {champion.version}, {content['name']}")
    return definition_of(content["name"], content)
