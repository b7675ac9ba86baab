"""Records exchanged with the tracking store: the content of a run, a finished run, a served model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.thresholds import Thresholds

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # scoring plots nothing and need not import it


@dataclass(frozen=True)
class RunRecord:
    """A finished run: its pooled figures, its whole evaluation, and the test rows behind them."""

    run_id: str
    name: str
    metrics: dict[str, float]
    evaluation: dict[str, Any]
    rows: dict[str, np.ndarray] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class RunContent:
    """Everything that one run logs. An evaluation has no ``model``, ``decision`` and ``example``.

    Attributes:
        name: Name in the list of runs.
        kind: ``training``, ``evaluation`` or ``search``.
        started_at: Milliseconds since 1970, when the work began.
        tables: The Delta tables read, with their versions.
        tables_shown: Tables for comparison in the UI: file name to columns.
        arrays: The test rows.
        decision: Horizon, thresholds, themes and measures, the model's definition.
    """

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
    started_at: int | None = None
    description: str = ""
    tables_shown: Mapping[str, Mapping[str, list[Any]]] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    model: SignalModel | None = None
    decision: Mapping[str, Any] = field(default_factory=dict)
    example: np.ndarray | None = None


@dataclass(frozen=True)
class Champion:
    """A registered version that serves. ``decision`` holds horizon, thresholds, themes and the model's definition."""

    model: SignalModel
    decision: dict[str, Any]
    name: str
    version: str
    run_id: str

    @property
    def thresholds(self) -> Thresholds:
        """The cut-offs of the levels."""
        return Thresholds(**self.decision["thresholds"])

    @property
    def horizon(self) -> int:
        """Horizon of its probabilities, in months."""
        return int(self.decision["horizon"])
