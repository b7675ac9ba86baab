"""The version in force, against a function that checks every month and every version."""

import random
from datetime import date
from typing import NamedTuple

import pytest
from pyspark.sql import Row, SparkSession

from sf_spark.domain.calendar import known_index
from sf_spark.panel.asof import state_changes


class Version(NamedTuple):
    rank: int | None
    day: date
    value: int | None
    known_on: date
    superseded_on: date | None = None


def d(month: int, day: int = 20) -> date:
    """A day of 2024."""
    return date(2024, month, day)


JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
CASES: dict[str, list[Version]] = {
    "table of the module": [
        Version(1, JANUARY, 12, d(5), d(7)),
        Version(2, FEBRUARY, 14, d(6), d(9)),
        Version(1, JANUARY, 11, d(7)),
    ],
    "late arrival of an earlier version": [Version(2, FEBRUARY, 14, d(4)), Version(1, JANUARY, 12, d(6))],
    "two in one window": [Version(1, JANUARY, 100, d(1, 21)), Version(2, JANUARY, 60, d(2, 20))],
    "higher rank dated earlier": [Version(1, JANUARY, 100, d(6)), Version(2, JANUARY, 60, d(3))],
    "same version twice": [Version(1, JANUARY, 5, d(3)), Version(1, JANUARY, 5, d(3))],
    "known and withdrawn in one window": [Version(1, JANUARY, 5, d(3, 21), d(4, 20))],
    "all withdrawn, then back": [Version(1, JANUARY, 5, d(3), d(5)), Version(1, JANUARY, 6, d(8))],
    "unknown value and rank": [Version(None, JANUARY, 1, d(3)), Version(1, JANUARY, None, d(5))],
    "one day late": [Version(1, JANUARY, 5, d(12, 21))],
}


def random_versions(rng: random.Random) -> list[Version]:
    some = []
    for _ in range(rng.randint(1, 6)):
        known = d(rng.randint(1, 11), rng.randint(1, 28))
        end = d(rng.randint(known.month, 12), 28) if rng.random() < 0.5 else None
        rank = rng.randint(1, 3)
        some.append(Version(rank, d(rng.randint(1, 2), 1), rng.randint(0, 2), known, end))
    return some


RANDOM = {f"random {seed}": random_versions(random.Random(seed)) for seed in range(40)}
EVERYTHING = {**CASES, **RANDOM}
MONTHS = range(known_index(date(2023, 12, 1), 20), known_index(date(2025, 3, 1), 20))


def holding(versions: list[Version], month: int) -> tuple | None:
    """The version in force in a month: the greatest of the visible ones; null is the smallest."""
    visible = [
        v
        for v in versions
        if known_index(v.known_on, 20) <= month
        and (v.superseded_on is None or known_index(v.superseded_on, 20) > month)
    ]
    ordered = sorted(visible, key=lambda v: (v.rank or -1, v.day, -1 if v.value is None else v.value))
    return (ordered[-1].rank, ordered[-1].day, ordered[-1].value) if ordered else None


def level(changes: list[Row], month: int) -> tuple | None:
    """The state of a month according to the changes."""
    current = [c for c in changes if c["mois"] <= month and (c["fin"] is None or month < c["fin"])]
    assert len(current) <= 1  # intervals never overlap
    state = current[0]["state"] if current else None
    return (state["rank"], state["day"], state["value"]) if state else None


@pytest.fixture(scope="module")
def changes(spark: SparkSession) -> dict[str, list[Row]]:
    """The changes of each thing, from versions in the order of arrival and in the opposite order (``/`` before)."""
    rows = [(name, *version) for name, versions in EVERYTHING.items() for version in versions]
    rows += [("/" + name, *version) for name, *version in reversed(rows)]
    schema = "thing string, rank int, day date, value int, known_on date, superseded_on date"
    frame = spark.createDataFrame(rows, schema)
    found: dict[str, list[Row]] = {}
    for row in (
        state_changes(frame, ["thing"], ["rank", "day"], ["value"], cutoff_day=20).orderBy("thing", "mois").collect()
    ):
        found.setdefault(row["thing"], []).append(row)
    return found


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_greatest_visible_version_holds_in_every_month(changes: dict, name: str) -> None:
    expected = [holding(EVERYTHING[name], month) for month in MONTHS]
    assert [level(changes[name], month) for month in MONTHS] == expected


def test_the_order_of_arrival_does_not_matter(changes: dict) -> None:
    def intervals(name: str) -> list[tuple]:
        return [(c["mois"], c["fin"], level([c], c["mois"])) for c in changes[name]]

    assert {name for name in EVERYTHING if intervals(name) != intervals("/" + name)} == set()


def test_each_change_ends_where_the_next_one_starts(changes: dict) -> None:
    for some in changes.values():
        assert [c["fin"] for c in some] == [c["mois"] for c in some[1:]] + [None]
        assert all(c["fin"] is None or c["mois"] < c["fin"] for c in some)


def values(changes: dict, name: str, *months: int) -> list[int | None]:
    """The value held on the cut-offs of some months of 2024."""
    levels = [level(changes[name], known_index(d(month), 20)) for month in months]
    return [None if found is None else found[2] for found in levels]


def test_withdrawing_a_later_version_lets_the_earlier_one_come_back(changes: dict) -> None:
    assert values(changes, "table of the module", 4, 5, 6, 7, 8, 9) == [None, 12, 14, 14, 14, 11]


def test_of_two_versions_in_one_window_only_the_last_counts(changes: dict) -> None:
    assert values(changes, "two in one window", 1, 2, 3) == [None, 60, 60]


def test_the_rank_decides_and_not_the_date(changes: dict) -> None:
    assert values(changes, "higher rank dated earlier", 2, 3, 6, 7) == [None, 60, 60, 60]


def test_what_is_withdrawn_in_its_own_window_never_shows(changes: dict) -> None:
    assert values(changes, "known and withdrawn in one window", 3, 4, 5) == [None, None, None]
