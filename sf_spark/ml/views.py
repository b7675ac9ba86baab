"""The view of the runs that MLflow's pages open with one click: which figures a comparison of models starts from.

MLflow keeps the saved views of an experiment in its tags, as its pages write them (MLflow 3). Without one, its table of
runs shows no figure at all until a reader chooses columns.
"""

import json

VIEW = "comparison"
_NAME = "Comparer les modèles"
_KIND = ("mlflow.experimentKind", "custom_model_development")  # else the pages open for chat traces
_METRICS = (
    *("average_precision", "roc_auc", "precision_at_100", "precision_at_500", "precision_at_1000"),
    *("recall_at_500", "lift_at_500", "brier", "calibration_error", "base_rate", "failing_companies"),
)
_TAGS = ("sf_spark.model", "sf_spark.horizon", "sf_spark.kind", "sf_spark.protocol")
_CREATED = 1_767_225_600_000  # milliseconds: a fixed day, so that a second write changes nothing


def experiment_tags() -> dict[str, str]:
    """The tags of an experiment: its kind, and its saved view, best average precision first."""
    columns = [f"metrics.`{name}`" for name in _METRICS] + [f"tags.`{name}`" for name in _TAGS]
    state = {
        "searchFilter": "",
        "orderByKey": columns[0],
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": columns,
    }
    view = {"name": _NAME, "createdAt": _CREATED, "updatedAt": _CREATED, "state": json.dumps(state)}
    return {_KIND[0]: _KIND[1], f"mlflow.sharedViewState.{VIEW}": json.dumps(view, ensure_ascii=False)}
