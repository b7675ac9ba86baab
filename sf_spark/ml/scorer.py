"""What a Spark worker does to score: Arrow batches of signals in, Arrow batches of predictions out.

Nothing here knows MLflow or a session: a worker imports this module, NumPy, scikit-learn, and shap only when a row is
to be explained.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from sf_spark.ml.explain import Explainer, by_theme
from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.thresholds import NONE, Thresholds

_CONTRIBUTIONS = pa.map_(pa.string(), pa.float32())
_SCHEMA = pa.schema(
    [
        ("siren", pa.string()),
        ("periode", pa.date32()),
        ("probability", pa.float64()),
        ("raw_score", pa.float64()),
        ("level_model", pa.string()),
        ("contributions", _CONTRIBUTIONS),
        ("contributions_theme", _CONTRIBUTIONS),
    ]
)
SPARK_SCHEMA = (
    "siren string, periode date, probability double, raw_score double, level_model string, "
    "contributions map<string,float>, contributions_theme map<string,float>"
)


@dataclass
class Scorer:
    """A model with all that it needs to decide and to explain; one is sent to each worker process."""

    model: SignalModel
    thresholds: Thresholds
    themes: dict[str, str]
    explain_all: bool
    _explainer: Explainer | None = field(default=None, repr=False)

    def score(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Score siren, periode and the model's signals; contributions are null where the level is ``aucun``.

        Raises:
            SfSparkError: When contributions do not add up to the score.
        """
        values = np.column_stack(
            [batch.column(name).to_numpy(zero_copy_only=False).astype(np.float32) for name in self.model.signals]
        )
        raw_score = self.model.raw_score(values)
        probability = self.model.calibrate(raw_score)
        level = self.thresholds.levels(probability)
        explained = np.ones(len(level), dtype=bool) if self.explain_all else level != NONE
        by_signal, themes, theme_sums = self._explain(values[explained])
        columns = [
            batch.column("siren"),
            batch.column("periode"),
            pa.array(probability),
            pa.array(raw_score),
            pa.array(level, pa.string()),
            _maps(explained, self.model.signals, by_signal),
            _maps(explained, themes, theme_sums),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)

    def _explain(self, values: np.ndarray) -> tuple[np.ndarray, list[str], np.ndarray]:
        signals = self.model.signals
        if not len(values):
            return np.zeros((0, len(signals))), [], np.zeros((0, 0))
        if self._explainer is None:
            self._explainer = Explainer(self.model)
        by_signal = self._explainer.contributions(values)
        return by_signal, *by_theme(by_signal, signals, self.themes)


class _Broadcast(Protocol):
    @property
    def value(self) -> Scorer: ...


def score_batches(batches: Iterable[pa.RecordBatch], scorer: _Broadcast) -> Iterator[pa.RecordBatch]:
    """Score a partition; the broadcast is unpacked once a worker process, and kept there by Spark."""
    for batch in batches:
        if batch.num_rows:
            yield scorer.value.score(batch)


def _maps(present: np.ndarray, keys: list[str], values: np.ndarray) -> pa.MapArray:
    """One map a row: all keys where present, null elsewhere."""
    offsets = np.concatenate([[0], np.cumsum(np.where(present, len(keys), 0))]).astype(np.int32)
    repeated = pa.array(list(keys) * len(values), pa.string())
    items = pa.array(values.ravel().astype(np.float32))
    return pa.MapArray.from_arrays(offsets, repeated, items, mask=pa.array(~present)).cast(_CONTRIBUTIONS)
