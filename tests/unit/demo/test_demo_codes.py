"""Identifiers, dates, periods and amounts are written as the partners write them."""

import numpy as np
import pytest

from sf_spark.demo.files import encodings
from sf_spark.demo.files.effectifs import _wide_lines
from sf_spark.demo.files.lines import split_at
from sf_spark.demo.world import identifiers
from sf_spark.demo.world.plan import DAY_ZERO, DemoPlan, Timeline

# Three years before July 2026: month 0 is July 2023.
TIMELINE = Timeline.of(DemoPlan(annees=3))


def day(text):
    return int((np.datetime64(text, "D") - DAY_ZERO) / np.timedelta64(1, "D"))


def luhn_total(digits):
    doubled = [int(digit) * (2 if rank % 2 else 1) for rank, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled)


@pytest.mark.parametrize(
    ("start", "length", "code"),
    [(0, 1, "202331"), (2, 1, "202333"), (3, 3, "202340"), (6, 1, "202411"), (6, 12, "202462"), (17, 1, "202443")],
)
def test_period_codes(start, length, code):
    assert encodings.period_code(TIMELINE, start, length) == code


def test_short_periods_are_the_end_of_the_long_ones():
    start, length, short = np.array([0, 6, 6]), np.array([1, 3, 12]), np.array([True, False, True])
    assert encodings.period_codes(TIMELINE, start, length, short) == ["2331", "202410", "2462"]


def test_period_codes_are_read_back(period):
    for start in range(0, 36, 3):
        for length in (1, 3):
            code = encodings.period_code(TIMELINE, start, length)
            assert period(code) == period(code[2:]) == (12 * 2023 + 6 + start, length)


@pytest.mark.parametrize(
    ("iso", "urssaf", "english", "french"),
    [
        ("1999-06-12", "990612", "12JUN1999", "12/06/1999"), ("2005-08-24", "1050824", "24AUG2005", "24/08/2005"),
        ("2016-03-18", "1160318", "18MAR2016", "18/03/2016"), ("2026-10-20", "1261020", "20OCT2026", "20/10/2026"),
    ],
)  # fmt: skip
def test_dates(iso, urssaf, english, french):
    number = np.array([day(iso)])
    assert encodings.written(number, encodings.iso_table()) == [iso]
    assert encodings.written(number, encodings.compact_table()) == [iso.replace("-", "")]
    assert encodings.written(number, encodings.urssaf_table()) == [urssaf]
    assert encodings.written(number, encodings.english_table()) == [english]
    assert encodings.written(number, encodings.french_table()) == [french]


def test_amounts_keep_their_cents():
    assert encodings.euros(np.array([0, 5, 1999, -2109901, 10**13 + 7])) == [
        "0.00", "0.05", "19.99", "-21099.01", "100000000000.07",
    ]  # fmt: skip


def test_luhn_key_of_the_textbook():
    assert identifiers.luhn_key("7992739871") == "3"


def test_identifiers_are_valid_and_never_repeat():
    sirens = [identifiers.siren(index) for index in range(5000)]
    assert len(set(sirens)) == 5000
    assert all(len(siren) == 9 and luhn_total(siren) % 10 == 0 for siren in sirens)
    assert any(siren.startswith("0") for siren in sirens)
    assert luhn_total(identifiers.siret(sirens[0], 61)) % 10 == 0
    accounts = {identifiers.account("117", company, rank) for company in range(500) for rank in range(5)}
    families = {identifiers.request_family(company, rank) for company in range(500) for rank in range(5)}
    assert len(accounts) == len(families) == 2500
    assert {len(account) for account in accounts} == {18} and {len(family) for family in families} == {9}


def test_thousands_are_grouped_and_absence_is_empty():
    values, published = np.array([[1234567, 89, -1, 0]]), np.full((1, 4), 4)
    timeline = Timeline(12 * 2026 - 1, 7, 1)
    lines = _wide_lines([("before", "after")], values, published, timeline, " ")
    assert lines.text == ["before;1 234 567;89;;0;;after"]


def test_days_and_months_meet_the_delivery_that_knows_them():
    cutoff = day("2026-07-20")
    days = np.array([cutoff - 400, cutoff, cutoff + 1, day("2026-10-21")])
    assert TIMELINE.batch_of_day(days).tolist() == [0, 0, 1, 4]
    assert TIMELINE.batch_of_month(np.array([-50, 36, 37, 39, 40])).tolist() == [0, 0, 1, 3, 4]
    assert TIMELINE.batches == ("2607", "2608", "2609", "2610")


def test_a_change_is_two_lines_one_after_the_other():
    # Facts: never changed; changed in delivery 2; changed before the first; first seen after its change; never seen.
    first, change = np.array([0, 0, 1, 3, 4]), np.array([4, 2, 0, 1, 4])
    row, version, start, end = split_at(first, change, 4)
    assert list(zip(row.tolist(), version.tolist(), start.tolist(), end.tolist(), strict=True)) == [
        (0, 0, 0, 4), (1, 0, 0, 2), (1, 1, 2, 4), (2, 1, 1, 4), (3, 1, 3, 4),
    ]  # fmt: skip
