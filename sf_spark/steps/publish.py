"""The detection lists: predictions, signals, panel -> lists/detection, exports by department."""

from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import SfSparkError
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.deliveries import delivered
from sf_spark.lake.places import for_spark
from sf_spark.lake.planning import Plan, Read, plan
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import location, read_table, read_version
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.panel.inputs import dated
from sf_spark.publication.contexte import COLUMNS as _CONTEXTE
from sf_spark.publication.contexte import context_flags
from sf_spark.publication.exports import CSV_OPTIONS, folder, preview, spreadsheet
from sf_spark.publication.lists import SCHEMA, Month, build_list, champion_scores, list_name
from sf_spark.schema import LISTS_DETECTION as LISTS
from sf_spark.schema import (
    PANEL_ENTREPRISE,
    PREDICTIONS_ENTREPRISE,
    SIGNALS_DICTIONARY,
    SIGNALS_ENTREPRISE,
    Table,
    staged,
)
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.recipes import list_recipe
from sf_spark.steps.twice import tried_twice

SOURCES = (PREDICTIONS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_ENTREPRISE, SIGNALS_DICTIONARY)


def publish(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Publish every scored month, in order, unless its list is there; show the top of the latest one."""
    return tried_twice(lambda: _publish(spark, settings, report), report)


def _publish(spark: SparkSession, settings: Settings, report: Report) -> int:
    lake, there = settings.lake, delivered(settings.lake, ["contexte"])
    report(f"reading {', '.join(table.path for table in SOURCES)}")
    champion = champion_version(settings)
    periodes = _months_to_publish(read_table(spark, lake, PREDICTIONS_ENTREPRISE), settings.train.horizon, champion)
    names = [list_name(periode) for periode in periodes]
    asked = {"champion": champion, "horizon": settings.train.horizon}
    todo = plan(lake, list_recipe(settings), Read(there, settings={**asked, "lists": names}))
    if todo.stale is None:
        report(f"{LISTS.path}: {', '.join(names)} already there, made of the same tables")
    for rank, periode in enumerate(periodes if todo.stale is not None else [], start=1):
        # The commit of a month names the lists that are written: those of a killed run go on being stale.
        step = plan(lake, list_recipe(settings), Read(there, settings={**asked, "lists": names[:rank]}))
        rows = _draw(spark, settings, periode, step, champion)
        counts = rows.groupBy("status").count().orderBy("status").collect()
        told = ", ".join(f"{row['count']} {row['status']}" for row in counts)
        report(f"{LISTS.path}: {list_name(periode)}: {told or 'no alert'}")
    for name in names:
        _export(spark, lake, name)
    latest = read_table(spark, lake, LISTS).where(F.col("list") == names[-1])
    print(preview(latest.where("rank <= 10").orderBy("rank").collect()))
    report(f"the list: {location(lake, LISTS)}; by department: {folder(lake, names[-1])}")
    return 0


def champion_version(settings: Settings) -> str:
    """The version in charge of the list.

    Raises:
        SfSparkError: When there is none.
    """
    name = registered_name(settings.train.model_name, settings.train.horizon)
    registry = Registry(settings.tracking_store())
    version = registry.champion_version(name)
    if version is None:
        raise registry.no_champion(name)
    return version


def _months_to_publish(predictions: DataFrame, horizon: int, champion: str) -> list[date]:
    """The months that the champion has scored.

    Raises:
        SfSparkError: When it has not scored the last month: the list has to follow the champion.
    """
    at_horizon = predictions.where(F.col("horizon") == horizon)
    rows = at_horizon.groupBy("periode").agg(F.collect_set("model_version").alias("versions")).collect()
    if not rows:
        raise SfSparkError(f"no month is scored at train.horizon={horizon}: run score, or set another")
    last = max(rows, key=lambda row: row["periode"])
    if champion not in last["versions"]:
        raise SfSparkError(
            f"{last['periode']:%Y-%m} is scored by version {', '.join(sorted(last['versions'], key=int))}, and the "
            f"champion is version {champion}: run score"
        )
    return sorted(row["periode"] for row in rows if champion in row["versions"])


def _draw(spark: SparkSession, settings: Settings, periode: date, step: Plan, champion: str) -> DataFrame:
    """Write the list of a month; returns it as written."""
    lake, name = settings.lake, list_name(periode)
    predictions, panel, signals, dictionary = (_read(spark, step, table) for table in SOURCES)
    scores = champion_scores(predictions, settings.train.horizon, champion)
    month = Month.of(periode, scores, panel, signals, settings.panel.nomenclature)
    content = step.build.read[staged("contexte").path]
    version = None if content is None else content.version
    contexte = dated(read_or_empty(spark, lake, "contexte", _CONTEXTE, version), settings.cutoff_day)
    flags = context_flags(contexte, month.panel, periode.replace(day=settings.cutoff_day))
    lists = read_table(spark, lake, LISTS) if step.there is not None else spark.createDataFrame([], SCHEMA)
    earlier = lists.where(F.col("list") < name)
    previous = earlier.agg(F.max("list")).first()[0]  # type: ignore[index]
    rows = build_list(replace(month, flags=flags), dictionary, earlier, previous, settings.publish.list_size)
    rows = rows.repartition("list").sortWithinPartitions("rank", "siren")
    commit_rows(rows, step.writing(periode, periode), f"list = '{name}'")
    return read_table(spark, lake, LISTS).where(F.col("list") == name)


def _read(spark: SparkSession, step: Plan, table: Table) -> DataFrame:
    version = step.version_of(table)
    assert version is not None  # a plan is made of tables that are there
    return read_version(spark, step.lake, table, version)


def _export(spark: SparkSession, lake: str, name: str) -> None:
    """Write the spreadsheets of a list; again each time, as a run may have been killed before."""
    rows = read_table(spark, lake, LISTS).where(F.col("list") == name)
    lines = spreadsheet(rows).write.partitionBy("departement").mode("overwrite")
    lines.options(**CSV_OPTIONS).csv(for_spark(folder(lake, name)))
