"""The staged tables that a build reads; a source that was never delivered stands there empty."""

import json
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from sf_spark.lake.files import table_at
from sf_spark.lake.places import for_spark
from sf_spark.lake.tables import location, read_version
from sf_spark.schema import staged


def read_or_empty(spark: SparkSession, lake: str, source: str, columns: str, version: int | None) -> DataFrame:
    """A staged table as it stood at a version; None: an empty one with these columns (DDL), nothing delivered it.

    It is read as the Parquet files that its log names. Delta's reader asks the log by a Spark job, once for each place
    of a plan that reads the table: for a panel that is half of what planning takes.
    """
    if version is None:
        return _empty(spark, columns)
    folder = location(lake, staged(source))
    table = table_at(folder, version)
    if table.protocol().min_reader_version > 1:  # a file alone does not say what the table holds
        return read_version(spark, lake, staged(source), version)
    schema = StructType.fromJson(json.loads(table.schema().to_json()))
    files = [for_spark(f"{folder}/{unquote(path)}") for path in table.get_add_actions().column("path").to_pylist()]
    if not files:
        return _empty(spark, ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in schema))
    # These are names, whatever signs they hold, not patterns.
    reader = spark.read.schema(schema).option("basePath", for_spark(folder)).option("__globPaths__", "false")
    return reader.parquet(*files)


def _empty(spark: SparkSession, columns: str) -> DataFrame:
    """No rows, which the optimizer sees before all else, so that what is made of them costs nothing."""
    kinds = dict(column.split(" ") for column in columns.split(", "))
    nulls = ", ".join(f"CAST(NULL AS {kind})" for kind in kinds.values())
    return spark.sql(f"SELECT * FROM VALUES ({nulls}) AS staged ({', '.join(kinds)}) LIMIT 0")
