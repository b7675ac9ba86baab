"""Steps of a pipeline from a class path and plain values, without running anything else that a file may name.

A step is a public class of scikit-learn that derives from its ``BaseEstimator``, or one of ours. Its parameters are
numbers, texts, and lists or mappings of them, as YAML writes them, so no parameter holds a function or an estimator;
``func: numpy.<name>`` takes an element-wise function of numpy.
"""

import difflib
import importlib
import inspect
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from textwrap import shorten
from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, is_classifier

from sf_spark.errors import ConfigurationError

_FUNCTIONS = ("func", "inverse_func")  # parameters that name a numpy function
_REFUSED = (
    "categorical_features",  # SHAP explains native categories wrongly, and raises no error
    "memory",  # a folder, whose pickles would be loaded
)
_NOT_PUBLIC = ("conftest", "tests")  # importing them does more than define classes
_DEPTH = 3  # of lists and mappings in a parameter; an alias of YAML may contain itself
_LONGEST = 400  # of a text of scikit-learn's, which may list every option
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80


@contextmanager
def about(what: str) -> Iterator[None]:
    """Put the model, its file or a part of it before the text of an error."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(" ".join(f"{what}: {error}".split())) from None  # a key may hold a line break


def shown(value: Any) -> str:
    """A value of a file, short and in one line."""
    return _REPR.repr(value)


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """The end of an error's text: the known name that is nearest, if one is near."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close and close[0] != name else ""


def class_of(path: str, own: Mapping[str, type[BaseEstimator]]) -> type[BaseEstimator]:
    """The class with this path: one of ours, by its full name, or one of scikit-learn.

    Raises:
        ConfigurationError: For anything but a public estimator class; a configuration file must not run other code.
    """
    if path in own:
        return own[path]
    module, _, name = path.rpartition(".")
    parts = path.split(".")
    if parts[0] != "sklearn" or not module:
        raise ConfigurationError(f"steps are classes of scikit-learn, not {shown(path)}{did_you_mean(path, own)}")
    if not all(part.isidentifier() and part[0] != "_" and part not in _NOT_PUBLIC for part in parts):
        raise ConfigurationError(f"steps are public classes of scikit-learn, not {shown(path)}")
    try:
        home = importlib.import_module(module)
    except ImportError:
        hint = did_you_mean(module, [f"sklearn.{each}" for each in sklearn.__all__])
        raise ConfigurationError(f"scikit-learn has no {shown(path)}{hint}") from None
    try:
        found = getattr(home, name)
    except (ImportError, AttributeError):  # an experimental class raises the first
        classes = [key for key, value in vars(home).items() if inspect.isclass(value)]
        raise ConfigurationError(f"scikit-learn has no {shown(path)}{did_you_mean(name, classes)}") from None
    if not (inspect.isclass(found) and issubclass(found, BaseEstimator)):
        raise ConfigurationError(f"steps are estimator classes of scikit-learn, and {shown(path)} is none")
    return found


def check_params(factory: type[BaseEstimator], params: Mapping[str, Any], given: Iterable[str]) -> None:
    """Check the names of a class's parameters, and that their values are plain.

    Args:
        factory: The class of the step.
        params: Its parameters, from the file.
        given: Parameters that a file may not set.

    Raises:
        ConfigurationError: For a parameter that the class does not have or the file may not set, one that it lacks, or
            a value that is no plain data.
    """
    name, signature = factory.__name__, inspect.signature(factory).parameters
    for key, value in params.items():
        if key in (*_REFUSED, *given) or key not in signature:
            hint = did_you_mean(key, signature)
            raise ConfigurationError(f"{name} cannot be given {shown(key)} here{hint}")
        if not _is_plain(value, _DEPTH):
            raise ConfigurationError(
                f"'{key}' of {name} must be a number, a text, or a list or mapping of them, not {shown(value)}"
            )
    missing = [key for key, each in signature.items() if each.default is each.empty and key not in params]
    if missing:
        raise ConfigurationError(f"{name} needs {', '.join(missing)} (given: {', '.join(params) or 'nothing'})")


def made(factory: type[BaseEstimator], params: Mapping[str, Any]) -> Any:
    """An estimator with these checked parameters, whose values its class accepts.

    Raises:
        ConfigurationError: For a value that the class refuses.
    """
    values = {key: _function(value) if key in _FUNCTIONS else value for key, value in params.items()}
    try:
        step = factory(**values)
        if hasattr(step, "_parameter_constraints"):
            step._validate_params()
        is_classifier(step)  # raises for a wrapper around anything but an estimator
    except Exception as error:  # an abstract class, or a check of the class's own
        text = " ".join(str(error).split())
        options, _, got = text.rpartition(" Got ")
        hint = did_you_mean(got.removesuffix(" instead.").strip("'"), re.findall(r"'([^']+)'", options))
        prefix = "" if factory.__name__ in text else f"{factory.__name__}: "
        raise ConfigurationError(f"{prefix}{shorten(text.rstrip('.'), _LONGEST)}{hint}") from None
    return step


def transforms(step: Any) -> bool:
    """Whether another step may follow it."""
    return hasattr(step, "transform") and (hasattr(step, "fit") or hasattr(step, "fit_transform"))


def _is_plain(value: Any, depth: int) -> bool:
    if isinstance(value, list | dict):
        members = [*value, *value.values()] if isinstance(value, dict) else value
        return depth > 0 and all(_is_plain(each, depth - 1) for each in members)
    return value is None or isinstance(value, str | int | float)


def _function(name: Any) -> Any:
    module, _, attribute = str(name).rpartition(".")
    function = getattr(np, attribute, None) if module == "numpy" else None
    if not isinstance(function, np.ufunc) or (function.nin, function.nout) != (1, 1):
        raise ConfigurationError(f"{shown(name)} is not an element-wise function of numpy")
    return function
