"""What makes two trainings the same: data, settings, model and code, in one hash."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sf_spark import __version__
from sf_spark.ml.models import Definition
from sf_spark.settings import TrainSettings

# Of the settings, these change what is registered and where, not what is measured.
_NAMES = ("model_name", "experiment")


def of_evaluation(data: Mapping[str, str], definition: Definition, train: TrainSettings) -> str:
    """The fingerprint of an evaluation; ``data`` names the content of each table read."""
    settings = {key: value for key, value in train.model_dump(mode="json").items() if key not in _NAMES}
    return _digest({"data": dict(data), "model": definition.as_dict(), "settings": settings, "code": __version__})


def of_training(evaluation: str, model_name: str) -> str:
    """The fingerprint of a training: an evaluation, and a model registered under a name."""
    return _digest({"evaluation": evaluation, "model_name": model_name})


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]
