"""Models as files: ``conf/models/<name>.yml`` lists the steps of a scikit-learn pipeline. A new model is a new file."""

import difflib
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from sf_spark.errors import ConfigurationError
from sf_spark.ml.signal_model import SignalModel

_FUNCTIONS = ("func", "inverse_func")  # parameters that name a numpy function
_REFUSED = "categorical_features"  # SHAP explains native categories wrongly, without an error


@dataclass(frozen=True)
class Definition:
    """A model as its file gives it: the steps are (class path, parameters)."""

    name: str
    description: str
    steps: tuple[tuple[str, dict[str, Any]], ...]

    def as_dict(self) -> dict[str, Any]:
        """The content of the file, for a fingerprint and to travel with the model."""
        return {
            "name": self.name,
            "description": self.description,
            "pipeline": [{path: dict(params)} for path, params in self.steps],
        }

    def flat_params(self) -> dict[str, Any]:
        """``Class.parameter`` to value, for a table of runs."""
        return {
            f"{path.rpartition('.')[2]}.{key}": value for path, params in self.steps for key, value in params.items()
        }


def read_definitions(folder: Path) -> list[Definition]:
    """Read every model of a folder, by name.

    Raises:
        ConfigurationError: When there is none, or one cannot be built, naming the file and what would be right.
    """
    definitions = [_read(path) for path in sorted(folder.glob("*.yml"))]
    if not definitions:
        raise ConfigurationError(f"no model in {folder}: a model is one YAML file there")
    for definition in definitions:
        build(definition, ["signal"], seed=0)
    return definitions


def definition_of(name: str, content: Mapping[str, Any]) -> Definition:
    """Check the content of a model's file.

    Raises:
        ConfigurationError: For anything but a description and a list of one-key steps.
    """
    pipeline = content.get("pipeline") if isinstance(content, Mapping) else None
    if not isinstance(pipeline, list) or not pipeline:
        raise ConfigurationError(f"model '{name}': 'pipeline' must list steps, as '- sklearn.module.Class: {{...}}'")
    steps = []
    for step in pipeline:
        if not isinstance(step, Mapping) or len(step) != 1:
            raise ConfigurationError(f"model '{name}': a step is one '- sklearn.module.Class: {{...}}', not {step!r}")
        ((path, params),) = step.items()
        if params is not None and not isinstance(params, Mapping):
            raise ConfigurationError(f"model '{name}': the parameters of {path} must be 'key: value', not {params!r}")
        steps.append((str(path), dict(params or {})))
    return Definition(name, str(content.get("description", "")), tuple(steps))


def build(definition: Definition, signals: list[str], seed: int) -> SignalModel:
    """An unfitted model over these signals; steps that draw at random take the seed unless their file gives one.

    Raises:
        ConfigurationError: For an unknown class or parameter, or a last step that does not classify.
    """
    steps = [_step(definition.name, path, params, seed) for path, params in definition.steps]
    if not is_classifier(steps[-1]):
        raise ConfigurationError(f"model '{definition.name}': the last step must be a classifier")
    pipeline = Pipeline([(f"{rank}_{type(step).__name__}", step) for rank, step in enumerate(steps, 1)])
    return SignalModel(pipeline, list(signals))


def _read(path: Path) -> Definition:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    return definition_of(path.stem, content or {})


def _step(model: str, path: str, params: Mapping[str, Any], seed: int) -> Any:
    module, _, name = path.rpartition(".")
    if module.split(".")[0] != "sklearn":  # a configuration file must not be a way to run any code
        raise ConfigurationError(f"model '{model}': steps are classes of scikit-learn, not '{path}'")
    try:
        factory = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise ConfigurationError(f"model '{model}': scikit-learn has no '{path}'") from None
    known = list(inspect.signature(factory).parameters)
    for key in params:
        if key == _REFUSED or key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean '{close[0]}'?" if close and key != _REFUSED else ""
            raise ConfigurationError(f"model '{model}': {name} cannot be given '{key}' here{hint}")
    values = {key: _function(model, value) if key in _FUNCTIONS else value for key, value in params.items()}
    if "random_state" in known:
        values.setdefault("random_state", seed)
    return factory(**values)


def _function(model: str, name: str) -> Any:
    module, _, attribute = str(name).rpartition(".")
    function = getattr(np, attribute, None) if module == "numpy" else None
    if not isinstance(function, np.ufunc):
        raise ConfigurationError(f"model '{model}': '{name}' is not an element-wise function of numpy")
    return function
