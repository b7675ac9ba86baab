"""Score companies with the champion of each horizon, spread over Spark, and write ``predictions/entreprise``.

The driver loads the champions from the tracking store, allowing only listed types, and broadcasts the objects to the
workers: these never open a model file, and need neither MLflow nor its store.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.errors import SfSparkError
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.planning import Plan, Read, Recipe, describe_plan, plan
from sf_spark.lake.tables import read_table, read_version
from sf_spark.ml.scorer import SPARK_SCHEMA, Scorer, Served, score_batches
from sf_spark.publication.adjustments import Rule, adjusted, rules_that_hold
from sf_spark.schema import PANEL_ENTREPRISE, PREDICTIONS_ENTREPRISE, SIGNALS_ENTREPRISE, Table
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.expert_rules import rules_in_use
from sf_spark.steps.twice import tried_twice

if TYPE_CHECKING:
    from sf_spark.ml.records import Champion

_KEY = ["siren", "periode"]
_COLUMNS = (
    "siren",
    "periode",
    "horizon",
    "probability",
    "raw_score",
    "expected_value",
    "expected_probability",
    "cutoff_modere",
    "cutoff_fort",
    "level_model",
    "level",
    "adjustment",
    "contributions",
    "contributions_theme",
    "model_name",
    "model_version",
    "run_id",
)


def score(
    spark: SparkSession,
    settings: Settings,
    periodes: Sequence[date] | None,
    report: Report,
    version: str | None = None,
) -> int:
    """Score the companies in the perimeter and not in proceedings; a second call reuses the result.

    Args:
        spark: The session.
        settings: All settings; ``score.months`` counts when no month is given.
        periodes: First days of the months to score; None for the last months that have signals.
        report: Takes progress lines.
        version: Version of the model of ``train.horizon``; None for its champion.

    Returns:
        The number of rows of these months.

    Raises:
        MissingTableError: When signals or panel have not been written.
        SfSparkError: When there is no champion, a month has no signals, or a signal of a champion is missing.
    """
    champions = load_champions(settings, version)
    months = months_to_score(read_table(spark, settings.lake, SIGNALS_ENTREPRISE), periodes, settings.score.months)
    return tried_twice(lambda: _score(spark, settings, champions, months, report), report)


def _score(
    spark: SparkSession, settings: Settings, champions: "Sequence[Champion]", months: Sequence[date], report: Report
) -> int:
    shown = ", ".join(f"{month:%Y-%m}" for month in months)
    models = {str(each.horizon): f"{each.name} version {each.version} ({each.run_id})" for each in champions}
    named = ", ".join(f"{each.name} version {each.version}" for each in champions)
    asked = {"models": models, "horizon": settings.train.horizon, "months": shown}
    todo = plan(settings.lake, score_recipe(settings), Read(settings=asked))
    predicate = replaced_rows(months, {each.horizon: each.version for each in champions})
    if todo.stale is None:
        report(f"{shown} are scored with {named} already, on the same tables")
    else:
        report(describe_plan(todo))
        report(f"scoring {shown} with {named}")
        signals, panel = (_read(spark, todo, table, months) for table in (SIGNALS_ENTREPRISE, PANEL_ENTREPRISE))
        rules = rules_in_use(settings, signals, report)
        names = sorted({name for each in champions for name in each.model.signals})
        scored = predict(rows_to_score(signals, panel, months, names, rules), champions, settings, rules)
        commit_rows(scored.repartition("periode"), todo.writing(months[0], months[-1]), predicate)  # one file a month
    written = read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE).where(predicate)
    return _report_written(written, report)


def score_recipe(settings: Settings) -> Recipe:
    """Recipe of the predictions; the step chooses models and months."""
    code = ("sf_spark.ml.scorer", "sf_spark.publication.adjustments")
    tables = (SIGNALS_ENTREPRISE, PANEL_ENTREPRISE)
    rules = {
        "score.explain": settings.score.explain,
        "lists.leave_share": settings.lists.leave_share,
        "adjustments": [rule.model_dump() for rule in settings.adjustments],
    }
    return Recipe(PREDICTIONS_ENTREPRISE, rules, code, tables=tables)


def _read(spark: SparkSession, todo: Plan, table: Table, months: Sequence[date]) -> DataFrame:
    version = todo.version_of(table)
    assert version is not None  # inputs of a plan exist
    return read_version(spark, todo.lake, table, version, months)


def load_champions(settings: Settings, version: str | None = None) -> "list[Champion]":
    """The champion of each horizon that has one; the horizon of the list must have one.

    Args:
        settings: All settings.
        version: Version of the model at the horizon of the list, instead of its champion.

    Raises:
        SfSparkError: When the list's horizon has none.
    """
    from sf_spark.ml.registry import Registry, registered_name  # imports mlflow, which workers do not need

    registry, train = Registry(settings.tracking_store()), settings.train
    main = registry.load(registered_name(train.model_name, train.horizon), version)
    others = [
        registry.load(name)
        for horizon in train.horizons
        if horizon != train.horizon
        for name in [registered_name(train.model_name, horizon)]
        if registry.champion_version(name) is not None
    ]
    return sorted([main, *others], key=lambda each: each.horizon)


def months_to_score(signals: DataFrame, periodes: Sequence[date] | None, count: int) -> list[date]:
    """The months asked for, or the last ``count`` that have signals.

    Raises:
        SfSparkError: When one of them has no signals.
    """
    scorable = sorted(row["periode"] for row in signals.select("periode").distinct().collect())
    if not scorable:
        raise SfSparkError("signals/entreprise is empty: nothing to score")
    months = sorted(set(periodes)) if periodes else scorable[-count:]
    missing = [f"{month:%Y-%m}" for month in months if month not in scorable]
    if missing:
        raise SfSparkError(
            f"no signals for {', '.join(missing)} (available: {scorable[0]:%Y-%m} .. {scorable[-1]:%Y-%m})"
        )
    return months


def rows_to_score(
    signals: DataFrame, panel: DataFrame, months: Sequence[date], names: Sequence[str], rules: Sequence[Rule] = ()
) -> DataFrame:
    """Signals (float) and holding ``rules`` of the companies in the perimeter and not known to be in proceedings.

    The panel holds what was known then; the labels, which hold what had happened, are not used.

    Raises:
        SfSparkError: When a signal that the models need is missing.
    """
    missing = [name for name in names if name not in signals.columns]
    if missing:
        raise SfSparkError(
            f"the champion needs signals that signals/entreprise no longer holds: {', '.join(missing)}; train again"
        )
    values = [F.col(name).cast("float").alias(name) for name in names]
    in_months = F.col("periode").isin(list(months))
    in_scope = panel.where(in_months & F.col("est_dans_perimetre") & ~F.col("en_procedure")).select(_KEY)
    found = rules_that_hold(rules, F.col("periode")).alias("rules")
    return signals.where(in_months).select(*_KEY, *values, found).join(in_scope, _KEY, "left_semi")


def predict(
    rows: DataFrame, champions: "Sequence[Champion]", settings: Settings, rules: Sequence[Rule] = ()
) -> DataFrame:
    """Predictions in the columns of the table; one partition for each core, because the model dominates the time."""
    context = rows.sparkSession.sparkContext
    served = [
        Served(each.model, each.thresholds, each.horizon, each.decision["themes"], each.decision["expected_value"])
        for each in champions
    ]
    explain_all = settings.score.explain == "all"
    scorer = context.broadcast(Scorer(served, settings.train.horizon, explain_all, settings.lists.leave_share))

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return score_batches(batches, scorer)

    scored = rows.repartition(context.defaultParallelism, "siren").mapInArrow(work, SPARK_SCHEMA)
    attributes = {"model_name": "name", "model_version": "version", "run_id": "run_id"}
    constants = {
        column: F.coalesce(
            *(F.when(F.col("horizon") == each.horizon, F.lit(getattr(each, attribute))) for each in champions)
        )
        for column, attribute in attributes.items()
    }
    constants["level"], constants["adjustment"] = adjusted(
        rules, F.col("level_model"), F.col("rules"), F.col("contributions_theme")
    )
    return scored.select(*(constants[name].alias(name) if name in constants else name for name in _COLUMNS))


def replaced_rows(months: Sequence[date], versions: dict[int, str]) -> str:
    """Predicate of the rows to replace: months (as half-open ranges), and the model version of each horizon."""
    ranges = []
    for month in months:
        after = start_of(index_of(month) + 1)
        ranges.append(f"(periode >= '{month.isoformat()}' and periode < '{after.isoformat()}')")
    models = [f"(horizon = {horizon} and model_version = '{version}')" for horizon, version in versions.items()]
    return f"({' or '.join(ranges)}) and ({' or '.join(models)})"


def _report_written(written: DataFrame, report: Report) -> int:
    counts = {"rows": F.count("*"), "fort": F.count_if(F.col("level") == "fort")}
    counts |= {"modere": F.count_if(F.col("level") == "modere")}
    groups = written.groupBy("periode", "horizon").agg(*(column.alias(name) for name, column in counts.items()))
    total = 0
    for row in groups.orderBy("periode", "horizon").collect():
        report(
            f"{row['periode']:%Y-%m}, {row['horizon']} months: {row['rows']} companies scored, {row['fort']} fort, "
            f"{row['modere']} modere"
        )
        total += row["rows"]
    report(f"{PREDICTIONS_ENTREPRISE.path}: {total} rows of these months")
    return total
