"""Models as files: ``conf/models/<name>.yml`` lists the steps of a pipeline. A new model is a new file.

    description: what it is, in French
    pipeline: [{sklearn.module.Class: {parameter: value}}, ...]     the last step is a classifier
    monotonic: [{measure: dette, statistics: [level, max], direction: increasing}, ...]
    table: {Class.parameter: value}                                 instead, for a user's own table
    search: {Class.parameter: {uniform | loguniform: [low, high]} | {quniform: [low, high, step]} | {choice: [...]}}

Beside scikit-learn's own classes a last step may be ``sf_spark.ThresholdRules`` or ``sf_spark.DiscreteHazard``.
"""

import difflib
import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from sf_spark.errors import ConfigurationError
from sf_spark.ml.categories import CategoryEncoder
from sf_spark.ml.hazard import DiscreteHazard
from sf_spark.ml.rules import ThresholdRules
from sf_spark.ml.signal_model import SignalModel

_OWN: dict[str, Any] = {"sf_spark.ThresholdRules": ThresholdRules, "sf_spark.DiscreteHazard": DiscreteHazard}
_FUNCTIONS = ("func", "inverse_func")  # parameters that name a numpy function
_REFUSED = ("categorical_features",)  # SHAP explains native categories wrongly, and raises no error
_GIVEN = ("signals", "horizon", "monotonic_cst")  # set when a model is built, not in its file
_DIRECTIONS = {"increasing": 1, "decreasing": -1}


@dataclass(frozen=True)
class SignalInfo:
    """The dictionary's entry of a signal: its theme, its measure and its statistic."""

    theme: str
    measure: str
    statistic: str


@dataclass(frozen=True)
class Definition:
    """A model as defined in its file; steps are (class path, parameters)."""

    name: str
    description: str
    steps: tuple[tuple[str, dict[str, Any]], ...]
    monotonic: tuple[dict[str, Any], ...] = ()
    table: dict[str, Any] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)

    @property
    def is_hazard(self) -> bool:
        """Whether it learns from months to failure, not from the label of one horizon."""
        return self.steps[-1][0] == "sf_spark.DiscreteHazard"

    @property
    def is_rule(self) -> bool:
        """Whether it is a fixed rule, without training."""
        return self.steps[-1][0] == "sf_spark.ThresholdRules"

    def needs(self) -> set[str]:
        """The signals that it requires."""
        return {rule["signal"] for rule in self.steps[-1][1].get("rules", ())} if self.is_rule else set()

    def as_dict(self) -> dict[str, Any]:
        """The content of the file, for fingerprints and to store with the model."""
        return {
            "name": self.name,
            "description": self.description,
            "pipeline": [{path: dict(params)} for path, params in self.steps],
            **({"monotonic": [dict(rule) for rule in self.monotonic]} if self.monotonic else {}),
            **({"table": self.table} if self.table else {}),
            **({"search": self.search} if self.search else {}),
        }

    def recipe(self) -> dict[str, Any]:
        """The part of the file that determines predictions: without description and search."""
        return {key: value for key, value in self.as_dict().items() if key in ("pipeline", "monotonic")}

    def flat_params(self) -> dict[str, Any]:
        """``Class.parameter`` to value, for a table of runs."""
        return {
            f"{path.rpartition('.')[2]}.{key}": value
            for path, params in self.steps
            for key, value in params.items()
            if not isinstance(value, list | dict)
        }

    def with_params(self, values: Mapping[str, Any]) -> "Definition":
        """The same model with other parameters, named ``Class.parameter``."""
        steps = []
        for path, params in self.steps:
            prefix = path.rpartition(".")[2] + "."
            own = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
            steps.append((path, {**params, **own}))
        return replace(self, steps=tuple(steps))

    def for_table(self) -> "Definition":
        """The same model with its parameters for a user's own table, which has no hundreds of correlated signals."""
        return self.with_params(self.table)


def read_definitions(folder: Path, chosen: Sequence[str] = ()) -> list[Definition]:
    """Read the models of a folder, by name.

    Args:
        folder: One YAML file a model.
        chosen: Names to take; empty: all.

    Raises:
        ConfigurationError: When there is no model, or one cannot be built; it names the file and what is expected.
    """
    definitions = [read_definition(path) for path in sorted(folder.glob("*.yml"))]
    if not definitions:
        raise ConfigurationError(f"no model in {folder}: a model is one YAML file there")
    names = [definition.name for definition in definitions]
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise ConfigurationError(
            f"train.models: no model {', '.join(unknown)} in {folder} (available: {', '.join(names)})"
        )
    for definition in definitions:
        for each in (definition, definition.for_table()):
            build(each, sorted({"signal", *definition.needs()}), seed=0)
    return [definition for definition in definitions if not chosen or definition.name in chosen]


def read_definition(path: Path) -> Definition:
    """Read the file of one model.

    Raises:
        ConfigurationError: When the file is not YAML, or not a model.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    return definition_of(path.stem, content or {})


def definition_of(name: str, content: Mapping[str, Any]) -> Definition:
    """Check the content of a model's file.

    Raises:
        ConfigurationError: For anything but a description, a list of one-key steps, constraints and a search.
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
    monotonic = tuple(_constraint(name, rule) for rule in content.get("monotonic") or ())
    return Definition(
        *(name, str(content.get("description", "")), tuple(steps), monotonic),
        table=_for_table(name, content.get("table") or {}, [path for path, _ in steps]),
        search=dict(content.get("search") or {}),
    )


def build(
    definition: Definition,
    signals: Sequence[str],
    seed: int,
    horizon: int = 18,
    infos: Mapping[str, SignalInfo] | None = None,
    categorical: Sequence[int] = (),
) -> SignalModel:
    """An unfitted model over these signals; steps that draw at random take the seed unless their file gives one.

    Args:
        definition: The model.
        signals: Names of the columns.
        seed: Seed of the random draws.
        horizon: Months ahead, for a hazard model.
        infos: The dictionary's entry of each signal; monotonic constraints need it.
        categorical: Positions of the columns that hold codes of categories.

    Raises:
        ConfigurationError: For an unknown class or parameter, or a last step that does not classify.
    """
    given = {"signals": list(signals), "horizon": horizon, "random_state": seed}
    if definition.monotonic and infos and not categorical:
        given["monotonic_cst"] = directions(definition, signals, infos)
    steps = [_step(definition.name, path, params, given) for path, params in definition.steps]
    if not is_classifier(steps[-1]):
        raise ConfigurationError(f"model '{definition.name}': the last step must be a classifier")
    missing = sorted(definition.needs() - set(signals))
    if missing:
        raise ConfigurationError(f"model '{definition.name}' needs missing signals: {', '.join(missing)}")
    if categorical:
        steps.insert(0, CategoryEncoder(list(categorical)))
    pipeline = Pipeline([(f"{rank}_{type(step).__name__}", step) for rank, step in enumerate(steps, 1)])
    return SignalModel(pipeline, list(signals))


def directions(definition: Definition, signals: Sequence[str], infos: Mapping[str, SignalInfo]) -> list[int]:
    """-1, 0 or 1 for each signal: the direction in which the chance of failing may move with it."""
    result = []
    for name in signals:
        info = infos.get(name)
        found = [rule for rule in definition.monotonic if info is not None and _applies(rule, info)]
        result.append(_DIRECTIONS[found[-1]["direction"]] if found else 0)
    return result


def _applies(rule: Mapping[str, Any], info: SignalInfo) -> bool:
    return (
        rule.get("theme", info.theme) == info.theme
        and rule.get("measure", info.measure) == info.measure
        and info.statistic in rule.get("statistics", [info.statistic])
    )


def _for_table(model: str, params: Any, steps: Sequence[str]) -> dict[str, Any]:
    classes = {path.rpartition(".")[2] for path in steps}
    wrong = [key for key in params if str(key).partition(".")[0] not in classes or "." not in str(key)]
    if not isinstance(params, Mapping) or wrong:
        raise ConfigurationError(
            f"model '{model}': 'table' gives Class.parameter: value for classes of the pipeline "
            f"({', '.join(sorted(classes))}), not {', '.join(map(str, wrong)) or repr(params)}"
        )
    return dict(params)


def _constraint(model: str, rule: Any) -> dict[str, Any]:
    known = {"theme", "measure", "statistics", "direction"}
    if (
        not isinstance(rule, Mapping)
        or not set(rule) <= known
        or rule.get("direction") not in _DIRECTIONS
        or not {"theme", "measure"} & set(rule)
    ):
        raise ConfigurationError(
            f"model '{model}': a constraint is {{theme or measure, statistics, direction: increasing or decreasing}}, "
            f"not {rule!r}"
        )
    return dict(rule)


def _step(model: str, path: str, params: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    factory = _OWN.get(path) or _of_sklearn(model, path)
    name = path.rpartition(".")[2]
    known = list(inspect.signature(factory).parameters)
    for key in params:
        if key in (*_REFUSED, *_GIVEN) or key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean '{close[0]}'?" if close and close[0] != key else ""
            raise ConfigurationError(f"model '{model}': {name} cannot be given '{key}' here{hint}")
    values = {key: _function(model, value) if key in _FUNCTIONS else value for key, value in params.items()}
    for key in ("random_state", *(name for name in _GIVEN if path in _OWN or name == "monotonic_cst")):
        if key in known and key in given:
            values.setdefault(key, given[key])
    return factory(**values)


def _of_sklearn(model: str, path: str) -> Any:
    module, _, name = path.rpartition(".")
    if module.split(".")[0] != "sklearn":  # a configuration file must not run arbitrary code
        raise ConfigurationError(f"model '{model}': steps are classes of scikit-learn, not '{path}'")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise ConfigurationError(f"model '{model}': scikit-learn has no '{path}'") from None


def _function(model: str, name: str) -> Any:
    module, _, attribute = str(name).rpartition(".")
    function = getattr(np, attribute, None) if module == "numpy" else None
    if not isinstance(function, np.ufunc):
        raise ConfigurationError(f"model '{model}': '{name}' is not an element-wise function of numpy")
    return function
