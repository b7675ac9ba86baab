"""The detection lists: predictions, signals, panel -> lists/detection, exports by department."""

from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import SfSparkError
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import exists, location, read_table, replace_where
from sf_spark.publication.contexte import COLUMNS, context_flags
from sf_spark.publication.exports import CSV_OPTIONS, folder, preview, spreadsheet
from sf_spark.publication.lists import SCHEMA, Month, build_list, champion_scores, list_name
from sf_spark.schema import LISTS_DETECTION as LISTS
from sf_spark.schema import PANEL_ENTREPRISE, PREDICTIONS_ENTREPRISE, SIGNALS_DICTIONARY, SIGNALS_ENTREPRISE
from sf_spark.settings import Settings
from sf_spark.steps import Report

SOURCES = (PREDICTIONS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_ENTREPRISE, SIGNALS_DICTIONARY)


def publish(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Publish every scored month, in order, and show the top of the latest list."""
    report(f"reading {', '.join(table.path for table in SOURCES)}")
    predictions, panel, signals, dictionary = (read_table(spark, settings.lake, table) for table in SOURCES)
    scores = champion_scores(predictions, settings.train.horizon)
    periodes = sorted(row["periode"] for row in scores.select("periode").distinct().collect())
    if not periodes:
        raise SfSparkError(f"no month is scored at train.horizon={settings.train.horizon}: run score, or set another")
    contexte = read_or_empty(spark, settings.lake, "contexte", COLUMNS)
    for periode in periodes:
        month = Month.of(periode, scores, panel, signals, settings.panel.nomenclature)
        flags = context_flags(contexte, month.panel, periode.replace(day=settings.cutoff_day))
        rows = _publish_month(spark, settings, replace(month, flags=flags), dictionary)
        counts = [
            f"{row['count']} {row['status']}" for row in rows.groupBy("status").count().orderBy("status").collect()
        ]
        report(f"{LISTS.path}: {list_name(periode)}: {', '.join(counts) or 'no alert'}")
    print(preview(rows.where("rank <= 10").orderBy("rank").collect()))
    report(f"the list: {location(settings.lake, LISTS)}; by department: {folder(settings.lake, list_name(periode))}")
    return 0


def _publish_month(spark: SparkSession, settings: Settings, month: Month, dictionary: DataFrame) -> DataFrame:
    """Write the list of a month and its exports; returns the list as written."""
    lake, name = settings.lake, list_name(month.periode)
    lists = read_table(spark, lake, LISTS) if exists(spark, lake, LISTS) else spark.createDataFrame([], SCHEMA)
    earlier = lists.where(F.col("list") < name)
    previous = earlier.agg(F.max("list")).first()[0]  # type: ignore[index]
    rows = build_list(month, dictionary, earlier, previous, settings.publish.list_size)
    replace_where(rows.repartition("list").sortWithinPartitions("rank", "siren"), lake, LISTS, f"list = '{name}'")
    written = read_table(spark, lake, LISTS).where(F.col("list") == name)
    lines = spreadsheet(written).write.partitionBy("departement").mode("overwrite")
    lines.options(**CSV_OPTIONS).csv(folder(lake, name))
    return written
