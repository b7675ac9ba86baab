"""Delta tables with Spark: read, replace in one commit."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from urllib.parse import unquote

from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from sf_spark.errors import MissingTableError
from sf_spark.lake.files import is_table, open_table, table_at
from sf_spark.lake.places import for_spark, rooted
from sf_spark.schema import Table

_FEW_FILES = 32  # more are listed by a Spark job of their own


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


def read_version(
    spark: SparkSession, lake: str, table: Table, version: int, months: Collection[date] | None = None
) -> DataFrame:
    """Read a table at a version, whatever is written meanwhile.

    A table of few files is read as the Parquet files that its log names. Delta's reader would read the log by a Spark
    job, once for each use of the table in a plan: a third of a second each.

    Args:
        spark: The session.
        lake: The lake.
        table: The table.
        version: Its version.
        months: First days of the months wanted, of a table partitioned by ``periode``; None: all.
    """
    folder = location(lake, table)
    stored = table_at(folder, version)
    found = as_files(spark, folder, stored, months, _FEW_FILES) if stored.protocol().min_reader_version == 1 else None
    if found is None:
        found = spark.read.format("delta").option("versionAsOf", version).load(spark_location(lake, table))
    return found if months is None else found.where(F.col("periode").isin(*months))


def as_files(
    spark: SparkSession,
    folder: str,
    stored: DeltaTable,
    months: Collection[date] | None = None,
    most: int | None = None,
) -> DataFrame | None:
    """The rows of a table, read as the files that its log names; None where these are none, too many, or elsewhere.

    Args:
        spark: The session.
        folder: Where the table is.
        stored: A version of it, of reader version 1: in later ones rows may differ from those of their files.
        months: Partitions ``periode`` whose files are read; None: all files.
        most: Files to list at most; None: any number.
    """
    files = stored.get_add_actions(flatten=True)
    paths = list(files.column("path").to_pylist())
    if months is not None:
        days = files.column("partition.periode").to_pylist()
        paths = [path for path, day in zip(paths, days, strict=True) if day in months]
    if not paths or (most is not None and len(paths) > most) or any("://" in path for path in paths):
        return None
    schema = StructType.fromJson(json.loads(stored.schema().to_json()))
    # These are literal names, not patterns.
    reader = spark.read.schema(schema).option("basePath", for_spark(folder)).option("__globPaths__", "false")
    rows = reader.parquet(*(for_spark(f"{folder}/{unquote(path)}") for path in paths))
    return rows.select(*(f"`{name}`" for name in schema.names))  # the partition stood last


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
