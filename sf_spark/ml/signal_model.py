"""The model artifact: a pipeline, the signals it reads, its calibration.

It is a scikit-learn classifier, so that MLflow serves it as such; its source travels with it.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from sf_spark.ml.calibration import calibrate


@contextmanager
def fitting() -> Iterator[None]:
    """The state of the process in which models learn; whoever runs several fits at once enters it first.

    One BLAS thread: sums in another order change the last digits, and workers already share the machine. A solver that
    stopped before convergence is an error.
    """
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        yield


class SignalModel(ClassifierMixin, BaseEstimator):
    """A pipeline over named signals, and a calibration that turns its raw score into a probability of failure.

    Null is unknown and reaches the pipeline as NaN; so do infinite values, which no signal may hold. A signal unknown
    in all training rows is set to zero, in training and in use: nothing was learned about it, and histogram binning
    refuses a column without a value.

    Args:
        pipeline: The scikit-learn pipeline, with its last step a binary classifier.
        signals: Names of the columns, in the pipeline's order.
        calibration: Kind of the curve, see :mod:`sf_spark.ml.calibration`.
        curve: Its parameters; the default leaves a score in log-odds unchanged.
    """

    def __init__(
        self, pipeline: Pipeline, signals: list[str], calibration: str = "platt", curve: np.ndarray | None = None
    ) -> None:
        self.pipeline = pipeline
        self.signals = signals
        self.calibration = calibration
        self.curve = curve

    def fit(
        self, values: np.ndarray | pd.DataFrame, target: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> "SignalModel":
        """Learn the pipeline.

        Args:
            values: Rows x signals.
            target: 0 or 1; rows x (months to failure, months seen) for a hazard model.
            sample_weight: Weight of each row.

        Raises:
            ConvergenceWarning: When a solver stopped before convergence: the model is unusable.
        """
        matrix = self._matrix(values)
        self.unknown_ = np.isnan(matrix).all(axis=0)
        self.classes_ = np.array([0, 1])
        weights = {} if sample_weight is None else {f"{self.pipeline.steps[-1][0]}__sample_weight": sample_weight}
        with fitting():
            self.pipeline.fit(self._without_unknown(matrix), target, **weights)
        return self

    def prepared(self, values: np.ndarray | pd.DataFrame) -> np.ndarray:
        """The matrix that the pipeline sees (rows x signals, doubles of float32 precision, NaN where unknown)."""
        return self._without_unknown(self._matrix(values))

    def raw_score(self, values: np.ndarray | pd.DataFrame) -> np.ndarray:
        """The pipeline's own score (doubles): log-odds where it has them, else its uncalibrated probability."""
        matrix = self.prepared(values)
        if hasattr(self.pipeline, "decision_function"):
            return np.asarray(self.pipeline.decision_function(matrix), dtype=np.float64)
        return np.asarray(self.pipeline.predict_proba(matrix)[:, 1], dtype=np.float64)

    def calibrate(self, raw_score: np.ndarray) -> np.ndarray:
        """Turn raw scores into probabilities (doubles)."""
        curve = np.array([1.0, 0.0]) if self.curve is None else self.curve
        return calibrate(self.calibration, curve, raw_score)

    def predict_proba(self, values: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Probabilities of (no failure, failure) within the horizon: rows x 2, doubles, calibrated."""
        failure = self.calibrate(self.raw_score(values))
        return np.column_stack([1.0 - failure, failure])

    def predict(self, values: np.ndarray | pd.DataFrame) -> np.ndarray:
        """The likelier class (0 or 1); the platform's levels use learned cut-offs instead."""
        return (self.predict_proba(values)[:, 1] >= 0.5).astype(np.int64)

    def _matrix(self, values: np.ndarray | pd.DataFrame) -> np.ndarray:
        named = values[self.signals] if isinstance(values, pd.DataFrame) else values
        # The last bits of a single-precision product depend on the size of the batch; in double this does not show. A
        # list must not depend on how a cluster partitions its rows.
        matrix = np.asarray(named, dtype=np.float32).astype(np.float64)
        matrix[~np.isfinite(matrix)] = np.nan
        return matrix

    def _without_unknown(self, matrix: np.ndarray) -> np.ndarray:
        matrix[:, self.unknown_] = 0.0
        return matrix
