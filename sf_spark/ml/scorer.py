"""Scoring in a Spark worker: Arrow batches of signals in, Arrow batches of predictions out.

No MLflow and no session here: a worker imports this module, NumPy, scikit-learn, and shap if it explains a row.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sf_spark.ml.explain import Explainer, by_theme
from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.thresholds import Thresholds

_CONTRIBUTIONS = pa.map_(pa.string(), pa.float64())
_RULES = pa.list_(pa.string())
_SCHEMA = pa.schema(
    [
        ("siren", pa.string()),
        ("periode", pa.date32()),
        ("horizon", pa.int32()),
        ("probability", pa.float64()),
        ("raw_score", pa.float64()),
        ("expected_value", pa.float64()),
        ("expected_probability", pa.float64()),
        ("cutoff_modere", pa.float64()),
        ("cutoff_fort", pa.float64()),
        ("level_model", pa.string()),
        ("rules", _RULES),
        ("contributions", _CONTRIBUTIONS),
        ("contributions_theme", _CONTRIBUTIONS),
    ]
)
SPARK_SCHEMA = (
    "siren string, periode date, horizon int, probability double, raw_score double, expected_value double, "
    "expected_probability double, cutoff_modere double, cutoff_fort double, level_model string, rules array<string>, "
    "contributions map<string,double>, contributions_theme map<string,double>"
)


@dataclass
class Served:
    """The model of one horizon, with its cut-offs and explanation."""

    model: SignalModel
    thresholds: Thresholds
    horizon: int
    themes: dict[str, str]
    expected: float
    _explainer: Explainer | None = field(default=None, repr=False)

    @property
    def explainer(self) -> Explainer:
        """Created on first use: it takes seconds."""
        if self._explainer is None:
            self._explainer = Explainer(self.model)
        return self._explainer

    @property
    def constants(self) -> tuple[float, float, float, float]:
        """Expected value, its probability, and the cut-offs of the levels."""
        expected = float(self.model.calibrate(np.array([self.expected]))[0])
        return self.expected, expected, self.thresholds.modere, self.thresholds.fort

    def explain(self, values: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, list[str], np.ndarray]:
        """Contributions by signal, the themes, contributions by theme, of rows and their raw scores."""
        signals = self.model.signals
        if not len(values):
            return np.zeros((0, len(signals))), [], np.zeros((0, 0))
        by_signal = self.explainer.contributions(values, raw)
        return by_signal, *by_theme(by_signal, signals, self.themes)


@dataclass
class Scorer:
    """The models of all horizons; each worker process receives one copy.

    Args:
        served: The models.
        horizon: Horizon of the list, whose probabilities are not adjusted.
        explain_all: Explain every row, not only those that may come onto a list.
        explain_share: Share of the cut-off of ``modere``: a list may keep who is above it.
    """

    served: list[Served]
    horizon: int
    explain_all: bool
    explain_share: float = 1.0

    @property
    def signals(self) -> list[str]:
        """Every signal that a model reads, by name."""
        return sorted({name for each in self.served for name in each.model.signals})

    def score(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Score rows of siren, periode, signals and, if any, the ``rules`` that hold: one row for each horizon.

        Contributions are null where neither the probability nor a rule can put the company on a list.

        Raises:
            SfSparkError: When contributions do not add up to the score.
        """
        columns = {name: batch.column(name).to_numpy(zero_copy_only=False).astype(np.float32) for name in self.signals}
        values = [np.column_stack([columns[name] for name in each.model.signals]) for each in self.served]
        raw = [each.model.raw_score(matrix) for each, matrix in zip(self.served, values, strict=True)]
        probability = coherent(
            np.column_stack([each.model.calibrate(score) for each, score in zip(self.served, raw, strict=True)]),
            [each.horizon for each in self.served],
            self.horizon,
        )
        parts = [
            self._rows(each, batch, values[rank], raw[rank], probability[:, rank])
            for rank, each in enumerate(self.served)
        ]
        return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]

    def _rows(
        self, served: Served, batch: pa.RecordBatch, values: np.ndarray, raw: np.ndarray, probability: np.ndarray
    ) -> pa.RecordBatch:
        level = served.thresholds.levels(probability)
        rules = batch.column("rules") if "rules" in batch.schema.names else pa.array([[]] * len(level), _RULES)
        explained = self._explained(served, probability, rules)
        by_signal, themes, theme_sums = served.explain(values[explained], raw[explained])
        columns = [
            batch.column("siren"),
            batch.column("periode"),
            pa.array(np.full(len(level), served.horizon, dtype=np.int32)),
            pa.array(probability),
            pa.array(raw),
            *(pa.array(np.full(len(level), value)) for value in served.constants),
            pa.array(level, pa.string()),
            rules,
            contribution_maps(explained, served.model.signals, by_signal),
            contribution_maps(explained, themes, theme_sums),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)

    def _explained(self, served: Served, probability: np.ndarray, rules: pa.Array) -> np.ndarray:
        if self.explain_all:
            return np.ones(len(probability), dtype=bool)
        near = probability >= self.explain_share * served.thresholds.modere
        return near | (pc.list_value_length(rules).to_numpy(zero_copy_only=False) > 0)


def coherent(probability: np.ndarray, horizons: Sequence[int], anchor: int) -> np.ndarray:
    """Make probabilities non-decreasing in the horizon; those of the anchor do not change.

        horizons 12, 18, 24, anchor 18    0.10 0.08 0.05   ->   0.08 0.08 0.08
                                          0.02 0.08 0.30   ->   0.02 0.08 0.30

    Args:
        probability: Rows x horizons.
        horizons: In months, one a column, any order.
        anchor: One of them; if it is absent, the longest one.
    """
    result = probability.copy()
    order = np.argsort(horizons)
    place = list(horizons).index(anchor) if anchor in horizons else int(order[-1])
    middle = int(np.flatnonzero(order == place)[0])
    result[:, order[: middle + 1]] = np.minimum.accumulate(result[:, order[: middle + 1]][:, ::-1], axis=1)[:, ::-1]
    result[:, order[middle:]] = np.maximum.accumulate(result[:, order[middle:]], axis=1)
    return result


class _Broadcast(Protocol):
    @property
    def value(self) -> Scorer: ...


def score_batches(batches: Iterable[pa.RecordBatch], scorer: _Broadcast) -> Iterator[pa.RecordBatch]:
    """Score a partition; Spark unpacks the broadcast once in each worker process, and keeps it."""
    for batch in batches:
        if batch.num_rows:
            yield scorer.value.score(batch)


def contribution_maps(present: np.ndarray, keys: list[str], values: np.ndarray) -> pa.MapArray:
    """One map for each row where ``present``, with all keys; null elsewhere."""
    offsets = np.concatenate([[0], np.cumsum(np.where(present, len(keys), 0))]).astype(np.int32)
    # By rank: a list of a million names would cost as much as a tenth of the explanation.
    repeated = pa.array(keys, pa.string()).take(pa.array(np.tile(np.arange(len(keys)), len(values))))
    items = pa.array(values.ravel().astype(np.float64))
    return pa.MapArray.from_arrays(offsets, repeated, items, mask=pa.array(~present)).cast(_CONTRIBUTIONS)
