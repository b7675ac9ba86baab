"""Rolling origins: what is trained on, what is tested on, and what may be known when. Months are indexes.

With a horizon of 18 months, an origin at 2024-01 and test windows of 3 months:

    train on      months up to 2022-07     their labels had matured by 2024-01
    leave out     2022-08 .. 2023-12       one horizon: labels that nobody could know at the origin
    test on       2024-01 .. 2024-03       the lists that would have been drawn
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

DISJOINT_FOLDS = 3  # with disjoint companies, one in three is tested on and the others are learned from


@dataclass(frozen=True)
class Split:
    """One origin: the months to learn from and the months to be tested on, as month indexes in order."""

    origin: int
    train_months: tuple[int, ...]
    test_months: tuple[int, ...]


def has_matured(month: int, horizon: int, at: int) -> bool:
    """True when the label of a month is known at another: its horizon has fully elapsed."""
    return month + horizon <= at


def sampled_months(first: int, last: int, step: int) -> tuple[int, ...]:
    """Every ``step``-th month of [first, last], counted back from the last one so that the freshest is in."""
    return tuple(range(last - (last - first) // step * step, last + 1, step)) if first <= last else ()


def rolling_splits(
    first: int, last: int, horizon: int, test_months: int, origins: int, spacing: int, step: int
) -> list[Split]:
    """Place the origins, oldest first; an origin without a month to learn from is left out.

    Args:
        first: First month with rows.
        last: Last month whose label has matured by now; the newest test window ends there.
        horizon: Months that a label looks ahead.
        test_months: Months of a test window: the origin and those after it.
        origins: How many origins are wanted.
        spacing: Months between two origins.
        step: Months between two sampled months of training; all origins share the same sample.
    """
    sample = sampled_months(first, last, step)
    splits = []
    for rank in reversed(range(origins)):
        origin = last - test_months + 1 - rank * spacing
        train = tuple(month for month in sample if has_matured(month, horizon, origin))
        if train:
            splits.append(Split(origin, train, tuple(range(origin, origin + test_months))))
    return splits


def months_needed(splits: Iterable[Split], final: Iterable[int]) -> list[int]:
    """Every month that the evaluation or the final model reads, in order."""
    needed = set(final)
    for split in splits:
        needed.update(split.train_months, split.test_months)
    return sorted(needed)


def fold_of(siren: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Give each company a fold, 0 to ``folds - 1``; all rows of a company share it, whatever the other rows are."""
    companies, rows = np.unique(siren, return_inverse=True)
    return np.array([_hash(str(company), seed) % folds for company in companies], dtype=np.int64)[rows]


def split_masks(
    split: Split, siren: np.ndarray, month: np.ndarray, disjoint: bool, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows of a data set an origin learns from and which it is tested on (booleans).

    Args:
        split: The origin.
        siren: Company of each row.
        month: Month index of each row.
        disjoint: Keep companies apart too: none is both learned from and tested on.
        seed: Seed of the draw of companies.
    """
    train, test = np.isin(month, split.train_months), np.isin(month, split.test_months)
    if disjoint:
        held_out = fold_of(siren, DISJOINT_FOLDS, seed) == 0
        train, test = train & ~held_out, test & held_out
    return train, test


def _hash(text: str, seed: int) -> int:
    digest = hashlib.blake2b(f"{seed}:{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
