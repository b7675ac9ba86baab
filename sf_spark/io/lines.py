"""The records of a delivered file, numbered, as a lazy DataFrame."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.io.files import DeliveredFile
from sf_spark.io.records import Span
from sf_spark.sources.source import LATIN9, UTF8, UTF16

_ROWS_OF_A_PARTITION = (1 << 33) - 1  # monotonically_increasing_id keeps the rank inside a partition in its low 33 bits
# ISO-8859-15 is ISO-8859-1 but for eight characters, and Spark decodes the latter.
_LATIN1_TO_LATIN9 = (
    "\u00a4\u00a6\u00a8\u00b4\u00b8\u00bc\u00bd\u00be",
    "\u20ac\u0160\u0161\u017d\u017e\u0152\u0153\u0178",
)


def numbered_lines(
    spark: SparkSession, file: DeliveredFile, header_line: int, encoding: str = UTF8, spans: Sequence[Span] = ()
) -> DataFrame:
    r"""The records of a file: ``_line`` (physical number of its first line, header = 1) and ``_raw`` (its text).

    Only ``\n`` and ``\r\n`` end a line. Blank lines and what stands up to ``header_line`` are left out.

    Args:
        spark: The session.
        file: The delivered file.
        header_line: Number of the header's line.
        encoding: Of the file.
        spans: The records of several lines: see :mod:`sf_spark.io.records`. Their lines are joined by ``\n``.
    """
    lines = _physical_lines(spark, file, encoding).where(F.col("_line") > header_line)
    return (_joined(lines, spans) if spans else lines).where(F.col("_raw") != "")


def _physical_lines(spark: SparkSession, file: DeliveredFile, encoding: str) -> DataFrame:
    # Spark's own line splitting would also break at a lone carriage return.
    reader = spark.read.option("lineSep", "\n")
    if encoding == UTF16:  # the line end has two bytes there
        reader = reader.option("encoding", "UTF-16LE")
    text = reader.text(str(file.path.resolve())).withColumn("_id", F.monotonically_increasing_id())
    rank = F.col("_id").bitwiseAND(F.lit(_ROWS_OF_A_PARTITION))
    value = _decoded(F.col("value"), encoding)
    return text.select(
        (F.get(_first_lines(text), F.shiftrightunsigned("_id", 33).cast("int")) + rank).alias("_line"),
        F.when(value.endswith("\r"), F.left(value, F.length(value) - 1)).otherwise(value).alias("_raw"),
    )


def _decoded(value: Column, encoding: str) -> Column:
    if encoding == UTF16:
        return F.decode(value.cast("binary"), "UTF-16LE")
    if encoding == LATIN9:
        return F.translate(F.decode(value.cast("binary"), "ISO-8859-1"), *_LATIN1_TO_LATIN9)
    return value


def _joined(lines: DataFrame, spans: Sequence[Span]) -> DataFrame:
    """Join the lines of each span into one record, numbered by its first line."""
    spark = lines.sparkSession
    ranges = spark.createDataFrame(list(spans), "first long, last long")
    members = ranges.select("first", "last", F.explode(F.sequence("first", "last")).alias("_line"))
    marked = lines.join(F.broadcast(members), on="_line", how="left")
    text = F.array_join(F.transform(F.array_sort(F.collect_list(F.struct("_line", "_raw"))), lambda x: x["_raw"]), "\n")
    behind_the_file = F.col("last") - F.col("first") + 1 - F.count("*")  # lines of the span that are not there
    whole = F.concat(text, F.repeat(F.lit("\n"), behind_the_file.cast("int")))
    joined = marked.where("first is not null").groupBy("first", "last").agg(whole.alias("_raw"))
    alone = marked.where("first is null").select("_line", "_raw")
    return alone.unionByName(joined.select(F.col("first").alias("_line"), "_raw"))


def _first_lines(text: DataFrame) -> Column:
    """array<long>: the physical number of the first line of each partition of the file."""
    if text.rdd.getNumPartitions() == 1:
        return F.array(F.lit(1).cast("long"))
    counted = text.groupBy(F.shiftrightunsigned("_id", 33).cast("int").alias("part")).count().collect()
    sizes = {row["part"]: row["count"] for row in counted}
    starts, line = [], 1
    for part in range(max(sizes) + 1):
        starts.append(line)
        line += sizes.get(part, 0)
    return F.array(*(F.lit(start).cast("long") for start in starts))
