"""The labels: staged/procol, staged/procedures, panel/entreprise -> labels/entreprise."""

from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of
from sf_spark.domain.proceedings import PRIORITY, PROCEDURES, PROCOL, proceeding_events
from sf_spark.errors import SfSparkError
from sf_spark.labels.events import openings
from sf_spark.labels.target import build_labels as labels_of
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.deliveries import delivered
from sf_spark.lake.planning import Read, describe_plan, plan
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import read_table, read_version
from sf_spark.panel.inputs import COLUMNS
from sf_spark.panel.proceedings import proceedings_changes
from sf_spark.schema import LABELS_ENTREPRISE, PANEL_ENTREPRISE, staged
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.recipes import label_recipe
from sf_spark.steps.twice import tried_twice


def build_labels(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write every month again when anything has changed: past months mature, proceedings become known late."""
    return tried_twice(lambda: _build_labels(spark, settings, report), report)


def _build_labels(spark: SparkSession, settings: Settings, report: Report) -> int:
    lake, inputs = settings.lake, delivered(settings.lake, [PROCOL, PROCEDURES])
    if len(inputs.absent) == 2:
        read_table(spark, lake, staged(PROCOL))  # raises an error that names the missing table
    todo = plan(lake, label_recipe(settings), Read(inputs))
    if todo.stale is None:
        report(f"{LABELS_ENTREPRISE.path}: up to date, built from the same tables")
        return 0
    report(describe_plan(todo))
    report(f"reading {', '.join(f'staged/{name}' for name in PRIORITY if name not in inputs.absent)}, panel/entreprise")
    events = proceeding_events(
        *(read_or_empty(spark, lake, name, COLUMNS[name], inputs.version(name)) for name in PRIORITY)
    )
    panel = todo.build.read[PANEL_ENTREPRISE.path]
    assert panel is not None  # inputs of a plan exist
    if not panel.months:
        raise SfSparkError("panel/entreprise is empty: no delivery so far gives a company a month to label")
    labels = labels_of(
        read_version(spark, lake, PANEL_ENTREPRISE, panel.version).select("siren", "periode"),
        openings(events, settings.cutoff_day),
        proceedings_changes(events.where("superseded_on is null"), "date_effet", settings.cutoff_day),
        settings.labels.horizons,
        index_of(panel.months[-1]),
    )
    commit_rows(labels.repartition("periode"), todo.writing(None, None))
    report(f"labels/entreprise: {read_table(spark, lake, LABELS_ENTREPRISE).count()} rows written")
    return 0
