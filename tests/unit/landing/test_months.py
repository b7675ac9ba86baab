"""Cells of the wide headcount files: which hold a number, which are empty, which cannot be read."""

import random
import re

import pyarrow as pa
import pytest

from sf_spark.landing.months import EMPTY, UNREADABLE, first_unreadable, headcounts

LARGEST = 2**31 - 1


def cells(*columns: list[str]) -> list[pa.Array]:
    return [pa.array(column, pa.string_view()) for column in columns]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("", EMPTY),
        ("0", 0),
        ("089", 89),
        ("1 234", 1234),
        ("1\u00a0234", 1234),  # the blank that does not break, as a thousands separator
        ("12,5", 125),  # every character that is no digit is deleted, as at the source
        ("-3", 3),
        ("1e3", 13),
        ("-", UNREADABLE),
        (" ", UNREADABLE),
        ("\u0663", UNREADABLE),  # a digit of another script
        (str(LARGEST), LARGEST),
        (str(LARGEST + 1), UNREADABLE),
        ("9" * 40, UNREADABLE),
        ("0" * 40 + "7", 7),
        ("2 147 483 647 personnes", LARGEST),
        ("quarante-deux (42)", 42),
    ],
)
def test_worked_cells(cell: str, number: int) -> None:
    assert headcounts(cells([cell])).tolist() == [[number]]


def test_random_cells_against_a_plain_reading() -> None:
    def wanted(cell: str) -> int:
        digits = re.sub("[^0-9]", "", cell)
        if not cell:
            return EMPTY
        return int(digits) if digits and int(digits) <= LARGEST else UNREADABLE

    seeded = random.Random(3)
    columns = [["".join(seeded.choices("0123456789 ,-é", k=seeded.randint(0, 16))) for _ in range(500)] for _ in "abc"]
    numbers = headcounts(cells(*columns))
    assert numbers.T.tolist() == [[wanted(cell) for cell in column] for column in columns]
    assert min((numbers == EMPTY).sum(), (numbers == UNREADABLE).sum(), (numbers > 0).sum()) > 20


def test_the_first_unreadable_cell_of_a_record_is_shown() -> None:
    columns = cells(["1", "", "x", "1"], ["-", "2", "y", "a long text without any digit"])
    assert first_unreadable(headcounts(columns), columns).to_list() == [
        *("-", None, "x", "a long text without any digit")
    ]
    good = cells(["1", ""])
    assert first_unreadable(headcounts(good), good).to_list() == [None, None]
