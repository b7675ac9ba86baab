"""A model as its file defines it: steps, constraints, parameters for a table, a search."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sf_spark.errors import ConfigurationError
from sf_spark.ml.constraints import check_constraint
from sf_spark.ml.model_steps import about, did_you_mean, shown
from sf_spark.ml.rules import check_rules


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

    def essentials(self) -> dict[str, Any]:
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


def definition_of(name: str, content: Mapping[str, Any]) -> Definition:
    """The definition in a stored version, or in a dictionary like it.

    Raises:
        ConfigurationError: For anything but a description, a list of one-key steps, constraints, parameters for a
            table and a search.
    """
    with about(f"model '{name}'"):
        return defined(name, content)


def defined(name: str, content: Any) -> Definition:
    """The definition in the content of a file; its classes and parameters are checked when it is built.

    Raises:
        ConfigurationError: For anything but a description, a list of one-key steps, constraints, parameters for a
            table and a search.
    """
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
    check_classes("table", definition.table, definition)
    check_parameters_of_rules(definition)
    return definition


def _by_parameter(key: str, values: Any) -> dict[str, Any]:
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise ConfigurationError(f"'{key}' gives Class.parameter: value, not {shown(values)}")
    return dict(values)


def check_classes(key: str, values: Mapping[str, Any], definition: Definition) -> None:
    """Refuse parameters of a class that is not in the pipeline.

    Raises:
        ConfigurationError: It names the classes of the pipeline.
    """
    classes = sorted({path.rpartition(".")[2] for path, _ in definition.steps})
    for name in values:
        of, dot, _ = name.partition(".")
        if of not in classes or not dot:
            raise ConfigurationError(
                f"'{key}' gives Class.parameter: value for classes of the pipeline ({', '.join(classes)}), "
                f"not {name}{did_you_mean(of, classes)}"
            )


def check_parameters_of_rules(definition: Definition) -> None:
    """Check the rules of a model that is made of rules.

    Raises:
        ConfigurationError: For a rule that cannot be applied.
    """
    if definition.is_rule:
        check_rules(definition.steps[-1][1].get("rules", []))
