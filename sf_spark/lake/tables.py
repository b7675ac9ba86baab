"""Delta tables by Spark: read, replace in one commit."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession

from sf_spark.errors import MissingTableError
from sf_spark.lake.files import is_table, open_table
from sf_spark.lake.places import for_spark, rooted
from sf_spark.schema import Table


def location(lake: str, table: Table) -> str:
    """Where a table is: an absolute path, or a URI."""
    return f"{rooted(lake)}/{table.path}"


def spark_location(lake: str, table: Table) -> str:
    """Where a table is, as Spark is given it: a URI."""
    return for_spark(location(lake, table))


def exists(lake: str, table: Table) -> bool:
    """True when the table has been written."""
    return is_table(location(lake, table))


def read_table(spark: SparkSession, lake: str, table: Table) -> DataFrame:
    """Read a table as it stands.

    Raises:
        MissingTableError: When no job has written it yet.
    """
    if not exists(lake, table):
        raise MissingTableError(f"table {table.path} is not in {lake}: run the job that writes it first")
    return spark.read.format("delta").load(spark_location(lake, table))


def table_version(lake: str, table: Table) -> int:
    """The number of the table's last commit, by its log alone; -1 when there is none."""
    there = open_table(location(lake, table))
    return -1 if there is None else int(there.version())


def read_version(spark: SparkSession, lake: str, table: Table, version: int) -> DataFrame:
    """A table as it stood at a version, whoever writes meanwhile."""
    return spark.read.format("delta").option("versionAsOf", version).load(spark_location(lake, table))


def replace_all(df: DataFrame, lake: str, table: Table) -> None:
    """Replace a whole table in one commit, its schema included."""
    writer = df.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
    (writer.partitionBy(table.partition) if table.partition else writer).save(spark_location(lake, table))


def literal_list(values: Sequence[str]) -> str:
    """SQL text of a list of string literals, for a predicate."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
