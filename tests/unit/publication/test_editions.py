"""Editions: which are made, what they are compared with, and their names."""

from datetime import date

import pytest

from sf_spark.errors import SfSparkError
from sf_spark.publication.editions import Edition, correction, earlier_in_force, first_editions, in_force

OCTOBER, NOVEMBER, DECEMBER, JANUARY = date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)
NOTHING: list[Edition] = []


def names(editions: list[Edition]) -> list[tuple[str, str]]:
    return [(each.name, each.previous) for each in editions]


def published(*months: date, horizon: int = 18) -> list[Edition]:
    return first_editions(NOTHING, {horizon: months}, 18)


def test_every_scored_month_of_every_horizon_gets_its_first_edition() -> None:
    made = first_editions(NOTHING, {18: [JANUARY, DECEMBER], 12: [JANUARY]}, 18)
    assert names(made) == [
        ("detection-2025-12", ""),
        ("detection-2026-01-12m", ""),
        ("detection-2026-01", "detection-2025-12"),
    ]
    assert [(each.horizon, each.number, each.corrects) for each in made] == [(18, 1, ""), (12, 1, ""), (18, 1, "")]


def test_published_months_and_months_before_them_are_left_alone() -> None:
    editions = published(NOVEMBER)
    assert first_editions(editions, {18: [OCTOBER, NOVEMBER]}, 18) == []
    assert names(first_editions(editions, {18: [OCTOBER, NOVEMBER, JANUARY]}, 18)) == [
        ("detection-2026-01", "detection-2025-11")  # December has no list: the last one before
    ]
    assert names(first_editions(editions, {12: [OCTOBER]}, 18)) == [("detection-2025-10-12m", "")]  # another horizon


def test_a_correction_names_the_edition_before_it_and_compares_with_the_same_month() -> None:
    editions = published(NOVEMBER, DECEMBER)
    second = correction(editions, 18, None, "wrong debts", 18)
    assert second == Edition(
        "detection-2025-12-v2", DECEMBER, 18, 2, "detection-2025-12", "wrong debts", "detection-2025-11"
    )
    assert correction([*editions, second], 18, DECEMBER, "wrong debts", 18) is None  # it has been made
    third = correction([*editions, second], 18, DECEMBER, "again", 18)
    assert third is not None and (third.name, third.corrects) == ("detection-2025-12-v3", "detection-2025-12-v2")
    with pytest.raises(SfSparkError, match=r"no list of 2026-01 at 18 months .*\(published: 2025-11 \.\. 2025-12\)"):
        correction(editions, 18, JANUARY, "x", 18)
    with pytest.raises(SfSparkError, match=r"no list at 12 months .*\(published: none\)"):
        correction(editions, 12, None, "x", 18)


def test_the_next_month_compares_with_the_corrected_list() -> None:
    editions = published(NOVEMBER, DECEMBER)
    second = correction(editions, 18, DECEMBER, "wrong debts", 18)
    assert second is not None
    editions.append(second)
    assert names(first_editions(editions, {18: [JANUARY]}, 18)) == [("detection-2026-01", "detection-2025-12-v2")]
    january = Edition("detection-2026-01", JANUARY, 18)
    assert earlier_in_force(editions, january) == ["detection-2025-11", "detection-2025-12-v2"]
    assert earlier_in_force(editions, Edition("x", JANUARY, 12)) == []
    assert in_force(editions)[18, DECEMBER].number == 2


def test_a_name_that_is_taken_is_not_given_twice() -> None:
    editions = published(DECEMBER)  # of 18 months, as train.horizon was
    assert names(first_editions(editions, {12: [DECEMBER, JANUARY]}, 12)) == [
        ("detection-2025-12-12m", ""),
        ("detection-2026-01", "detection-2025-12-12m"),
    ]


def test_a_record_comes_back_as_it_was() -> None:
    edition = Edition("detection-2025-12", DECEMBER, 18, 2, "a", "b", "c", "m", "3", "run", 500, 3000)
    assert Edition.from_record(edition.record()) == edition
