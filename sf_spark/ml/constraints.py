"""Monotonic constraints as a model's file states them: the direction in which the chance of failing may move."""

from collections.abc import Mapping
from typing import Any

from sf_spark.errors import ConfigurationError
from sf_spark.ml.model_steps import did_you_mean, shown

DIRECTIONS = {"increasing": 1, "decreasing": -1}
_KEYS = ("theme", "measure", "statistics", "direction")


def check_constraint(rule: Any) -> None:
    """Check the keys and the direction of a constraint.

    Raises:
        ConfigurationError: For another key, another direction, or neither theme nor measure.
    """
    is_mapping = isinstance(rule, Mapping)
    unknown = [key for key in rule if key not in _KEYS] if is_mapping else []
    direction = rule.get("direction") if is_mapping else None
    if not is_mapping or unknown or direction not in list(DIRECTIONS) or not {"theme", "measure"} & set(rule):
        hint = did_you_mean(unknown[0], _KEYS) if unknown else did_you_mean(direction, DIRECTIONS)
        raise ConfigurationError(
            "a constraint is {theme or measure, statistics, direction: increasing or decreasing}, "
            f"not {shown(rule)}{hint}"
        )


def check_names(rule: Mapping[str, Any]) -> None:
    """Check that a constraint's names can be those of a signal.

    Raises:
        ConfigurationError: For a theme or a measure that is no text, or statistics that are no list of texts.
    """
    statistics = rule.get("statistics", ["any"])
    listed = statistics if isinstance(statistics, list) and statistics else [None]
    if not all(isinstance(name, str) for name in (rule.get("theme", ""), rule.get("measure", ""), *listed)):
        raise ConfigurationError(
            f"a constraint names a theme or a measure, and lists statistics, as [level, max], not {shown(rule)}"
        )
