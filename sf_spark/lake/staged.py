"""The staged tables that a build reads; a source that was never delivered stands there empty."""

from pyspark.sql import DataFrame, SparkSession

from sf_spark.lake.tables import exists, read_table
from sf_spark.schema import staged


def read_or_empty(spark: SparkSession, lake: str, source: str, columns: str) -> DataFrame:
    """A staged table as it stands, or an empty one with these columns (DDL) when no delivery brought the source."""
    if exists(spark, lake, staged(source)):
        return read_table(spark, lake, staged(source))
    # Not createDataFrame([]): its rows would pass through Python.
    return spark.createDataFrame(spark.sparkContext.emptyRDD(), columns).where("false")


def absent_sources(spark: SparkSession, lake: str, sources: list[str]) -> frozenset[str]:
    """Those of some sources that no delivery brought."""
    return frozenset(name for name in sources if not exists(spark, lake, staged(name)))
