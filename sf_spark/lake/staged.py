"""The staged tables that a build reads; a source that was never delivered stands there empty."""

from pyspark.sql import DataFrame, SparkSession

from sf_spark.lake.tables import read_version
from sf_spark.schema import staged


def read_or_empty(spark: SparkSession, lake: str, source: str, columns: str, version: int | None) -> DataFrame:
    """A staged table as it stood at a version; None: an empty one with these columns (DDL), nothing delivered it."""
    if version is not None:
        return read_version(spark, lake, staged(source), version)
    # Not createDataFrame([]): its rows would pass through Python.
    return spark.createDataFrame(spark.sparkContext.emptyRDD(), columns).where("false")
