"""The detection lists: predictions, signals, panel -> lists/detection, monitoring/lists.

A published edition is never written again: a run makes the first editions of months without one, and a correction on
request.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import ConcurrentWriteError, SfSparkError
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.deliveries import delivered
from sf_spark.lake.planning import Read, plan
from sf_spark.lake.tables import location, read_table
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.publication.editions import Edition, correction, earlier_in_force, first_editions
from sf_spark.publication.list_columns import LEVELS, STATUSES
from sf_spark.publication.lists import Stay, build_list, companies_listed
from sf_spark.schema import LISTS_DETECTION as LISTS
from sf_spark.schema import PREDICTIONS_ENTREPRISE
from sf_spark.session import interpreted
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.editions import editions_in, note_figures, published_editions
from sf_spark.steps.inputs.lists import STAGED, ListInputs
from sf_spark.steps.recipes import list_recipe
from sf_spark.steps.twice import tried_twice


@dataclass(frozen=True)
class Correction:
    """The request for a correction: reason, month (None: the last one) and horizon (None: the main one)."""

    reason: str
    periode: date | None = None
    horizon: int | None = None


@dataclass(frozen=True)
class Scored:
    """The months scored by the champion of a horizon.

    Attributes:
        horizon: Horizon in months.
        version: Version of the champion.
        months: Number of companies scored, by month.
        others: Months scored by other versions only.
    """

    horizon: int
    version: str
    months: Mapping[date, int]
    others: Sequence[date]


def publish(spark: SparkSession, settings: Settings, report: Report, asked: Correction | None = None) -> int:
    """Publish the scored months that have no list yet, in order, or a correction; count the latest list.

    Returns:
        0; 1 when the last scored month has no list, because the champion has not scored it.

    Raises:
        SfSparkError: When there is no champion or no score at the main horizon, or no list to correct.
    """
    return tried_twice(lambda: _publish(spark, settings, report, asked), report)


def _publish(spark: SparkSession, settings: Settings, report: Report, asked: Correction | None) -> int:
    lake, main = settings.lake, settings.train.horizon
    published = published_editions(lake)
    scored = champions_scores(spark, settings, report)
    todo = _corrections(published, settings, asked, report) if asked else _first(published, scored, settings)
    for edition in todo:
        edition = _completed(edition, settings, {each.horizon: each for each in scored})
        with interpreted(spark, edition.scored):
            _draw(spark, settings, published, edition)
        published = published_editions(lake)
        _report_figures(note_figures(lake, [edition]), report)
    if not todo:
        report(f"{LISTS.path}: {len(published)} editions are published, and stay as they are")
    note_figures(lake, published, complete=True)  # of editions whose run was killed after their commit
    return _shown(spark, lake, published, scored, main, report)


def champions_scores(spark: SparkSession, settings: Settings, report: Report) -> list[Scored]:
    """The months scored by the champion of each horizon; the main horizon must have one.

    Raises:
        SfSparkError: When the main horizon has no champion, or no scored month.
    """
    predictions = read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE)
    counted = predictions.groupBy("horizon", "model_version", "periode").count().collect()
    found = []
    for horizon in dict.fromkeys((settings.train.horizon, *settings.train.horizons)):
        version = _champion(settings, horizon)
        if version is None:
            report(f"no model is champion at {horizon} months: no list at this horizon")
            continue
        rows = [row for row in counted if row["horizon"] == horizon]
        months = {row["periode"]: row["count"] for row in rows if row["model_version"] == version}
        others = sorted({row["periode"] for row in rows} - months.keys())
        found.append(Scored(horizon, version, months, others))
    if not found[0].months and not found[0].others:
        raise SfSparkError(f"no month is scored at train.horizon={settings.train.horizon}: run score, or set another")
    return found


def _champion(settings: Settings, horizon: int) -> str | None:
    name = registered_name(settings.train.model_name, horizon)
    registry = Registry(settings.tracking_store())
    version = registry.champion_version(name)
    if version is None and horizon == settings.train.horizon:
        raise registry.no_champion(name)
    return version


def _first(published: Sequence[Edition], scored: Iterable[Scored], settings: Settings) -> list[Edition]:
    return first_editions(published, {each.horizon: each.months for each in scored}, settings.train.horizon)


def _corrections(published: Sequence[Edition], settings: Settings, asked: Correction, report: Report) -> list[Edition]:
    main = settings.train.horizon
    edition = correction(published, asked.horizon or main, asked.periode, asked.reason, main)
    if edition is None:
        report(f"the edition in force was made for this very reason: '{asked.reason}'")
        return []
    return [edition]


def _completed(edition: Edition, settings: Settings, scored: Mapping[int, Scored]) -> Edition:
    """The edition with its model, from the registry, and the counts of its month.

    Raises:
        SfSparkError: When the champion has not scored the month.
    """
    train, champion = settings.train, scored.get(edition.horizon)
    if champion is None or edition.periode not in champion.months:
        version = "there is none" if champion is None else f"version {champion.version}"
        raise SfSparkError(f"{edition.periode:%Y-%m} is not scored by the champion ({version}): run score")
    count = champion.months[edition.periode]
    capacity = min(train.capacity, round(train.capacity_share * count))
    name = registered_name(train.model_name, edition.horizon)
    run = Registry(settings.tracking_store()).run_of(name, champion.version)
    return replace(
        edition, model_name=name, model_version=champion.version, run_id=run, capacity=capacity, scored=count
    )


def _draw(spark: SparkSession, settings: Settings, published: Sequence[Edition], edition: Edition) -> None:
    """Commit an edition. The commit names all editions, so that a run can continue a killed one."""
    lake, records = settings.lake, {each.name: each.record() for each in (*published, edition)}
    step = plan(lake, list_recipe(settings), Read(delivered(lake, STAGED), settings={"editions": records}))
    if editions_in(lake, step.stored) != list(published):
        raise ConcurrentWriteError(f"another job has published a list in {lake} meanwhile: run it again")
    inputs = ListInputs(spark, settings, step)
    earlier = inputs.editions(earlier_in_force(published, edition))
    stay = Stay(**settings.lists.model_dump())
    month = inputs.month(edition)
    listed = companies_listed(edition, month, earlier, stay, settings.publish.list_size).persist()
    try:
        rows = build_list(edition, month, listed, inputs.dictionary(), earlier)
        rows = rows.repartition("list").sortWithinPartitions("rank", "siren")
        commit_rows(rows, step.writing(edition.periode, edition.periode), f"list = '{edition.name}'")
    finally:
        listed.unpersist()


def _report_figures(rows: Iterable[Mapping[str, object]], report: Report) -> None:
    for row in rows:
        counts = ", ".join(f"{row[status]} {status}" for status in STATUSES if row[status])
        churn = "" if row["churn"] is None else f"; churn {row['churn']:.1%}"
        report(f"{LISTS.path}: {row['list']}: {counts or 'no alert'}{churn}")


def _shown(
    spark: SparkSession, lake: str, published: Iterable[Edition], scored: Sequence[Scored], main: int, report: Report
) -> int:
    """Report counts of the latest list (logs name no company), and the months that a champion has not scored."""
    ordered = sorted((each for each in published if each.horizon == main), key=lambda each: (each.periode, each.number))
    latest = ordered[-1] if ordered else None
    missing = 0
    for each in scored:
        last = max((edition.periode for edition in published if edition.horizon == each.horizon), default=date.min)
        months = [month for month in each.others if month > last]
        if months:
            named = ", ".join(f"{month:%Y-%m}" for month in months)
            report(
                f"no list of {named} at {each.horizon} months: the champion (version {each.version}) has not scored it"
            )
            missing += each.horizon == main
    if latest is not None:
        rows = read_table(spark, lake, LISTS).where((F.col("list") == latest.name) & F.col("rank").isNotNull())
        levels = {row["level"]: row["count"] for row in rows.groupBy("level").count().collect()}
        counted = ", ".join(f"{levels.get(level, 0)} {level}" for level in reversed(LEVELS))
        report(f"{latest.name}: {sum(levels.values())} companies on the list, {counted}")
        report(f"the list: {latest.name} in {location(lake, LISTS)}")
    return 1 if missing else 0
