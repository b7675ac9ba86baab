"""Rows in the format of PostgreSQL's COPY, and the digests that identify changed parts. Pure."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.publication.application.relations import Relation

PART = "_part"
# Amounts are written as the shortest text of a double, exact to the cent, which PostgreSQL reads as numeric.
# Empty cells are nulls, and "" an empty text, in Spark's CSV as in PostgreSQL's.
CSV_OPTIONS = {
    "sep": ",",
    "header": "false",
    "escape": '"',
    "nullValue": "",
    "emptyValue": '""',
    "encoding": "UTF-8",
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
}


def sendable(frame: DataFrame, relation: Relation) -> DataFrame:
    """The columns of a relation in its order, and the part of each row (``_part``, empty without a part).

    PostgreSQL accepts no NUL character, and CSV no bare line end: control characters in texts become blanks.
    """
    kinds = dict(frame.dtypes)
    columns = [
        _printable(F.col(name)).alias(name) if kinds[name] == "string" else F.col(name) for name in relation.columns
    ]
    part = F.col(relation.part)
    named = F.date_format(part, "yyyy-MM") if relation.is_by_month else part
    return frame.select(*columns).withColumn(PART, F.coalesce(named, F.lit("")))


def digests(rows: DataFrame, relation: Relation) -> DataFrame:
    """``_part, rows, digest``: the content of each part, independent of the order of rows.

    A digest is the sum of two 64-bit hashes of each row; null flags are hashed too, because a hash skips nulls.
    """
    cells = [F.col(name) for name in relation.columns]
    cells += [F.isnull(name) for name in relation.columns]
    sums = (F.sum(F.xxhash64(F.lit(seed), *cells).cast("decimal(38,0)")) for seed in (1, 2))
    digest = F.concat_ws(" ", *(each.cast("string") for each in sums))
    return rows.groupBy(PART).agg(F.count("*").alias("rows"), digest.alias("digest"))


def _printable(text: Column) -> Column:
    return F.translate(text, "\x00\r\n", "   ")
