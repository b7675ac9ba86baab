"""Score companies with the champion, spread over Spark, and write ``predictions/entreprise``.

The driver loads the champion from the tracking store through a list of the types it may hold. What it sends to the
workers is that object, by Spark's broadcast: workers never open a model file, nor need MLflow or its store.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import index_of, start_of
from sf_spark.errors import ConcurrentWriteError, SfSparkError
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.planning import Plan, Read, Recipe, plan, told
from sf_spark.lake.tables import read_table, read_version
from sf_spark.ml.scorer import SPARK_SCHEMA, Scorer, score_batches
from sf_spark.schema import PANEL_ENTREPRISE, PREDICTIONS_ENTREPRISE, SIGNALS_ENTREPRISE, Table
from sf_spark.settings import Settings

if TYPE_CHECKING:
    from sf_spark.ml.records import Champion

_KEY = ["siren", "periode"]
_COLUMNS = (
    "siren",
    "periode",
    "horizon",
    "probability",
    "raw_score",
    "level_model",
    "level",
    "contributions",
    "contributions_theme",
    "model_name",
    "model_version",
    "run_id",
)


def score(
    spark: SparkSession, settings: Settings, periodes: Sequence[date] | None, report: Callable[[str], None]
) -> int:
    """Score the companies in the perimeter and not in proceedings; a second call finds them.

    Args:
        spark: The session.
        settings: All settings; ``score.months`` counts when no month is given.
        periodes: First days of the months to score; None for the last months that have signals.
        report: Takes progress lines.

    Returns:
        How many rows these months have.

    Raises:
        MissingTableError: When signals or panel have not been written.
        SfSparkError: When there is no champion, a month has no signals, or a signal of the champion is gone.
    """
    from sf_spark.ml.tracking import Tracker  # the one import of mlflow; workers import this module too

    tracker = Tracker(settings.tracking_store(), settings.train.experiment, settings.artifact_store())
    champion = tracker.champion(settings.train.model_name)
    months = months_to_score(read_table(spark, settings.lake, SIGNALS_ENTREPRISE), periodes, settings.score.months)
    try:
        return _score(spark, settings, champion, months, report)
    except ConcurrentWriteError as error:
        report(f"{error}; trying once more")
        return _score(spark, settings, champion, months, report)


def score_recipe(settings: Settings) -> Recipe:
    """What predictions are made of; model and months are for the scoring to say."""
    code = ("sf_spark.ml.scorer",)
    tables = (SIGNALS_ENTREPRISE, PANEL_ENTREPRISE)
    return Recipe(PREDICTIONS_ENTREPRISE, {"score.explain": settings.score.explain}, code, tables=tables)


def _score(
    spark: SparkSession,
    settings: Settings,
    champion: "Champion",
    months: Sequence[date],
    report: Callable[[str], None],
) -> int:
    horizon, shown = champion.decision["horizon"], [f"{month:%Y-%m}" for month in months]
    model = f"{champion.name} version {champion.version}"
    asked = {"model": f"{model} ({champion.run_id})", "horizon": horizon, "months": shown}
    todo = plan(settings.lake, score_recipe(settings), Read(settings=asked))
    predicate = replaced_rows(months, horizon, champion.version)
    if todo.stale is None:
        report(f"{', '.join(shown)} are scored with {model} already, on the same tables")
    else:
        report(told(todo))
        report(f"scoring {', '.join(shown)} with {model}")
        signals, panel = (_read(spark, todo, table) for table in (SIGNALS_ENTREPRISE, PANEL_ENTREPRISE))
        scored = predict(rows_to_score(signals, panel, months, champion.model.signals), champion, settings)
        commit_rows(scored.repartition("periode"), todo.writing(months[0], months[-1]), predicate)  # a file a month
    written = read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE).where(predicate)
    return _report_written(written, report)


def _read(spark: SparkSession, todo: Plan, table: Table) -> DataFrame:
    version = todo.version_of(table)
    assert version is not None  # a plan is made of tables that are there
    return read_version(spark, todo.lake, table, version)


def months_to_score(signals: DataFrame, periodes: Sequence[date] | None, count: int) -> list[date]:
    """The months asked for, or the last ``count`` that have signals.

    Raises:
        SfSparkError: When one of them has no signals.
    """
    there = sorted(row["periode"] for row in signals.select("periode").distinct().collect())
    if not there:
        raise SfSparkError("signals/entreprise is empty: nothing to score")
    months = sorted(set(periodes)) if periodes else there[-count:]
    missing = [f"{month:%Y-%m}" for month in months if month not in there]
    if missing:
        raise SfSparkError(f"no signals for {', '.join(missing)} (there: {there[0]:%Y-%m} .. {there[-1]:%Y-%m})")
    return months


def rows_to_score(signals: DataFrame, panel: DataFrame, months: Sequence[date], names: Sequence[str]) -> DataFrame:
    """Signals (float) of the companies in the perimeter and not known to be in proceedings in the month.

    The panel says what was known then; the labels say what had happened, known or not, and are not looked at.

    Raises:
        SfSparkError: When a signal that the model needs is not there.
    """
    missing = [name for name in names if name not in signals.columns]
    if missing:
        raise SfSparkError(
            f"the champion needs signals that signals/entreprise no longer holds: {', '.join(missing)}; train again"
        )
    values = [F.col(name).cast("float").alias(name) for name in names]
    in_months = F.col("periode").isin(list(months))
    in_scope = panel.where(in_months & F.col("est_dans_perimetre") & ~F.col("en_procedure")).select(_KEY)
    return signals.where(in_months).select(*_KEY, *values).join(in_scope, _KEY, "left_semi")


def predict(rows: DataFrame, champion: "Champion", settings: Settings) -> DataFrame:
    """Predictions in the columns of the table; one partition a core, because the model is what costs."""
    context = rows.sparkSession.sparkContext
    explain_all = settings.score.explain == "all"
    scorer = context.broadcast(Scorer(champion.model, champion.thresholds, champion.decision["themes"], explain_all))

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return score_batches(batches, scorer)

    scored = rows.repartition(context.defaultParallelism, "siren").mapInArrow(work, SPARK_SCHEMA)
    constants = {
        "horizon": F.lit(champion.decision["horizon"]).cast("int"),
        "level": F.col("level_model"),  # expert rules will tell them apart
        "model_name": F.lit(champion.name),
        "model_version": F.lit(champion.version),
        "run_id": F.lit(champion.run_id),
    }
    return scored.select(*(constants[name].alias(name) if name in constants else name for name in _COLUMNS))


def replaced_rows(months: Sequence[date], horizon: int, version: str) -> str:
    """The rows that a scoring replaces: its months (as half-open ranges), horizon and model version."""
    ranges = []
    for month in months:
        after = start_of(index_of(month) + 1)
        ranges.append(f"(periode >= '{month.isoformat()}' and periode < '{after.isoformat()}')")
    return f"({' or '.join(ranges)}) and horizon = {horizon} and model_version = '{version}'"


def _report_written(written: DataFrame, report: Callable[[str], None]) -> int:
    counts = {"rows": F.count("*"), "fort": F.count_if(F.col("level") == "fort")}
    counts |= {"modere": F.count_if(F.col("level") == "modere")}
    by_month = written.groupBy("periode").agg(*(column.alias(name) for name, column in counts.items()))
    total = 0
    for row in by_month.orderBy("periode").collect():
        report(f"{row['periode']:%Y-%m}: {row['rows']} companies scored, {row['fort']} fort, {row['modere']} modere")
        total += row["rows"]
    report(f"{PREDICTIONS_ENTREPRISE.path}: {total} rows of these months")
    return total
