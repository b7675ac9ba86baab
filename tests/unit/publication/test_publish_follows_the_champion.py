"""What `publish` takes from the predictions when the champion has moved."""

from datetime import date

import pytest
from pyspark.sql import SparkSession

from sf_spark.errors import SfSparkError
from sf_spark.settings import load_settings
from sf_spark.steps.publish import _months_to_publish, champion_version

SCHEMA = "periode date, horizon int, model_version string"
AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)


def test_the_months_are_those_that_the_champion_scored(spark: SparkSession) -> None:
    rows = [(AUGUST, 18, "1"), (AUGUST, 18, "2"), (SEPTEMBER, 18, "2"), (SEPTEMBER, 12, "1")]
    predictions = spark.createDataFrame(rows, SCHEMA)
    assert _months_to_publish(predictions, 18, "2") == [AUGUST, SEPTEMBER]
    assert _months_to_publish(predictions, 12, "1") == [SEPTEMBER]


def test_a_rollback_without_scores_publishes_nothing(spark: SparkSession) -> None:
    predictions = spark.createDataFrame([(AUGUST, 18, "1"), (SEPTEMBER, 18, "2"), (SEPTEMBER, 18, "10")], SCHEMA)
    with pytest.raises(
        SfSparkError, match="2026-09 is scored by version 2, 10, and the champion is version 1: run score"
    ):
        _months_to_publish(predictions, 18, "1")
    with pytest.raises(SfSparkError, match=r"no month is scored at train\.horizon=24"):
        _months_to_publish(predictions, 24, "1")


def test_without_a_champion_there_is_no_list(tmp_path) -> None:
    settings = load_settings("test", [f"lake={tmp_path}/lake"])
    with pytest.raises(SfSparkError, match="no model 'sf_spark_defaillance_18m' is champion"):
        champion_version(settings)
