"""The months of a wide header: those that are read, and those that are in doubt."""

from datetime import date

import pytest

from sf_spark.landing.header import Header
from sf_spark.landing.header_months import doubtful_months, months_of
from sf_spark.landing.recognition import recognise
from sf_spark.sources.effectif import SOURCE as EFFECTIF

SERIES = [f"eff2023{quarter}{month}" for quarter in "1234" for month in "123"]  # January to December


def test_of_two_columns_that_name_one_month_the_last_counts() -> None:
    columns = ("siret", "eff202311", "eff202312", "EFF202311", "compte")
    assert months_of(EFFECTIF, columns) == [(2, date(2023, 2, 1)), (3, date(2023, 1, 1))]


@pytest.mark.parametrize(
    ("place", "written", "in_doubt"),
    [
        *((place, written, [written]) for place in (0, 5, 11) for written in ("eft202312", "eff20231", "eff2o2312")),
        *((place, written, [written]) for place in (0, 5, 11) for written in ("eff202012", "eff209912", "effectif1")),
        (5, "eff202322", ["eff202322"]),  # the month before it, again
        (5, "eff202331", ["eff202331"]),  # the month behind it, again
        (5, "total", ["total"]),
        (5, " eff202323", []),  # a blank is no damage
        (5, "EFF202323", []),
    ],
)
def test_a_column_that_does_not_name_the_expected_month_is_in_doubt(
    place: int, written: str, in_doubt: list[str]
) -> None:
    columns = ["siret", "compte", *SERIES, "base", "UR_EMET"]
    columns[2 + place] = written
    found = recognise(EFFECTIF, Header(1, ";".join(columns), "utf-8", False))
    assert found.doubtful_months[:1] == in_doubt
    whole = {2 + rank: date(2023, 1 + rank, 1) for rank in range(12)}
    assert dict(found.months) == {rank: month for rank, month in whole.items() if rank != 2 + place or not in_doubt}


def test_months_may_stand_in_reverse_and_a_missing_one_is_seen() -> None:
    def in_doubt(series: list[str]) -> list[str]:
        return doubtful_months(EFFECTIF, ("siret", "compte", *series))

    assert in_doubt(SERIES) == in_doubt(SERIES[::-1]) == in_doubt(SERIES[:1]) == []
    assert in_doubt([*SERIES[:3], *SERIES[4:]]) == [SERIES[4]]


def test_two_months_that_were_exchanged_are_not_read() -> None:
    for place in (0, 5, 10):
        series = [*SERIES[:place], SERIES[place + 1], SERIES[place], *SERIES[place + 2 :]]
        found = recognise(EFFECTIF, Header(1, ";".join(["siret", "compte", *series]), "utf-8", False))
        assert [month.month for _, month in found.months] == [m + 1 for m in range(12) if m not in (place, place + 1)]
        assert set(found.doubtful_months) >= {SERIES[place], SERIES[place + 1]}
