"""Explain scores: contributions by signal that add up exactly to the model's raw score, checked on every batch."""

from collections.abc import Mapping, Sequence

import numpy as np

from sf_spark.errors import SfSparkError
from sf_spark.ml.hazard import DiscreteHazard
from sf_spark.ml.rules import ThresholdRules
from sf_spark.ml.signal_model import SignalModel

_INDICATOR = "missingindicator_"  # scikit-learn's name for "this signal is unknown"
_TOLERANCE = 1e-6  # in units of the score; rounding stays below 1e-12, a wrong explanation is off by whole units


class Explainer:
    """Explains one model.

    Trees: Shapley values by the path-dependent TreeSHAP (Lundberg et al., 2020). Linear models: coefficient times
    value, which the pipeline centres on the median company. Rules: the points of each signal. What a pipeline derives
    from a signal, such as an indicator that it is unknown, counts as that signal; the period of a hazard model, which
    is the same for every company, counts as expected.

    Raises:
        SfSparkError: For a model that is neither.
    """

    def __init__(self, model: SignalModel) -> None:
        self._model = model
        self._classifier = model.pipeline[-1]
        self._before = model.pipeline[:-1]
        self._sums = _sums(_owners(self._before, len(model.signals)), len(model.signals))
        self._trees = None
        if hasattr(self._classifier, "coef_"):
            self.expected = float(self._classifier.intercept_[0])
        elif isinstance(self._classifier, ThresholdRules):
            self.expected = 0.0
        elif isinstance(self._classifier, DiscreteHazard):
            self._trees = _tree_explainer(self._classifier.boosting_)
            one_row = self._classifier.columns(np.zeros((1, len(model.signals))))
            period = float(self._trees.shap_values(one_row, check_additivity=False)[0, -1])
            self.expected = float(np.ravel(self._trees.expected_value)[-1]) + self._classifier.correction_ + period
        else:
            self._trees = _tree_explainer(self._classifier)
            self.expected = float(np.ravel(self._trees.expected_value)[-1])

    def contributions(self, values: np.ndarray, raw_score: np.ndarray | None = None) -> np.ndarray:
        """Contribution of each signal to the raw score: rows x signals, doubles, in the unit of the raw score.

        Args:
            values: Rows x signals.
            raw_score: The rows' raw scores, if they are known already; they are checked against.

        Raises:
            SfSparkError: When a row's contributions and the expected value do not add up to its raw score.
        """
        prepared = self._model.prepared(values)
        columns = self._before.transform(prepared) if len(self._before) else prepared
        result = self._columns(np.asarray(columns)) @ self._sums
        self._check(result, self._model.raw_score(values) if raw_score is None else raw_score)
        return result

    def _columns(self, columns: np.ndarray) -> np.ndarray:
        if isinstance(self._classifier, ThresholdRules):
            return self._classifier.contributions(columns)
        if self._trees is None:
            return columns.astype(np.float64) * self._classifier.coef_[0]
        if isinstance(self._classifier, DiscreteHazard):
            return self._trees.shap_values(self._classifier.columns(columns), check_additivity=False)[:, :-1]
        parts = np.asarray(self._trees.shap_values(columns, check_additivity=False))  # checked below
        return parts[..., -1] if parts.ndim == 3 else parts

    def _check(self, contributions: np.ndarray, raw_score: np.ndarray) -> None:
        gap = np.abs(contributions.sum(axis=1) + self.expected - raw_score)
        if np.any(gap > _TOLERANCE * (1 + np.abs(raw_score))):
            raise SfSparkError(
                f"contributions do not add up to the score (off by {gap.max():.3g} on {np.sum(gap > _TOLERANCE)} of "
                f"{len(gap)} rows): this model cannot be explained exactly, so nothing is written"
            )


def by_theme(
    contributions: np.ndarray, signals: Sequence[str], themes: Mapping[str, str]
) -> tuple[list[str], np.ndarray]:
    """Sum contributions by theme: the themes in order, and rows x themes."""
    names = sorted({themes[signal] for signal in signals})
    return names, contributions @ _sums([names.index(themes[signal]) for signal in signals], len(names))


def _sums(owners: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
    """The matrix of zeros and ones that adds up the columns of each owner."""
    return np.equal.outer(np.asarray(owners), np.arange(count)).astype(np.float64)


def _owners(before: object, count: int) -> np.ndarray:
    """For each column that the classifier sees, the rank of the signal it comes from."""
    if not len(before):  # type: ignore[arg-type]
        return np.arange(count)
    names = before.get_feature_names_out([str(rank) for rank in range(count)])  # type: ignore[attr-defined]
    try:
        return np.array([int(str(name).removeprefix(_INDICATOR)) for name in names])
    except ValueError:
        raise SfSparkError(f"a step mixes signals ({names[-1]}): contributions by signal do not exist") from None


def _tree_explainer(classifier: object):  # type: ignore[no-untyped-def]
    import shap  # takes seconds to import: only when something is explained

    try:
        return shap.TreeExplainer(classifier)
    except Exception as error:  # noqa: BLE001 - shap raises types of its own and its dependencies'
        raise SfSparkError(f"{type(classifier).__name__} is neither linear nor trees that can be explained") from error
