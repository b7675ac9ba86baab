"""Summaries of rejected lines and of facts held back from ending: by source and reason, with an example."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_LONGEST_EXAMPLE = 200


def rejects_by_reason(quarantine: DataFrame) -> DataFrame:
    """Count the rejected lines by source and reason; a line with several reasons counts under each.

    Args:
        quarantine: The table: ``source, _batch, _file, _line, raw, reasons``.

    Returns:
        ``source, code, column, lines, first_batch, last_batch, message, example`` (the first line of the last batch,
        after its file and number), the most frequent reason of each source first.
    """
    place = F.concat_ws(":", "_file", F.col("_line").cast("string"))
    return (
        quarantine.select("source", "_batch", "_file", "_line", "raw", F.explode("reasons").alias("reason"))
        .select("*", "reason.code", "reason.column", "reason.message", place.alias("place"))
        .groupBy("source", "code", "column")
        .agg(
            F.count_distinct("_batch", "_file", "_line").alias("lines"),
            F.min("_batch").alias("first_batch"),
            F.max("_batch").alias("last_batch"),
            F.max(F.struct("_batch", -F.col("_line"), "message", "place", "raw")).alias("last"),
        )
        .select(
            *("source", "code", "column", "lines", "first_batch", "last_batch", "last.message"),
            F.concat_ws(" ", "last.place", F.left("last.raw", F.lit(_LONGEST_EXAMPLE))).alias("example"),
        )
        .orderBy("source", F.desc("lines"), "code", "column")
    )


def held_back_by_reason(held_back: DataFrame) -> DataFrame:
    """Count the facts that deliveries hold back from ending, by source, batch and reason.

    Args:
        held_back: The table: ``source, _batch, key, reason, _fact_batch, _fact_file, _fact_line``.

    Returns:
        ``source, _batch, reason, facts, example`` (the key of one fact, and where it was read).
    """
    place = F.concat_ws(" ", "key", F.concat_ws("/", "_fact_batch", "_fact_file"), F.col("_fact_line").cast("string"))
    return (
        held_back.groupBy("source", "_batch", "reason")
        .agg(F.count("*").alias("facts"), F.min(place).alias("example"))
        .orderBy("source", "_batch", F.desc("facts"), "reason")
    )
