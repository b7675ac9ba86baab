"""Follow-ups and opinions: staged/suivi, staged/avis -> follow_up; with the lists -> monitoring/follow_up."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.lake.committing import commit_rows
from sf_spark.lake.deliveries import delivered
from sf_spark.lake.planning import Read, describe_plan, plan
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import read_table, read_version
from sf_spark.panel.inputs import completed
from sf_spark.publication.follow_up import ALL, follow_up_rows, funnel
from sf_spark.schema import FOLLOW_UP, LISTS_DETECTION, MONITORING_FOLLOW_UP
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.recipes import follow_up_recipes
from sf_spark.steps.twice import tried_twice

_PLACE = "_batch string, _file string, _line long, known_on date, superseded_on date"
_STAGED = {
    "suivi": "siret string, date date, service string, state string, niveau string, actions string, "
    f"difficultes string, resultat string, agent string, commentaire string, {_PLACE}",
    "avis": "siren string, liste string, date date, service string, agent string, utile boolean, motifs string, "
    f"commentaire string, {_PLACE}",
}


def build_follow_up(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write ``follow_up`` after a new delivery; do nothing if there never was one."""
    return tried_twice(lambda: _build_follow_up(spark, settings, report), report)


def report_funnel(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write ``monitoring/follow_up``, and print the outcome of the detections of the last lists, as counts only."""
    return tried_twice(lambda: _report_funnel(spark, settings, report), report)


def _build_follow_up(spark: SparkSession, settings: Settings, report: Report) -> int:
    inputs = delivered(settings.lake, _STAGED)
    if len(inputs.absent) == len(_STAGED):
        report(f"{FOLLOW_UP.path}: no follow-up and no opinion was ever delivered")
        return 0
    todo = plan(settings.lake, follow_up_recipes(settings)[0], Read(inputs))
    if todo.stale is None:
        report(f"{FOLLOW_UP.path}: up to date, built from the same deliveries")
        return 0
    report(describe_plan(todo))
    suivi, avis = (
        completed(read_or_empty(spark, settings.lake, name, ddl, inputs.version(name)), ddl).where(
            "superseded_on is null"
        )
        for name, ddl in _STAGED.items()
    )
    commit_rows(follow_up_rows(suivi, avis).coalesce(1), todo.writing(None, None))
    rows = read_table(spark, settings.lake, FOLLOW_UP).groupBy("type").count().collect()
    counts = {row["type"]: row["count"] for row in rows}
    report(f"{FOLLOW_UP.path}: {counts.get('suivi', 0)} follow-ups, {counts.get('avis', 0)} opinions")
    return 0


def _report_funnel(spark: SparkSession, settings: Settings, report: Report) -> int:
    todo = plan(settings.lake, follow_up_recipes(settings)[1], Read())
    if todo.stale is not None:
        lists, follow_up = (
            read_version(spark, settings.lake, table, todo.version_of(table) or 0)
            for table in (LISTS_DETECTION, FOLLOW_UP)
        )
        report(describe_plan(todo))
        commit_rows(funnel(lists, follow_up, settings.cutoff_day).coalesce(1), todo.writing(None, None))
    rows = read_table(spark, settings.lake, MONITORING_FOLLOW_UP)
    whole = rows.where((F.col("departement") == ALL) & (F.col("service") == ALL))
    for row in reversed(whole.orderBy(F.col("periode").desc(), "horizon").limit(12).collect()):
        useful = "no opinion" if row["part_utile"] is None else f"{row['part_utile']:.0%} of {row['avis']} opinions"
        precision = (
            ""
            if row["precision_terrain"] is None
            else f"; right for {row['precision_terrain']:.0%} of {row['entreprises_jugees']} companies judged "
            f"[{row['precision_basse']:.0%}, {row['precision_haute']:.0%}]"
        )
        report(
            f"{row['list']}: {row['detectees']} detected, {row['contactees']} contacted, {row['accompagnees']} "
            f"accompanied; useful: {useful}{precision}"
        )
    return 0
