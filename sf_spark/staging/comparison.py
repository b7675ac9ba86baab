"""What a delivery changes: its facts compared with those in force, by fingerprint, in buckets of the hash.

delivery   it says                   stored
2401       A = 10, B = 5             A = 10, B = 5   known_on by the source's own rule
2402       A = 12, B = 5, C = 1      A = 12, C = 1   known_on 2024-02-20; the first A superseded_on 2024-02-20
2403       A = 12, C = 1             nothing         B superseded_on 2024-03-20

A fact is named by its content (128 bits) and its rank among facts of equal content. Two lines that differ only in
columns that are not read are two facts of equal content: both count, with different ranks. Byte-identical repeats of a
line within one delivery are one fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sf_spark.landing.facts import NAME, range_of
from sf_spark.staging.exchange import Parts, partitioned

STORED = np.dtype([("first", "<u8"), ("second", "<u8"), ("rank", "<i8"), ("place", "<u8")])
PICK = np.dtype([("place", "<u8"), ("rank", "<i4")])
_ROW_BITS = 40
_FACTS_OF_A_BUCKET = 2_000_000


def buckets_for(facts: int) -> int:
    """The number of buckets for so many facts: a power of two."""
    return 1 << max(0, int(np.ceil(np.log2(max(facts, 1) / _FACTS_OF_A_BUCKET))))


def bucket_of(first: np.ndarray, buckets: int) -> np.ndarray:
    """The bucket of a fingerprint: the highest bits of its first half."""
    if buckets == 1:
        return np.zeros(len(first), np.int64)
    return (first >> np.uint64(65 - buckets.bit_length())).astype(np.int64)


def stored_place(file: int, rows: np.ndarray) -> np.ndarray:
    """Pack the place of a stored fact, the rank of its file and its row, into one number."""
    return np.uint64(file) << np.uint64(_ROW_BITS) | rows.astype(np.uint64)


def file_of(places: np.ndarray) -> np.ndarray:
    """The ranks of the files of stored facts."""
    return (places >> np.uint64(_ROW_BITS)).astype(np.int64)


def row_of(places: np.ndarray) -> np.ndarray:
    """The rows of stored facts in their files."""
    return (places & np.uint64((1 << _ROW_BITS) - 1)).astype(np.int64)


@dataclass(frozen=True)
class BucketTask:
    """A bucket of the facts of a delivery, and of the stored facts to compare with.

    Attributes:
        bucket: Its number.
        delivered: The names of the delivery's facts, by range.
        earlier: Stored facts of earlier deliveries: a delivered fact among them is not new.
        later: Stored facts of later deliveries: a delivered fact replaces them.
        ranges: Number of ranges of the delivery.
        files: Number of stored files.
        all_new: Whether nothing is stored: only exceptions are reported then.
        scratch: Scratch file for the results; '' keeps them in memory.
    """

    bucket: int
    delivered: Sequence[Parts]
    earlier: Sequence[Parts]
    later: Sequence[Parts]
    ranges: int
    files: int
    all_new: bool
    scratch: str


@dataclass(frozen=True)
class BucketOutcome:
    """The result of comparing a bucket.

    Attributes:
        picks: By range: the new facts. If the whole delivery is new: only the facts that are not the first of their
            content, with rank 0 for those to drop.
        absent: By file: earlier facts that the delivery does not hold.
        taken: By file: later facts that it holds.
        new: Number of new facts.
        unchanged: Number of earlier facts that the delivery holds.
    """

    picks: Parts
    absent: Parts
    taken: Parts
    new: int
    unchanged: int
    delivered: int = field(default=0)


@dataclass(frozen=True)
class Found:
    """The result of comparing some facts: see :class:`BucketOutcome`; ``absent`` and ``taken`` are places."""

    picks: np.ndarray
    absent: np.ndarray
    taken: np.ndarray
    new: int
    unchanged: int
    delivered: int

    @classmethod
    def joined(cls, parts: Sequence["Found"]) -> "Found":
        """Join the results of several parts of a bucket."""
        return cls(
            np.concatenate([part.picks for part in parts]),
            np.concatenate([part.absent for part in parts]),
            np.concatenate([part.taken for part in parts]),
            sum(part.new for part in parts),
            sum(part.unchanged for part in parts),
            sum(part.delivered for part in parts),
        )


def compare_bucket(task: BucketTask) -> BucketOutcome:
    """Compare the delivered facts of a bucket with the stored ones."""
    delivered = _joined([parts.part(task.bucket) for parts in task.delivered], NAME)
    earlier = _joined([parts.part(task.bucket) for parts in task.earlier], STORED)
    later = _joined([parts.part(task.bucket) for parts in task.later], STORED)
    found = found_in(delivered, earlier, later, task.all_new)
    return left_for_others(found, task.bucket, task.ranges, task.files, task.scratch)


def found_in(delivered: np.ndarray, earlier: np.ndarray, later: np.ndarray, all_new: bool) -> Found:
    """Compare delivered facts with stored ones, fact by fact."""
    rank = ranks(delivered)
    named = rank > 0
    old, still_stored = matched(delivered[named], rank[named], earlier)
    _, taken = matched(delivered[named], rank[named], later)
    is_new = named.copy()
    is_new[named] = ~old
    chosen = rank != 1 if all_new else is_new
    picks = np.empty(int(np.count_nonzero(chosen)), PICK)
    picks["place"], picks["rank"] = delivered["place"][chosen], rank[chosen]
    counts = (int(np.count_nonzero(which)) for which in (is_new, still_stored, named))
    return Found(picks, earlier["place"][~still_stored], later["place"][taken], *counts)


def left_for_others(found: Found, bucket: int, ranges: int, files: int, scratch: str) -> BucketOutcome:
    """Sort the results of a bucket by range and by file, and leave them for the tasks that need them."""

    def left(what: str, items: np.ndarray, keys: np.ndarray, parts: int) -> Parts:
        return partitioned(items, keys, parts, f"{scratch}/{what}-{bucket}" if scratch else "")

    return BucketOutcome(
        left("picks", found.picks, range_of(found.picks["place"]), ranges),
        left("absent", found.absent, file_of(found.absent), files),
        left("taken", found.taken, file_of(found.taken), files),
        found.new,
        found.unchanged,
        found.delivered,
    )


def ranks(names: np.ndarray) -> np.ndarray:
    """The rank of each fact among those of equal content; 0 for a byte-identical repeat of an earlier line.

    Facts of equal content are ranked by the hash of their lines' texts; of byte-identical lines, the first of the
    delivery is kept.
    """
    rank = np.ones(len(names), np.int32)
    order = np.argsort(names["first"])
    same = names["first"][order][1:] == names["first"][order][:-1]
    if not same.any():
        return rank
    several = np.zeros(len(names), np.bool_)
    several[1:] |= same
    several[:-1] |= same
    members = order[several]
    raw = names["raw"][members].astype(np.int64)  # SQL compares hashes as signed numbers
    members = members[np.lexsort([names["place"][members], raw, names["second"][members], names["first"][members]])]
    facts = names[members]
    same_content = (facts["first"][1:] == facts["first"][:-1]) & (facts["second"][1:] == facts["second"][:-1])
    repeat = np.concatenate([[False], same_content & (facts["raw"][1:] == facts["raw"][:-1])])
    starts = np.concatenate([[True], ~same_content])
    counted = np.cumsum(~repeat)
    before = np.maximum.accumulate(np.where(starts, counted - 1, 0))
    rank[members] = np.where(repeat, 0, counted - before)
    return rank


def matched(names: np.ndarray, rank: np.ndarray, stored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which facts are stored, and which stored facts are delivered: same content and same rank."""
    is_old, is_delivered = np.zeros(len(names), np.bool_), np.zeros(len(stored), np.bool_)
    if len(names) == 0 or len(stored) == 0:
        return is_old, is_delivered
    order, stored_order = np.argsort(names["first"]), np.argsort(stored["first"])
    first, stored_first = names["first"][order], stored["first"][stored_order]
    place = np.minimum(np.searchsorted(stored_first, first), len(stored) - 1)
    found = stored_first[place] == first
    # Nearly every hash occurs once on each side.
    alone = found & ~_has_neighbour(first) & ~_has_neighbour(stored_first)[place]
    left, right = order[alone], stored_order[place[alone]]
    equal = (names["second"][left] == stored["second"][right]) & (rank[left] == stored["rank"][right])
    is_old[left[equal]], is_delivered[right[equal]] = True, True
    facts = order[found & ~alone]
    if len(facts):
        others = np.flatnonzero(np.isin(stored["first"], names["first"][facts]))
        _match_groups(names, rank, stored, facts, others, is_old, is_delivered)
    return is_old, is_delivered


def _has_neighbour(ordered: np.ndarray) -> np.ndarray:
    """Whether each value of a sorted array has an equal neighbour."""
    same = ordered[1:] == ordered[:-1]
    return np.concatenate([same, [False]]) | np.concatenate([[False], same])


def _match_groups(
    names: np.ndarray,
    rank: np.ndarray,
    stored: np.ndarray,
    facts: np.ndarray,
    others: np.ndarray,
    is_old: np.ndarray,
    is_delivered: np.ndarray,
) -> None:
    """Match facts that share a hash with others, by content and rank."""
    both = {
        "first": np.concatenate([names["first"][facts], stored["first"][others]]),
        "second": np.concatenate([names["second"][facts], stored["second"][others]]),
        "rank": np.concatenate([rank[facts].astype(np.int64), stored["rank"][others]]),
    }
    order = np.lexsort([both[key] for key in ("rank", "second", "first")])  # stable: delivered before stored facts
    same = np.ones(len(order) - 1, np.bool_)
    for values in both.values():
        same &= values[order][1:] == values[order][:-1]
    left, right = order[:-1][same], order[1:][same] - len(facts)
    good = (left < len(facts)) & (right >= 0)
    is_old[facts[left[good]]], is_delivered[others[right[good]]] = True, True


def _joined(arrays: Sequence[np.ndarray], dtype: np.dtype) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype), *arrays])
