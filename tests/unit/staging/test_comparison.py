"""What a delivery changes, by fingerprint: the table of the module, and an oracle that compares all pairs."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sf_spark.landing.facts import NAME, place_of
from sf_spark.staging.comparison import (
    STORED,
    BucketOutcome,
    BucketTask,
    bucket_of,
    buckets_for,
    compare_bucket,
    file_of,
    matched,
    ranks,
    row_of,
    stored_place,
)
from sf_spark.staging.exchange import Parts, partitioned

Delivered = tuple[int, int, int]  # first, second, hash of the line
Stored = tuple[int, int, int]  # first, second, rank
A10, A12, B5, C1 = (1, 10), (1, 12), (2, 5), (3, 1)


def delivered(facts: Sequence[Delivered], range_rank: int = 0) -> np.ndarray:
    """Facts in order of their place."""
    names = np.empty(len(facts), NAME)
    for row, fact in enumerate(facts):
        names["first"][row], names["second"][row], names["raw"][row] = fact
    names["place"] = place_of(range_rank, np.arange(len(facts)) * 10, np.zeros(len(facts), np.int64))
    return names


def stored(facts: Sequence[Stored], file: int = 0) -> np.ndarray:
    names = np.empty(len(facts), STORED)
    for row, fact in enumerate(facts):
        names["first"][row], names["second"][row], names["rank"][row] = fact
    names["place"] = stored_place(file, np.arange(len(facts)))
    return names


class Comparison:
    """A delivery compared with files, in so many buckets."""

    def __init__(
        self,
        ranges: Sequence[np.ndarray],
        earlier: Sequence[np.ndarray] = (),
        later: Sequence[np.ndarray] = (),
        buckets: int = 1,
        scratch: str = "",
    ) -> None:
        def parts(kind: str, arrays: Sequence[np.ndarray]) -> list[Parts]:
            return [
                partitioned(a, bucket_of(a["first"], buckets), buckets, f"{scratch}/{kind}{n}" if scratch else "")
                for n, a in enumerate(arrays)
            ]

        self.ranges, self.files = len(ranges), len(earlier) + len(later)
        some = parts("delivered", ranges), parts("earlier", earlier), parts("later", later)
        all_new = not earlier and not later
        self.outcomes = [
            compare_bucket(BucketTask(bucket, *some, self.ranges, self.files, all_new, scratch))
            for bucket in range(buckets)
        ]

    def picks(self) -> list[list[tuple[int, int]]]:
        """By range: place and rank, in order."""
        return [
            sorted((int(place), int(rank)) for o in self.outcomes for place, rank in o.picks.part(at).tolist())
            for at in range(self.ranges)
        ]

    def rows(self, what: str) -> list[list[int]]:
        """By file: the rows of ``absent`` or ``taken``."""
        found = []
        for file in range(self.files):
            places = np.concatenate([getattr(o, what).part(file) for o in self.outcomes])
            assert set(file_of(places).tolist()) <= {file}
            found.append(sorted(row_of(places).tolist()))
        return found

    def counts(self) -> tuple[int, int, int]:
        def total(name: str) -> int:
            return sum(getattr(outcome, name) for outcome in self.outcomes)

        return total("new"), total("unchanged"), total("delivered")


def new_facts(names: np.ndarray, comparison: Comparison) -> list[tuple[int, int, int]]:
    """Content and rank of the facts that were picked from a single range."""
    ranked = dict(comparison.picks()[0])
    return [(int(n["first"]), int(n["second"]), ranked[int(n["place"])]) for n in names if int(n["place"]) in ranked]


def test_the_before_and_after_table_of_the_module() -> None:
    first = Comparison([delivered([(*A10, 1), (*B5, 2)])])
    assert first.picks() == [[]]  # all new: nothing is an exception
    assert first.counts() == (2, 0, 2)
    stored_facts = stored([(*A10, 1), (*B5, 1)])
    names = delivered([(*A12, 3), (*B5, 2), (*C1, 4)])
    second = Comparison([names], [stored_facts])
    assert new_facts(names, second) == [(*A12, 1), (*C1, 1)]
    assert second.rows("absent") == [[0]]  # the first A
    assert second.counts() == (2, 1, 3)
    third = Comparison([delivered([(*A12, 3), (*C1, 4)])], [stored([(*B5, 1)], 0), stored([(*A12, 1), (*C1, 1)], 1)])
    assert (third.picks(), third.rows("absent"), third.counts()) == ([[]], [[0], []], (0, 2, 2))


def test_equal_facts_of_different_lines_are_kept_and_identical_lines_count_once() -> None:
    # The first and the third line are byte-identical; the second differs only in a column that is not read.
    names = delivered([(*A10, 7), (*A10, 9), (*A10, 7)])
    assert ranks(names).tolist() == [1, 2, 0]
    comparison = Comparison([names])
    places = names["place"].tolist()
    assert comparison.picks() == [[(places[1], 2), (places[2], 0)]]
    assert comparison.counts() == (2, 0, 2)


def test_of_identical_lines_the_first_of_the_delivery_stays_whatever_range_it_is_in() -> None:
    first, second = delivered([(*B5, 1), (*A10, 7)], 0), delivered([(*A10, 7), (*A10, 3)], 1)
    for order in ([first, second], [second, first]):
        picks = dict(pair for pairs in Comparison(order).picks() for pair in pairs)
        assert picks == {int(second["place"][0]): 0, int(first["place"][1]): 2}  # the line of hash 3 is the first


def test_ranks_follow_the_hash_of_the_line_as_a_signed_number() -> None:
    names = delivered([(*A10, 5), (*A10, 2**63 + 5), (*A10, 2**64 - 1)])
    assert ranks(names).tolist() == [3, 1, 2]  # SQL's order: the hashes beyond 2**63 are negative


def test_the_same_facts_in_another_order_are_the_same_versions() -> None:
    one, other = [(*A10, 1), (*A10, 9), (*B5, 2)], [(*B5, 2), (*A10, 9), (*A10, 1)]
    stored_facts = stored([(*fact[:2], rank) for fact, rank in zip(one, ranks(delivered(one)).tolist(), strict=True)])
    comparison = Comparison([delivered(other)], [stored_facts])
    assert (comparison.picks(), comparison.rows("absent"), comparison.counts()) == ([[]], [[]], (0, 3, 3))


def test_a_second_fact_of_a_content_is_new_and_one_less_is_gone() -> None:
    two = delivered([(*A10, 1), (*A10, 2)])
    more = Comparison([two], [stored([(*A10, 1)])])
    assert (new_facts(two, more), more.rows("absent")) == ([(*A10, 2)], [[]])
    less = Comparison([delivered([(*A10, 1)])], [stored([(*A10, 2), (*A10, 1)])])
    assert (less.picks(), less.rows("absent")) == ([[]], [[0]])


def test_half_a_fingerprint_is_not_enough() -> None:
    names = delivered([(1, 2, 1)])
    comparison = Comparison([names], [stored([(1, 3, 1), (2, 2, 1)])])
    assert (len(comparison.picks()[0]), comparison.rows("absent")) == (1, [[0, 1]])


def test_later_facts_are_taken_over_and_make_nothing_old() -> None:
    names = delivered([(*A10, 1), (*B5, 2), (*C1, 3)])
    comparison = Comparison([names], [stored([(*B5, 1)], 0)], [stored([(*C1, 1), (*A12, 1), (*A10, 1)], 1)])
    assert new_facts(names, comparison) == [(*A10, 1), (*C1, 1)]
    assert comparison.rows("taken") == [[], [0, 2]]
    assert comparison.rows("absent") == [[], []]


def brute_ranks(names: np.ndarray) -> list[int]:
    found = []
    for name in names:
        same = [n for n in names if (n["first"], n["second"]) == (name["first"], name["second"])]
        repeats = any(n["raw"] == name["raw"] and n["place"] < name["place"] for n in same)
        smaller = {int(n["raw"]) for n in same if n["raw"].astype(np.int64) < name["raw"].astype(np.int64)}
        found.append(0 if repeats else 1 + len(smaller))
    return found


def drawn_arrays(seeded: random.Random) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Small arrays with many collisions, in halves of fingerprints too: ranges, earlier and later files."""
    kinds = [n << 61 | n for n in range(seeded.choice([2, 5, 8]))]  # in all buckets
    raws = (1, 2**63 + 1, 2**64 - 2)

    def facts(most: int) -> list[Delivered]:
        return [
            (seeded.choice(kinds), seeded.randrange(2), seeded.choice(raws)) for _ in range(seeded.randint(0, most))
        ]

    ranges = [delivered(facts(8), rank) for rank in range(seeded.randint(1, 3))]
    files = []
    for count in (seeded.randint(0, 2), seeded.randint(0, 2)):
        keys = list({(*fact[:2], seeded.randint(1, 3)) for _ in range(count) for fact in facts(6)})
        seeded.shuffle(keys)
        files.append([keys[n::count] for n in range(count)])
    earlier = [stored(keys, n) for n, keys in enumerate(files[0])]
    later = [stored(keys, len(earlier) + n) for n, keys in enumerate(files[1])]
    return ranges, earlier, later


def test_small_arrays_with_many_collisions_against_all_pairs() -> None:
    seeded = random.Random(5)
    seen = {"several": 0, "repeats": 0, "new": 0, "absent": 0, "taken": 0}
    for _ in range(1500):
        ranges, earlier, later = drawn_arrays(seeded)
        names = np.concatenate(ranges)
        wanted = brute_ranks(names)
        assert ranks(names).tolist() == wanted
        facts = {
            (int(n["first"]), int(n["second"]), rank): int(n["place"])
            for n, rank in zip(names, wanted, strict=True)
            if rank
        }
        files = [[tuple(fact) for fact in array[["first", "second", "rank"]].tolist()] for array in (*earlier, *later)]
        before = {fact for file in files[: len(earlier)] for fact in file}
        if earlier or later:
            new = {place: fact[2] for fact, place in facts.items() if fact not in before}
        else:
            new = {int(n["place"]): rank for n, rank in zip(names, wanted, strict=True) if rank != 1}
        absent = [[row for row, fact in enumerate(file) if fact not in facts] for file in files[: len(earlier)]]
        taken = [[row for row, fact in enumerate(file) if fact in facts] for file in files[len(earlier) :]]
        for buckets in (1, 2, 8):
            found = Comparison(ranges, earlier, later, buckets)
            assert dict(pair for pairs in found.picks() for pair in pairs) == new
            assert found.rows("absent") == [*absent, *([] for _ in later)]
            assert found.rows("taken") == [*([] for _ in earlier), *taken]
            old = sum(fact in before for fact in facts)
            assert found.counts() == (len(facts) - old, old, len(facts))
        seen["several"] += any(rank > 1 for rank in wanted)
        seen["repeats"] += 0 in wanted
        for what, items in (("new", new), ("absent", sum(absent, [])), ("taken", sum(taken, []))):
            seen[what] += bool(items)
    assert min(seen.values()) > 300, seen


def test_many_facts_are_matched_in_any_order() -> None:
    drawn = np.random.default_rng(1)
    names = np.zeros(20_000, NAME)
    names["first"], names["second"] = drawn.integers(0, 2**63, (2, len(names)))
    stored_facts = np.zeros(len(names) // 2, STORED)
    order = drawn.permutation(len(names))[: len(stored_facts)]
    stored_facts["first"], stored_facts["second"], stored_facts["rank"] = (
        names["first"][order],
        names["second"][order],
        1,
    )
    is_old, is_delivered = matched(names, ranks(names), stored_facts)
    assert np.flatnonzero(is_old).tolist() == sorted(order.tolist()) and is_delivered.all()


def test_arrays_left_in_scratch_files_say_the_same(tmp_path: Path) -> None:
    seeded = random.Random(7)
    for number in range(30):
        arrays = drawn_arrays(seeded)
        in_memory, in_files = Comparison(*arrays, 4), Comparison(*arrays, 4, scratch=str(tmp_path / str(number)))
        assert (in_memory.picks(), in_memory.counts()) == (in_files.picks(), in_files.counts())
        assert [in_memory.rows(what) for what in ("absent", "taken")] == [
            in_files.rows(what) for what in ("absent", "taken")
        ]
    assert any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("facts", "buckets"), [(0, 1), (1, 1), (2 * 10**6, 1), (2 * 10**6 + 1, 2), (4 * 10**6 + 1, 4), (8 * 10**6, 4)]
)
def test_a_bucket_holds_about_two_million_facts(facts: int, buckets: int) -> None:
    assert buckets_for(facts) == buckets


def test_the_highest_bits_give_the_bucket() -> None:
    first = np.array([0, 1, 2**61, 2**62, 2**63, 2**64 - 1], np.uint64)
    assert bucket_of(first, 1).tolist() == [0] * 6
    assert bucket_of(first, 4).tolist() == [0, 0, 0, 1, 2, 3]
    assert bucket_of(first, 8).tolist() == [0, 0, 1, 2, 4, 7]


def test_places_of_stored_facts_round_trip() -> None:
    rows = np.array([0, 1, 2**40 - 1])
    for file in (0, 3, 2**20):
        places = stored_place(file, rows)
        assert (file_of(places).tolist(), row_of(places).tolist()) == ([file] * 3, rows.tolist())


def test_an_outcome_of_nothing_has_empty_parts() -> None:
    (outcome,) = Comparison([delivered([])], [stored([])]).outcomes
    assert isinstance(outcome, BucketOutcome)
    assert [len(parts.part(0)) for parts in (outcome.picks, outcome.absent, outcome.taken)] == [0, 0, 0]
