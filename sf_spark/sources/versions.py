"""Versions of facts: a snapshot stores what changed since the last one, and dates what it withdraws. Pure and lazy.

delivery   it says                   stored
2401       A = 10, B = 5             A = 10, B = 5   known_on by the source's own rule
2402       A = 12, B = 5, C = 1      A = 12, C = 1   known_on 2024-02-20; the first A superseded_on 2024-02-20
2403       A = 12, C = 1             nothing         B superseded_on 2024-03-20
"""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.columns import fingerprint
from sf_spark.sources.reading import facts_of, tuple_fields

IDENTITY = "_identity"
CHANGE, APPEARED, WITHDRAWN = "_change", "appeared", "withdrawn"


def repeated(lines: DataFrame) -> DataFrame:
    """What more than one line of a delivery may say: ``_first, _second``, as :func:`identify` takes them.

    A wide line says something of its entity, in each of its months: no other line has its facts when none has its
    entity, which is told from one row instead of sixty.
    """
    several = F.count("*") > 1
    if "_tuples" in lines.columns:
        dates = F.col("_tuples")[tuple_fields(lines)[0]]  # where all are distinct, so are the tuples
        several = several | F.bool_or(F.size(F.array_distinct(dates)) < F.size(dates))
    found = lines.groupBy("_first", "_second").agg(several.alias("_several"))
    return found.where("_several").select("_first", "_second")


def identify(lines: DataFrame, among: Sequence[tuple[int, int]] | None = None) -> DataFrame:
    """Name each fact by its content, and drop byte-identical repeats of a line within one delivery.

    Two lines that differ only in columns that are not read hold two facts of equal content: they are added, so they
    get different names (by ``rank``). Telling them apart needs all facts in order; where ``among`` says which may be
    equal, only these are ordered.

    Args:
        lines: All lines of a delivery that give facts, with ``_first, _second, _raw_hash, _file, _line``: see
            :func:`sf_spark.sources.reading.compact`.
        among: What :func:`repeated` found; None: anything.

    Returns:
        One row a fact, with ``_identity`` (128 bits of its content, and its rank) in place of the hashes.
    """
    if among is None:
        return _ranked(_facts(lines))
    if not among:
        return _named(_facts(lines), F.lit(1))
    equal = F.broadcast(lines.sparkSession.createDataFrame(list(among), "_first long, _second long"))
    alone, others = (
        _facts(lines.join(equal, on=["_first", "_second"], how=which)) for which in ("left_anti", "left_semi")
    )
    return _named(alone, F.lit(1)).unionByName(_ranked(others))


def _facts(lines: DataFrame) -> DataFrame:
    """One row a fact; the hash of a wide line is that of its entity, so each of its facts gets its own from it."""
    if "_tuples" not in lines.columns:
        return lines
    return facts_of(lines).withColumns(fingerprint(tuple_fields(lines), start=("_first", "_second")))


def _ranked(facts: DataFrame) -> DataFrame:
    # One sort serves both windows.
    same_content = Window.partitionBy("_first", "_second").orderBy("_raw_hash", "_file", "_line")
    distinct = (
        facts.withColumn("_line_before", F.lag("_raw_hash").over(same_content))
        .where(~F.col("_raw_hash").eqNullSafe(F.col("_line_before")))
        .withColumn("_rank", F.row_number().over(same_content))
    )
    return _named(distinct, F.col("_rank")).drop("_rank", "_line_before")


def _named(facts: DataFrame, rank: Column) -> DataFrame:
    parts = {"first": F.col("_first"), "second": F.col("_second"), "rank": rank}
    named = facts.withColumn(IDENTITY, F.struct(*(part.alias(name) for name, part in parts.items())))
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
