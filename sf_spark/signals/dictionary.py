"""The data dictionary, made from the records."""

from pyspark.sql import DataFrame, SparkSession

from sf_spark.signals.catalogue import CATALOGUE

_SCHEMA = (
    "name string, description string, unit string, source string, theme string, `window` int, null_rule string, "
    "company_only boolean"
)


def dictionary(spark: SparkSession) -> DataFrame:
    """One row a signal: ``name, description, unit, source, theme, window, null_rule, company_only``."""
    rows = [
        (s.name, s.description, s.unit, s.source, s.theme, s.window, s.null_rule, s.company_only) for s in CATALOGUE
    ]
    return spark.createDataFrame(rows, _SCHEMA)
