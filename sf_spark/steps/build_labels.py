"""The labels: staged/procol, staged/procedures, panel/entreprise -> labels/entreprise."""

from pyspark.sql import SparkSession

from sf_spark.calendar import index_of
from sf_spark.domain.proceedings import PRIORITY, PROCEDURES, PROCOL, proceeding_events
from sf_spark.errors import SfSparkError
from sf_spark.labels.events import openings
from sf_spark.labels.target import build_labels as labels_of
from sf_spark.lake.months import last_month
from sf_spark.lake.staged import absent_sources, read_or_empty
from sf_spark.lake.tables import read_table, replace_where
from sf_spark.panel.inputs import COLUMNS
from sf_spark.panel.proceedings import proceedings_changes
from sf_spark.schema import LABELS_ENTREPRISE, PANEL_ENTREPRISE, staged
from sf_spark.settings import Settings
from sf_spark.steps import Report


def build_labels(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write every month again: labels of past months mature, and proceedings become known late."""
    absent = absent_sources(spark, settings.lake, [PROCOL, PROCEDURES])
    if PROCOL in absent and PROCEDURES in absent:
        read_table(spark, settings.lake, staged(PROCOL))  # says what is missing
    report(f"reading {', '.join(f'staged/{name}' for name in PRIORITY if name not in absent)}, panel/entreprise")
    events = proceeding_events(*(read_or_empty(spark, settings.lake, name, COLUMNS[name]) for name in PRIORITY))
    months = read_table(spark, settings.lake, PANEL_ENTREPRISE).select("siren", "periode")
    last = last_month(spark, settings.lake, PANEL_ENTREPRISE)
    if last is None:
        raise SfSparkError("panel/entreprise holds no company yet: nothing delivered so far gives one a month to label")
    labels = labels_of(
        months,
        openings(events, settings.cutoff_day),
        proceedings_changes(events.where("superseded_on is null"), "date_effet", settings.cutoff_day),
        settings.labels.horizons,
        index_of(last),
    )
    replace_where(labels.repartition("periode"), settings.lake, LABELS_ENTREPRISE, "periode >= '0001-01-01'")
    report(f"labels/entreprise: {read_table(spark, settings.lake, LABELS_ENTREPRISE).count()} rows written")
    return 0
