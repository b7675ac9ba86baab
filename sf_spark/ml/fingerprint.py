"""The fingerprint of a training: data, settings, model and code, in one hash."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from sf_spark.ml.definition import Definition
from sf_spark.settings import TrainSettings

# These settings change what is registered, where, or how it is used afterwards; not what is measured.
_WITHOUT_EFFECT = ("model_name", "experiment", "horizons", "models", "trials", "gate")
_LIBRARIES = ("scikit-learn", "numpy", "scipy")


def of_evaluation(
    data: Mapping[str, str], definition: Definition, train: TrainSettings, protocol: str = "new_failures"
) -> str:
    """The fingerprint of an evaluation; ``data`` names the content of each table read."""
    settings = {key: value for key, value in train.model_dump(mode="json").items() if key not in _WITHOUT_EFFECT}
    content = {"data": dict(data), "model": definition.essentials(), "settings": settings, "protocol": protocol}
    return _digest({**content, "code": code_digest()})


def of_training(evaluation: str, model_name: str) -> str:
    """The fingerprint of a training: an evaluation, and a model registered under a name."""
    return _digest({"evaluation": evaluation, "model_name": model_name})


@cache
def code_digest() -> str:
    """A digest of the training code and of the libraries it uses: a changed line makes another model."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    if folder.is_dir():  # inside a zip on a cluster, only the versions of the libraries count
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}".encode())
    return digest.hexdigest()


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]
