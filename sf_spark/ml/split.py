"""Training and test rows of each protocol. Months are indexes.

With a horizon of 18 months, an origin at 2024-01 and test windows of 3 months:

    train on      months up to 2022-07     their labels had matured by 2024-01
    leave out     2022-08 .. 2023-12       one horizon: labels not yet known at the origin
    test on       2024-01 .. 2024-03       the lists that would have been drawn

Four protocols, each with one change:

    new_failures     rolling origins, companies in proceedings left out: the headline
    proceedings      the same, companies in proceedings kept, as failures: those are known already
    disjoint         the same as the headline, and no company is on both sides
    random           rows of the same months and companies on both sides: measures how much that flatters a model
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sf_spark.domain.calendar import start_of
from sf_spark.ml.dataset import Dataset

PROTOCOLS = ("new_failures", "proceedings", "disjoint", "random")
DISJOINT_FOLDS = 3  # with disjoint companies, a third are tested on
_RANDOM_FOLDS = 4  # of random rows, a quarter are tested on


@dataclass(frozen=True)
class Split:
    """One origin: the months of training and of test, as sorted month indexes."""

    origin: int
    train_months: tuple[int, ...]
    test_months: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """One test: training rows, as known at the origin, and test rows."""

    name: str
    past: Dataset
    test: Dataset


def has_matured(month: int, horizon: int, at: int) -> bool:
    """True when the label of a month is known at another month: its horizon has fully elapsed."""
    return month + horizon <= at


def sampled_months(first: int, last: int, step: int) -> tuple[int, ...]:
    """Every ``step``-th month of [first, last], counted back from the last one, which is included."""
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


def rolling_parts(
    data: Dataset, splits: Iterable[Split], sample: Iterable[int], horizon: int, wait: int, protocol: str, seed: int
) -> Iterator[Part]:
    """The tests of a protocol, one an origin (``random``: one over the months of all).

    Args:
        data: Rows of every month that is needed, companies in proceedings included.
        splits: The origins.
        sample: Months that may be learned from.
        horizon: Months that a label looks ahead.
        wait: Months that have to be known of a row before it is learned from: the horizon, or less for a hazard model.
        protocol: One of ``PROTOCOLS``.
        seed: Seed of the draws of companies and rows.
    """
    rows = proceedings_as_failures(data) if protocol == "proceedings" else data.where(~data.in_procedure)
    splits, sample = list(splits), list(sample)
    if protocol == "random":
        months = sorted({month for split in splits for month in split.test_months})
        rows = rows.of_months(months).matured(horizon)
        tested = np.random.default_rng(seed).integers(_RANDOM_FOLDS, size=len(rows)) == 0
        yield Part("random", rows.where(~tested), rows.where(tested))
        return
    held_out = fold_of(rows.siren, DISJOINT_FOLDS, seed, "disjoint") == 0 if protocol == "disjoint" else None
    for split in splits:
        past = np.isin(rows.month, sample) & (rows.month + wait <= split.origin)
        test = np.isin(rows.month, split.test_months) & (rows.seen >= horizon)
        if held_out is not None:
            past, test = past & ~held_out, test & held_out
        yield Part(f"{start_of(split.origin):%Y-%m}", rows.where(past).known_at(split.origin), rows.where(test))


def fold_parts(data: Dataset, folds: int, seed: int) -> Iterator[Part]:
    """Tests by folds of companies (or of groups), for rows without a time."""
    fold = fold_of(data.siren, folds, seed, "test")
    for rank in range(folds):
        yield Part(f"fold {rank + 1}", data.where(fold != rank), data.where(fold == rank))


def stratified_parts(data: Dataset, horizon: int, folds: int, seed: int) -> Iterator[Part]:
    """Tests by folds, each with its share of failures, for rows without time and group; equal rows stay together."""
    _, first, company = np.unique(data.siren, return_index=True, return_inverse=True)
    draw = np.random.default_rng(seed).permutation(len(first))
    order = draw[np.argsort(data.target(horizon)[first][draw], kind="stable")]
    dealt = np.empty(len(first), dtype=np.int64)
    dealt[order] = np.arange(len(first)) % folds
    fold = dealt[company]
    for rank in range(folds):
        yield Part(f"fold {rank + 1}", data.where(fold != rank), data.where(fold == rank))


def proceedings_as_failures(data: Dataset) -> Dataset:
    """The rows, with companies in proceedings counted as failures, as in reports of other services."""
    return replace(data, ahead=np.where(data.in_procedure, 0, data.ahead).astype(np.int16))


def fold_of(siren: np.ndarray, folds: int, seed: int, purpose: str = "calibration") -> np.ndarray:
    """Give each company a fold, 0 to ``folds - 1``; all rows of a company share it, whatever the other rows are.

    Folds for different purposes are independent: each holds companies of every fold of the others.
    """
    companies, rows = np.unique(siren, return_inverse=True)
    ranks = [_hash(f"{purpose}:{seed}:{company}") % folds for company in companies]
    return np.array(ranks, dtype=np.int64)[rows]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
