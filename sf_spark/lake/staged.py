"""Read the staged tables for a build; a source that was never delivered is an empty table."""

import json

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from sf_spark.lake.files import table_at
from sf_spark.lake.tables import as_files, location, read_version
from sf_spark.schema import staged


def read_or_empty(spark: SparkSession, lake: str, source: str, columns: str, version: int | None) -> DataFrame:
    """A staged table at a version; None: an empty one with these columns (DDL), because it was never delivered.

    It is read as the Parquet files in its log, however many there are: for a panel, the log read by Delta would be half
    of the planning time.
    """
    if version is None:
        return _empty(spark, columns)
    folder = location(lake, staged(source))
    table = table_at(folder, version)
    if table.file_uris():
        # Where the files alone are not the content of the table, or lie elsewhere, Delta reads it.
        found = as_files(spark, folder, table) if table.protocol().min_reader_version == 1 else None
        return read_version(spark, lake, staged(source), version) if found is None else found
    schema = StructType.fromJson(json.loads(table.schema().to_json()))
    return _empty(spark, ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in schema))


def _empty(spark: SparkSession, columns: str) -> DataFrame:
    """An empty frame, which the optimizer recognises first, so that everything derived from it costs nothing."""
    kinds = dict(column.split(" ") for column in columns.split(", "))
    nulls = ", ".join(f"CAST(NULL AS {kind})" for kind in kinds.values())
    return spark.sql(f"SELECT * FROM VALUES ({nulls}) AS staged ({', '.join(kinds)}) LIMIT 0")
