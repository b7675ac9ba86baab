"""Build a model from its definition: a pipeline of scikit-learn's classes and ours, over named signals."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from sf_spark.errors import ConfigurationError
from sf_spark.ml.categories import CategoryEncoder
from sf_spark.ml.constraints import DIRECTIONS
from sf_spark.ml.definition import Definition
from sf_spark.ml.hazard import DiscreteHazard
from sf_spark.ml.model_steps import about, check_params, class_of, made, transforms
from sf_spark.ml.rules import ThresholdRules
from sf_spark.ml.signal_model import SignalModel

_OWN: dict[str, Any] = {"sf_spark.ThresholdRules": ThresholdRules, "sf_spark.DiscreteHazard": DiscreteHazard}
_GIVEN = ("signals", "horizon", "monotonic_cst")  # set when a model is built, not in its file


@dataclass(frozen=True)
class SignalInfo:
    """The dictionary's entry of a signal: its theme, its measure and its statistic."""

    theme: str
    measure: str
    statistic: str


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
        steps = steps_of(definition, given)
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


def steps_of(definition: Definition, given: Mapping[str, Any]) -> list[Any]:
    """The unfitted steps of a model.

    Args:
        definition: The model.
        given: Values of parameters that its file does not set, where a step takes them.

    Raises:
        ConfigurationError: For an unknown class, an unknown parameter or a wrong value of one, a step that does not
            transform, or a last step that does not classify.
    """
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
