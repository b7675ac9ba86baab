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

IDENTITY = "_identity"


def identify(rows: DataFrame, content: Sequence[str]) -> DataFrame:
    """Name each fact by its content, and drop byte-identical repeats of a line within one delivery.

    Two lines that differ only in columns that are not read hold two facts of equal content: they are added, so they
    get different names (``…-1``, ``…-2``).

    Args:
        rows: Facts with ``_raw_hash``, ``_file`` and ``_line``.
        content: The columns that hold what the partner says.

    Returns:
        The rows, with ``_identity`` in place of ``_raw_hash``.
    """
    same_content = Window.partitionBy("_content").orderBy("_raw_hash")
    same_line = Window.partitionBy("_content", "_raw_hash").orderBy("_file", "_line")
    return (
        rows.withColumn("_content", fingerprint(content))
        .withColumn("_rank", F.dense_rank().over(same_content))
        .withColumn("_repeat", F.row_number().over(same_line))
        .where(F.col("_repeat") == 1)
        .withColumn(IDENTITY, F.concat_ws("-", "_content", "_rank"))
        .drop("_content", "_rank", "_repeat", "_raw_hash")
    )


def known_date(rule: Column, batch_day: date, first_delivery: bool) -> Column:
    """The day a fact could be known: the source's rule in a first delivery, the batch's own date in a later one.

    A fact that has been delivered is known, so the rule never goes beyond the batch's date.
    """
    day = F.lit(batch_day)
    return F.least(rule, day) if first_delivery else day


def appeared(delivered: DataFrame, current: DataFrame) -> DataFrame:
    """The facts of a delivery that no current row holds yet."""
    return delivered.join(current.select(IDENTITY), on=IDENTITY, how="left_anti")


def withdrawn(delivered: DataFrame, current: DataFrame, batch_day: date) -> DataFrame:
    """The current rows that a full snapshot no longer holds, with the day they end."""
    gone = current.join(delivered.select(IDENTITY), on=IDENTITY, how="left_anti")
    return gone.select(IDENTITY, "_batch", F.lit(batch_day).alias("superseded_on"))
