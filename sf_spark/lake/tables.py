"""Delta tables with Spark: read, replace in one commit."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession

from sf_spark.errors import MissingTableError
from sf_spark.lake.files import is_table, open_table
from sf_spark.lake.places import for_spark, rooted
from sf_spark.schema import Table


def location(lake: str, table: Table) -> str:
    """The location of a table: an absolute path, or a URI."""
    return f"{rooted(lake)}/{table.path}"


def spark_location(lake: str, table: Table) -> str:
    """The location of a table in Spark's form: a URI."""
    return for_spark(location(lake, table))


def exists(lake: str, table: Table) -> bool:
    """True when the table exists."""
    return is_table(location(lake, table))


def read_table(spark: SparkSession, lake: str, table: Table) -> DataFrame:
    """Read the latest version of a table.

    Raises:
        MissingTableError: When no job has written it yet.
    """
    if not exists(lake, table):
        raise MissingTableError(f"table {table.path} is not in {lake}: run the job that writes it first")
    return spark.read.format("delta").load(spark_location(lake, table))


def table_version(lake: str, table: Table) -> int:
    """The number of the table's last commit, by its log alone; -1 when there is none."""
    stored = open_table(location(lake, table))
    return -1 if stored is None else int(stored.version())


def read_version(spark: SparkSession, lake: str, table: Table, version: int) -> DataFrame:
    """Read a table at a version, whatever is written meanwhile."""
    return spark.read.format("delta").option("versionAsOf", version).load(spark_location(lake, table))


def replace_all(df: DataFrame, lake: str, table: Table) -> None:
    """Replace a whole table, with its schema, in one commit."""
    writer = df.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
    (writer.partitionBy(table.partition) if table.partition else writer).save(spark_location(lake, table))


def replace_where(df: DataFrame, lake: str, table: Table, predicate: str) -> None:
    """Replace the rows for which a predicate holds, in one commit; the whole table where it has other columns."""
    stored = open_table(location(lake, table))
    if stored is None or [field.name for field in stored.schema().fields] != df.columns:
        replace_all(df, lake, table)
        return
    df.write.format("delta").mode("overwrite").option("replaceWhere", predicate).save(spark_location(lake, table))


def literal_list(values: Sequence[str]) -> str:
    """SQL text of a list of string literals, for a predicate."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
