"""Training rows in memory: what was known of each company in each month, and what is known to have followed.

The label of a row depends on the date of the question and on the horizon.

    row of 2024-01, failure in 2025-03 (14 months), known up to 2026-01 (24 months)
    horizon 12: 0        horizon 18: 1        horizon 36: not matured
    known at 2024-12: 11 months seen, no failure; the label at 12 months has not matured
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

NEVER = 32_767  # months to an unknown failure


@dataclass(frozen=True)
class Dataset:
    """Rows in order of (company, month).

    Attributes:
        signals: Names of the columns.
        siren: Company (text).
        month: Month index (int32).
        ahead: Months from the row to the company's next failure; ``NEVER`` where none is known (int16).
        seen: Months after the row that are known (int16).
        values: Rows x signals (float32, NaN where unknown).
        weight: Rows of the population that each row stands for (float32).
        in_procedure: Whether the company was in proceedings (bool).
        groups: Breakdowns for figures: name to a text for each row.
    """

    signals: tuple[str, ...]
    siren: np.ndarray
    month: np.ndarray
    ahead: np.ndarray
    seen: np.ndarray
    values: np.ndarray
    weight: np.ndarray
    in_procedure: np.ndarray
    groups: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.siren)

    def where(self, mask: np.ndarray) -> "Dataset":
        """The rows of a boolean mask; the dataset itself, not a copy, if that is all of them."""
        if mask.all():
            return self
        arrays = ("siren", "month", "ahead", "seen", "values", "weight", "in_procedure")
        kept = {name: getattr(self, name)[mask] for name in arrays}
        return Dataset(self.signals, groups={name: column[mask] for name, column in self.groups.items()}, **kept)

    def of_months(self, months: Iterable[int]) -> "Dataset":
        """The rows of some months."""
        return self.where(np.isin(self.month, list(months)))

    def known_at(self, month: int) -> "Dataset":
        """The rows as known in a month, without anything seen later. Rows of later months are left out."""
        rows = self.where(self.month <= month)
        seen = np.minimum(rows.seen, month - rows.month).astype(np.int16)
        return replace(rows, seen=seen, ahead=np.where(rows.ahead <= seen, rows.ahead, NEVER).astype(np.int16))

    def matured(self, horizon: int) -> "Dataset":
        """The rows whose horizon has fully elapsed."""
        return self.where(self.seen >= horizon)

    def target(self, horizon: int) -> np.ndarray:
        """Whether each row's company fails within the horizon (0 or 1); only defined for matured rows."""
        return (self.ahead <= horizon).astype(np.int8)

    def matured_target(self, horizon: int) -> np.ndarray:
        """The target of the rows whose horizon has fully elapsed, without a copy of their values."""
        return (self.ahead[self.seen >= horizon] <= horizon).astype(np.int8)

    def companies(self) -> int:
        """The number of companies."""
        return len(np.unique(self.siren))


def company_ranks(siren: np.ndarray) -> np.ndarray:
    """The rank of each row's company among those of the dataset, from 0."""
    return np.unique(siren, return_inverse=True)[1]
