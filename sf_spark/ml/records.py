"""What passes between the tracking store and the rest: what a run logs, what it is remembered by, who is champion."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.thresholds import Thresholds

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # scoring draws nothing and need not wait for it


@dataclass(frozen=True)
class RunRecord:
    """A finished run: its pooled figures and its whole evaluation."""

    run_id: str
    name: str
    metrics: dict[str, float]
    evaluation: dict[str, Any]


@dataclass(frozen=True)
class RunContent:
    """Everything that one run logs. An evaluation has no ``model``, ``decision`` and ``example``."""

    name: str
    kind: str
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    metrics_by_month: Mapping[int, Mapping[str, float]]
    figures: "Mapping[str, Figure]"
    texts: Mapping[str, str]
    evaluation: Mapping[str, Any]
    tables: Mapping[str, int]
    lake: str
    model: SignalModel | None = None
    decision: Mapping[str, Any] = field(default_factory=dict)
    example: np.ndarray | None = None


@dataclass(frozen=True)
class Champion:
    """The model in charge. ``decision`` holds horizon, thresholds, themes and the model's definition."""

    model: SignalModel
    decision: dict[str, Any]
    name: str
    version: str
    run_id: str

    @property
    def thresholds(self) -> Thresholds:
        """The cut-offs of the levels."""
        return Thresholds(**self.decision["thresholds"])
