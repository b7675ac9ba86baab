"""Spaces of parameters that a model's file gives under ``search``; hyperopt itself is in :mod:`sf_spark.ml.tuning`.

kind          values               what is tried
uniform       low, high            any number between them
loguniform    low, high            the same, even in logarithm; low is above zero
quniform      low, high, step      multiples of the step; whole numbers if the step is one
choice        one or more          one of them
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sf_spark.errors import ConfigurationError
from sf_spark.ml.model_steps import shown

_SHAPES = {"uniform": 2, "loguniform": 2, "quniform": 3, "choice": None}
_LARGEST = 1e300  # beyond it, a width or a step overflows a double


def check_space(name: str, shape: Any) -> None:
    """Check the space of one parameter.

    Raises:
        ConfigurationError: For another kind, another number of values, or values that span nothing.
    """
    if not isinstance(shape, Mapping) or len(shape) != 1 or next(iter(shape)) not in _SHAPES:
        raise ConfigurationError(
            f"the search of {name} must be one of {', '.join(_SHAPES)}, as {{uniform: [0, 1]}}, not {shown(shape)}"
        )
    ((kind, values),) = shape.items()
    wanted = _SHAPES[kind]
    if not isinstance(values, list) or not values or (wanted is not None and len(values) != wanted):
        raise ConfigurationError(f"{kind} of {name} takes {wanted or 'some'} values, not {shown(values)}")
    if kind == "choice":
        if not all(isinstance(value, str | int | float | None) for value in values):
            raise ConfigurationError(f"choice of {name} takes plain values, not {shown(values)}")
        return
    if not all(_is_number(value) for value in values):
        raise ConfigurationError(f"{kind} of {name} takes numbers (1.0e-4; 1e-4 is a text), not {shown(values)}")
    if values[0] >= values[1]:
        raise ConfigurationError(f"{kind} of {name} goes from low to high, not from {values[0]} to {values[1]}")
    if kind == "loguniform" and values[0] <= 0:
        raise ConfigurationError(f"loguniform of {name} starts above 0, not at {values[0]}")
    if kind == "quniform" and values[2] <= 0:
        raise ConfigurationError(f"quniform of {name} takes a step above 0, not {values[2]}")


def extremes(shape: Mapping[str, Any]) -> list[Any]:
    """The smallest and the largest value of a checked space, or all its choices: what every other one lies between."""
    ((kind, values),) = shape.items()
    if kind == "choice":
        return list(values)
    low, high, *step = values
    return [plain(shape, float(np.round(end / step[0]) * step[0] if step else end)) for end in (low, high)]


def plain(shape: Mapping[str, Any], value: Any) -> Any:
    """A value as in YAML: a whole number if the step is one."""
    if isinstance(value, np.generic):
        value = value.item()
    steps = shape.get("quniform")
    return int(value) if steps and float(steps[2]).is_integer() else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST
