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
from pathlib import Path
from typing import Any

from sf_spark.errors import ConfigurationError
from sf_spark.ml.constraints import check_names
from sf_spark.ml.definition import Definition, check_classes, check_parameters_of_rules, defined
from sf_spark.ml.model_steps import about, did_you_mean, shown
from sf_spark.ml.models import steps_of
from sf_spark.ml.rules import check_keys
from sf_spark.ml.spaces import check_space, extremes
from sf_spark.plain_yaml import load_plain

_KEYS = ("description", "pipeline", "monotonic", "table", "search")


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
        content = load_plain(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: save it as such (byte {error.start + 1})") from None
    except ValueError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from None
    with about(str(path)):
        if isinstance(content, Mapping):
            _check_keys(content)
        definition = defined(path.stem, content)
        _check_text(definition, content)
        _check_built(definition)
    return definition


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
    check_classes("search", definition.search, definition)
    for name, shape in definition.search.items():
        check_space(name, shape)
        for value in extremes(shape):
            with about(f"search of {name}"):
                _checked_steps(definition.with_params({name: value}), given)


def _checked_steps(definition: Definition, given: Mapping[str, Any]) -> list[Any]:
    check_parameters_of_rules(definition)
    if definition.is_rule:
        check_keys(definition.steps[-1][1].get("rules", []))
    return steps_of(definition, given)
