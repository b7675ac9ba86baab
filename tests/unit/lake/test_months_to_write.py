"""Which months a refresh writes: those that are not there, and those that a later delivery corrects."""

from datetime import date

import pytest

from sf_spark.lake.months import first_to_write, older_beginnings

MARCH = date(2024, 3, 1)


@pytest.mark.parametrize(
    ("last", "delivered", "first"),
    [
        (None, ["2403"], None),
        (MARCH, [], date(2024, 4, 1)),
        (MARCH, ["2404"], date(2024, 4, 1)),
        (MARCH, ["2404", "2406"], date(2024, 4, 1)),  # a month without a delivery has its row all the same
        (MARCH, ["2403_02", "2404"], date(2024, 3, 1)),
        (MARCH, ["2403"], date(2024, 3, 1)),  # a file that came after the others of its batch
        (MARCH, ["2404", "2401_01", "2402"], date(2024, 1, 1)),
        (date(2023, 12, 1), ["2312_01"], date(2023, 12, 1)),
    ],
)
def test_the_first_month_to_write(last: date | None, delivered: list[str], first: date | None) -> None:
    assert first_to_write(last, delivered) == first


def test_a_delivery_older_than_the_first_of_its_source_dates_the_past_anew() -> None:
    before = [("debit", "2402"), ("debit", "2403"), ("effectif", "2401")]
    assert older_beginnings(before, [("debit", "2401")]) == ["2401"]
    assert older_beginnings(before, [("debit", "2402_01"), ("effectif", "2402")]) == []
    assert older_beginnings(before, [("paydex", "2401")]) == []  # nothing was known of it
    assert older_beginnings([], [("debit", "2401")]) == []
