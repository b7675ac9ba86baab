"""Models as files: ``conf/models/<name>.yml`` lists the steps of a pipeline. A new model is a new file.

    description: what it is, in French; required
    pipeline: [{sklearn.module.Class: {parameter: value}}, ...]     the last step is a classifier
    monotonic: [{measure: dette, statistics: [level, max], direction: increasing}, ...]
    table: {Class.parameter: value}                                 instead, for a user's own table
    search: {Class.parameter: {uniform | loguniform: [low, high]} | {quniform: [low, high, step]} | {choice: [...]}}

Beside scikit-learn's own classes a last step may be ``sf_spark.ThresholdRules`` or ``sf_spark.DiscreteHazard``. All of
a file is checked when it is read; a definition stored with a version only for what a pipeline needs, since earlier
releases stored keys that a file may no longer hold.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from sf_spark.errors import ConfigurationError
from sf_spark.ml.categories import CategoryEncoder
from sf_spark.ml.constraints import DIRECTIONS, check_constraint, check_names
from sf_spark.ml.hazard import DiscreteHazard
from sf_spark.ml.model_steps import about, check_params, class_of, did_you_mean, made, shown, transforms
from sf_spark.ml.rules import ThresholdRules, check_keys, check_rules
from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.spaces import check_space, extremes

_OWN: dict[str, Any] = {"sf_spark.ThresholdRules": ThresholdRules, "sf_spark.DiscreteHazard": DiscreteHazard}
_KEYS = ("description", "pipeline", "monotonic", "table", "search")
_GIVEN = ("signals", "horizon", "monotonic_cst")  # set when a model is built, not in its file


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
    return [definition for definition in definitions if not chosen or definition.name in chosen]


def read_definition(path: Path) -> Definition:
    """Read the file of one model, and check all of it.

    Raises:
        ConfigurationError: When the file is not YAML, or not a model that can be built; it names the file.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: save it as such (byte {error.start + 1})") from None
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise ConfigurationError(f"{path} is not YAML: {error.problem}{line}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date of a 13th month is a ValueError
        raise ConfigurationError(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    with about(str(path)):
        if isinstance(content, Mapping):
            _check_keys(content)
        definition = _defined(path.stem, content)
        _check_text(definition, content)
        _check_built(definition)
    return definition


def definition_of(name: str, content: Mapping[str, Any]) -> Definition:
    """The definition in a stored version, or in a dictionary like it.

    Raises:
        ConfigurationError: For anything but a description, a list of one-key steps, constraints and a search.
    """
    with about(f"model '{name}'"):
        return _defined(name, content)


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
        ConfigurationError: For an unknown class, an unknown parameter or a wrong value of one, a step that does not
            transform, or a last step that does not classify.
    """
    given = {"signals": list(signals), "horizon": horizon, "random_state": seed}
    if definition.monotonic and infos and not categorical:
        given["monotonic_cst"] = directions(definition, signals, infos)
    with about(f"model '{definition.name}'"):
        steps = _steps(definition, given)
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
        result.append(DIRECTIONS[found[-1]["direction"]] if found else 0)
    return result


def idle_constraints(definition: Definition, infos: Mapping[str, SignalInfo]) -> list[str]:
    """The measures and themes of its constraints that no signal has: a slip, or signals that are not built."""
    idle = [rule for rule in definition.monotonic if not any(_applies(rule, info) for info in infos.values())]
    return [str(rule.get("measure") or rule["theme"]) for rule in idle]


def _applies(rule: Mapping[str, Any], info: SignalInfo) -> bool:
    return (
        rule.get("theme", info.theme) == info.theme
        and rule.get("measure", info.measure) == info.measure
        and info.statistic in rule.get("statistics", [info.statistic])
    )


def _defined(name: str, content: Any) -> Definition:
    pipeline = content.get("pipeline") if isinstance(content, Mapping) else None
    if not isinstance(pipeline, list) or not pipeline:
        raise ConfigurationError("'pipeline' must list steps, as '- sklearn.module.Class: {...}'")
    steps = []
    for step in pipeline:
        if not isinstance(step, Mapping) or len(step) != 1:
            raise ConfigurationError(f"a step is one '- sklearn.module.Class: {{...}}', not {shown(step)}")
        ((path, params),) = step.items()
        if params is not None and not isinstance(params, Mapping):
            raise ConfigurationError(f"the parameters of {path} must be 'key: value', not {shown(params)}")
        steps.append((str(path), dict(params or {})))
    parts = {key: value for key, value in content.items() if value is not None}
    monotonic = parts.get("monotonic", [])
    if not isinstance(monotonic, list | tuple):
        raise ConfigurationError(f"'monotonic' must list constraints, not {shown(monotonic)}")
    for rule in monotonic:
        check_constraint(rule)
    definition = Definition(
        *(name, str(parts.get("description", "")), tuple(steps), tuple(map(dict, monotonic))),
        table=_by_parameter("table", parts.get("table", {})),
        search=_by_parameter("search", parts.get("search", {})),
    )
    _check_classes("table", definition.table, definition)
    _check_rules(definition)
    return definition


def _by_parameter(key: str, values: Any) -> dict[str, Any]:
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise ConfigurationError(f"'{key}' gives Class.parameter: value, not {shown(values)}")
    return dict(values)


def _check_classes(key: str, values: Mapping[str, Any], definition: Definition) -> None:
    classes = sorted({path.rpartition(".")[2] for path, _ in definition.steps})
    for name in values:
        of, dot, _ = name.partition(".")
        if of not in classes or not dot:
            raise ConfigurationError(
                f"'{key}' gives Class.parameter: value for classes of the pipeline ({', '.join(classes)}), "
                f"not {name}{did_you_mean(of, classes)}"
            )


def _check_rules(definition: Definition) -> None:
    if definition.is_rule:
        check_rules(definition.steps[-1][1].get("rules", []))


def _check_keys(content: Mapping[Any, Any]) -> None:
    for key in content:
        if key not in _KEYS:
            raise ConfigurationError(f"unknown key {shown(key)} (known: {', '.join(_KEYS)}){did_you_mean(key, _KEYS)}")


def _check_text(definition: Definition, content: Mapping[str, Any]) -> None:
    """What a stored definition may lack: a description, and constraints whose names are texts."""
    description = content.get("description")
    if not isinstance(description, str) or not description.strip():
        raise ConfigurationError(f"'description' must say what the model is, not {shown(description)}")
    for rule in definition.monotonic:
        check_names(rule)


def _check_built(definition: Definition) -> None:
    """Build the model, its form for a table and the ends of its search."""
    given = {"signals": [], "horizon": 18, "random_state": 0}
    last = _checked_steps(definition, given)[-1]
    if definition.monotonic and "monotonic_cst" not in inspect.signature(type(last)).parameters:
        raise ConfigurationError(f"'monotonic' is not for {type(last).__name__}, which takes no such constraints")
    with about("table"):
        _checked_steps(definition.for_table(), given)
    _check_classes("search", definition.search, definition)
    for name, shape in definition.search.items():
        check_space(name, shape)
        for value in extremes(shape):
            with about(f"search of {name}"):
                _checked_steps(definition.with_params({name: value}), given)


def _checked_steps(definition: Definition, given: Mapping[str, Any]) -> list[Any]:
    _check_rules(definition)
    if definition.is_rule:
        check_keys(definition.steps[-1][1].get("rules", []))
    return _steps(definition, given)


def _steps(definition: Definition, given: Mapping[str, Any]) -> list[Any]:
    steps = [_step(path, params, given) for path, params in definition.steps]
    for step in steps[:-1]:
        if not transforms(step):
            raise ConfigurationError(f"{type(step).__name__} does not transform: only the last step may do so")
    if not is_classifier(steps[-1]):
        raise ConfigurationError(f"the last step must be a classifier, and {type(steps[-1]).__name__} is none")
    return steps


def _step(path: str, params: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    factory = class_of(path, _OWN)
    check_params(factory, params, _GIVEN)
    known, values = inspect.signature(factory).parameters, dict(params)
    for key in ("random_state", *(name for name in _GIVEN if path in _OWN or name == "monotonic_cst")):
        if key in known and key in given:
            values.setdefault(key, given[key])
    return made(factory, values)
