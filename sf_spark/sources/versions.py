"""Versions of facts: a snapshot stores what changed since the last one, and dates what it withdraws. Pure and lazy.

delivery   it says                   stored
2401       A = 10, B = 5             A = 10, B = 5   known_on by the source's own rule
2402       A = 12, B = 5, C = 1      A = 12, C = 1   known_on 2024-02-20; the first A superseded_on 2024-02-20
2403       A = 12, C = 1             nothing         B superseded_on 2024-03-20
"""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.columns import fingerprint
from sf_spark.sources.reading import content_columns, facts_of

IDENTITY = "_identity"
CHANGE, APPEARED, WITHDRAWN = "_change", "appeared", "withdrawn"


def identify(lines: DataFrame) -> DataFrame:
    """Name each fact by its content, and drop byte-identical repeats of a line within one delivery.

    Two lines that differ only in columns that are not read hold two facts of equal content: they are added, so they
    get different names (``…-1``, ``…-2``).

    Args:
        lines: All lines of a delivery that give facts, with ``_raw_hash``, ``_file`` and ``_line``.

    Returns:
        One row a fact, with ``_identity`` in place of ``_raw_hash``.
    """
    if "_tuples" not in lines.columns:
        return _ranked(lines)
    # A wide line holds a fact for each of its months. No other line has their content when none has its entity, which
    # is told from one row instead of sixty: nearly all lines are alone, and their facts need no ordering.
    by_entity = _with_fingerprint(lines)
    several = (F.count("*") > 1) | F.bool_or(F.size(F.array_distinct("_tuples")) < F.size("_tuples"))
    repeated = by_entity.groupBy("_first", "_second").agg(several.alias("_several")).where("_several")
    alone, others = (
        by_entity.join(F.broadcast(repeated), on=["_first", "_second"], how=which).drop("_first", "_second")
        for which in ("left_anti", "left_semi")
    )
    return _named(_with_fingerprint(facts_of(alone)), F.lit("1")).unionByName(_ranked(facts_of(others)))


def _ranked(facts: DataFrame) -> DataFrame:
    # One sort serves both windows.
    same_content = Window.partitionBy("_first", "_second").orderBy("_raw_hash", "_file", "_line")
    distinct = (
        _with_fingerprint(facts)
        .withColumn("_line_before", F.lag("_raw_hash").over(same_content))
        .where(~F.col("_raw_hash").eqNullSafe(F.col("_line_before")))
        .withColumn("_rank", F.row_number().over(same_content))
    )
    return _named(distinct, F.col("_rank").cast("string")).drop("_rank", "_line_before")


def _with_fingerprint(rows: DataFrame) -> DataFrame:
    first, second = fingerprint(content_columns(rows))
    return rows.withColumns({"_first": first, "_second": second})


def _named(facts: DataFrame, rank: Column) -> DataFrame:
    in_hexadecimal = [F.lpad(F.hex(name), 16, "0") for name in ("_first", "_second")]
    named = facts.withColumn(IDENTITY, F.concat(*in_hexadecimal, F.lit("-"), rank))
    return named.drop("_first", "_second", "_raw_hash")


def known_date(rule: Column, batch_day: date, first_delivery: bool) -> Column:
    """The day a fact could be known: the source's rule in a first delivery, the batch's own date in a later one.

    A fact that has been delivered is known, so the rule never goes beyond the batch's date.
    """
    day = F.lit(batch_day)
    return F.least(rule, day) if first_delivery else day


def compare(delivered: DataFrame, current: DataFrame, whole: bool) -> DataFrame:
    """What a delivery changes: facts that appear and, for a whole snapshot, current ones that it no longer holds.

    Args:
        delivered: The delivery's facts, identified.
        current: The rows in force: ``_identity`` and ``_batch`` are read.
        whole: Whether an absent fact is a withdrawn one.

    Returns:
        The changed facts only, with ``_change`` (``appeared`` or ``withdrawn``) and ``_current_batch``.
    """
    in_force = current.select(IDENTITY, F.col("_batch").alias("_current_batch"))
    both = delivered.join(in_force, on=IDENTITY, how="full_outer" if whole else "left_outer")
    change = F.when(F.col("_current_batch").isNull(), APPEARED).when(F.col("_file").isNull(), WITHDRAWN)
    return both.withColumn(CHANGE, change).where(F.col(CHANGE).isNotNull())


def appeared(changes: DataFrame) -> DataFrame:
    """The facts of a delivery that no current row holds yet."""
    return changes.where(F.col(CHANGE) == APPEARED).drop(CHANGE, "_current_batch")


def withdrawn(changes: DataFrame, batch_day: date) -> DataFrame:
    """The current rows that a whole snapshot no longer holds, with the day they end."""
    gone = changes.where(F.col(CHANGE) == WITHDRAWN)
    return gone.select(IDENTITY, F.lit(batch_day).alias("superseded_on"))


def only_new(facts: DataFrame, known: DataFrame) -> DataFrame:
    """The facts whose identity is not among the known ones: an increment never repeats a fact."""
    return facts.join(known.select(IDENTITY), on=IDENTITY, how="left_anti")


def reopen(stored: DataFrame, batch_day: date) -> DataFrame:
    """Stored rows as they were before a snapshot of that day: what it ended is in force again.

    A delivery that is taken in again, or corrected by a sub-batch of the same month, is compared with what stood
    before it.
    """
    ended_before = F.when(F.col("superseded_on") != F.lit(batch_day), F.col("superseded_on"))
    return stored.withColumn("superseded_on", ended_before)


def supersede(stored: DataFrame, ended: DataFrame) -> DataFrame:
    """Stored rows, with the day of their end where a current one has ended: see :func:`withdrawn`.

    A row that ended before keeps its day, also when a fact of the same identity came back and ends now.
    """
    now = ended.select(IDENTITY, F.col("superseded_on").alias("_now"))
    joined = stored.join(now, on=IDENTITY, how="left")
    return joined.select(
        *(F.coalesce(name, "_now").alias(name) if name == "superseded_on" else F.col(name) for name in stored.columns)
    )
