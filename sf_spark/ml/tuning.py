"""Search for parameters with hyperopt; the one module that knows it.

A search is replayed, not resumed: the same seed and losses suggest the same trials, so an interrupted search reads the
losses of finished trials from the store, and continues. Bergstra, Yamins and Cox (2013); Watanabe (2023) on the
tree-structured Parzen estimator.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sf_spark.errors import ConfigurationError
from sf_spark.ml.definition import Definition
from sf_spark.ml.model_steps import about
from sf_spark.ml.spaces import check_space, plain


@dataclass(frozen=True)
class Trial:
    """Parameters (``Class.parameter`` to value) and their loss."""

    params: dict[str, Any]
    loss: float


def search(definition: Definition, loss: Callable[[dict[str, Any]], float], trials: int, seed: int) -> list[Trial]:
    """Search the space of a model; best trial first, of ties the earlier one.

    Args:
        definition: The model; its file gives the space under ``search``.
        loss: Function to minimise; called once for each trial, in order, with the parameters.
        trials: Number of trials.
        seed: Seed of the sampler.

    Raises:
        ConfigurationError: When the model has no space, or one that cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the removal of pkg_resources: setuptools is pinned below it
        from hyperopt import Trials, fmin, tpe  # takes a second to import

    with about(f"model '{definition.name}'"):
        space = {name: _dimension(name, shape) for name, shape in definition.search.items()}
    tried: list[Trial] = []
    if not space:
        raise ConfigurationError(f"model '{definition.name}' has nothing to search: give its file a 'search'")

    def objective(values: Mapping[str, Any]) -> float:
        params = {name: plain(definition.search[name], value) for name, value in values.items()}
        tried.append(Trial(params, float(loss(params))))
        return tried[-1].loss

    fmin(
        objective,
        space,
        algo=tpe.suggest,
        max_evals=trials,
        trials=Trials(),
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )
    return sorted(tried, key=lambda trial: trial.loss)


def _dimension(name: str, shape: Any) -> Any:
    from hyperopt import hp

    check_space(name, shape)
    ((kind, values),) = shape.items()
    if kind == "loguniform":
        values = [float(np.log(value)) for value in values]
    return hp.choice(name, values) if kind == "choice" else getattr(hp, kind)(name, *values)
