"""The lines of a delivered file, numbered, as a lazy DataFrame."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.io.files import DeliveredFile

_ROWS_OF_A_PARTITION = (1 << 33) - 1  # monotonically_increasing_id keeps the rank inside a partition in its low 33 bits


def numbered_lines(spark: SparkSession, file: DeliveredFile, header_line: int) -> DataFrame:
    r"""The data lines of a file: ``_line`` (physical number, header = 1) and ``_raw`` (text without its line end).

    Only ``\n`` and ``\r\n`` end a line. Blank lines and what stands up to ``header_line`` are left out.
    """
    # Spark's own line splitting would also break at a lone carriage return.
    text = spark.read.text(str(file.path.resolve()), lineSep="\n").withColumn("_id", F.monotonically_increasing_id())
    rank = F.col("_id").bitwiseAND(F.lit(_ROWS_OF_A_PARTITION))
    first = _first_lines(text)
    numbered = text.select(
        (F.get(first, F.shiftrightunsigned("_id", 33).cast("int")) + rank).alias("_line"),
        F.when(F.col("value").endswith("\r"), F.left("value", F.length("value") - 1))
        .otherwise(F.col("value"))
        .alias("_raw"),
    ).where(F.col("_raw") != "")
    return numbered.where(F.col("_line") > header_line)


def _first_lines(text: DataFrame):  # type: ignore[no-untyped-def]
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
