"""Categories inside a pipeline: a column of codes becomes one column of zeros and ones for each frequent category.

    codes of `secteur` (0: unknown is NaN)     secteur=0    secteur=1
    0                                          1            0
    1                                          0            1
    NaN, or a category that is rare or new     0            0

The contribution of a column of codes is the sum over its spread columns: the encoder says which they are.
"""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

MOST = 30  # at most so many categories of a column have their own column; the others are "none of them"


class CategoryEncoder(TransformerMixin, BaseEstimator):
    """Spread the codes of some columns; learn inside the fold which categories are frequent enough.

    Args:
        columns: Positions of the columns that hold codes.
        least: Smallest number of rows of a category.
    """

    def __init__(self, columns: list[int] | None = None, least: int = 20) -> None:
        self.columns = columns
        self.least = least

    def fit(self, values: np.ndarray, target: np.ndarray | None = None) -> "CategoryEncoder":
        """Learn which categories of each column are frequent."""
        self.n_features_in_ = values.shape[1]
        self.kept_: list[list[float]] = []
        for rank in self.columns or []:
            codes, counts = np.unique(values[np.isfinite(values[:, rank]), rank], return_counts=True)
            often = np.argsort(-counts, kind="stable")[:MOST]
            self.kept_.append(sorted(float(codes[each]) for each in often if counts[each] >= self.least))
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """The other columns unchanged, then the spread ones."""
        spread = [
            (values[:, [rank]] == np.array(kept)).astype(np.float64)
            for rank, kept in zip(self.columns or [], self.kept_, strict=True)
            if kept
        ]
        return np.hstack([values[:, self._others()], *spread])

    def get_feature_names_out(self, input_features: list[str] | None = None) -> np.ndarray:
        """The original column of each one."""
        names = list(input_features) if input_features is not None else [str(k) for k in range(self.n_features_in_)]
        spread = [names[rank] for rank, kept in zip(self.columns or [], self.kept_, strict=True) for _ in kept]
        return np.array([*(names[rank] for rank in self._others()), *spread], dtype=object)

    def _others(self) -> list[int]:
        return [rank for rank in range(self.n_features_in_) if rank not in set(self.columns or [])]
