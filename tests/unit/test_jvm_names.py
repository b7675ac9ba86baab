"""The Java classes used in every call of PySpark are looked up once, and do not change."""

import pytest
from py4j.java_gateway import JavaClass
from py4j.protocol import Py4JError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def test_a_class_and_its_methods_are_looked_up_once(spark: SparkSession) -> None:
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    for name in ("functions", "org.apache.spark.sql.functions"):
        functions = getattr(jvm, name)
        assert isinstance(functions, JavaClass) and functions._fqn == "org.apache.spark.sql.functions"
        assert getattr(jvm, name) is functions
        assert functions.col is functions.col
    assert spark.range(1).select((F.lit(2) + F.col("id")).alias("two")).first() == (2,)


def test_an_unknown_function_is_still_reported(spark: SparkSession) -> None:
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    with pytest.raises(Py4JError, match="functions.no_such_function does not exist in the JVM"):
        _ = jvm.functions.no_such_function
