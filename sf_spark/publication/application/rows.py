"""Rows as PostgreSQL's COPY takes them, and the digests by which parts that have changed are told from others. Pure."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.publication.application.relations import Relation

PART = "_part"
# Amounts go as the shortest text of a double, which is exact to the cent, and becomes numeric in PostgreSQL.
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
    """The columns of a relation in its order, and the part of each row (``_part``, empty where it belongs to none).

    PostgreSQL holds no NUL sign, and CSV no bare end of line: control signs in texts become blanks.
    """
    kinds = dict(frame.dtypes)
    columns = [
        _printable(F.col(name)).alias(name) if kinds[name] == "string" else F.col(name) for name in relation.columns
    ]
    part = F.col(relation.part)
    named = F.date_format(part, "yyyy-MM") if relation.is_by_month else part
    return frame.select(*columns).withColumn(PART, F.coalesce(named, F.lit("")))


def digests(rows: DataFrame, relation: Relation) -> DataFrame:
    """``_part, rows, digest``: what each part holds, in whatever order its rows come.

    A digest is the sum of two hashes of 64 bits of each row; whether a cell is null counts, too: a hash passes over it.
    """
    cells = [F.col(name) for name in relation.columns]
    cells += [F.isnull(name) for name in relation.columns]
    sums = (F.sum(F.xxhash64(F.lit(seed), *cells).cast("decimal(38,0)")) for seed in (1, 2))
    digest = F.concat_ws(" ", *(each.cast("string") for each in sums))
    return rows.groupBy(PART).agg(F.count("*").alias("rows"), digest.alias("digest"))


def _printable(text: Column) -> Column:
    return F.translate(text, "\x00\r\n", "   ")
