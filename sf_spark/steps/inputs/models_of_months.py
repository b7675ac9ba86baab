"""The model of a past month: the one whose list was published, else the present champion."""

from datetime import date

from pyspark.sql import SparkSession

from sf_spark.lake.tables import read_table
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.publication.editions import in_force
from sf_spark.schema import PREDICTIONS_ENTREPRISE
from sf_spark.settings import Settings
from sf_spark.steps.inputs.editions import published_editions


def models_of_months(spark: SparkSession, settings: Settings) -> dict[tuple[int, date], str]:
    """The version by horizon and month, for the months that it has scored."""
    predictions = read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE)
    scored = predictions.select("horizon", "periode", "model_version").distinct().collect()
    published = in_force(published_editions(settings.lake))
    registry = Registry(settings.tracking_store())
    champions = {
        horizon: registry.champion_version(registered_name(settings.train.model_name, horizon))
        for horizon in {row["horizon"] for row in scored}
    }
    found = {}
    for row in scored:
        key = (row["horizon"], row["periode"])
        speaking = published[key].model_version if key in published else champions[row["horizon"]]
        if row["model_version"] == speaking:
            found[key] = row["model_version"]
    return found
