"""Months, cut-offs and encodings: every row of the partners' tables, and the boundaries of a month."""

from collections.abc import Callable
from datetime import date

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from sf_spark import calendar

AAMMJJ = {
    "990612": date(1999, 6, 12),
    "990505": date(1999, 5, 5),
    "1050824": date(2005, 8, 24),
    "1160318": date(2016, 3, 18),
    "1180203": date(2018, 2, 3),
    "1180101": date(2018, 1, 1),
    "9990101": date(2899, 1, 1),  # an account still open
    "1200229": date(2020, 2, 29),
    "11A0203": None,
    "11a0101": None,
    "0000000": None,
    "1180151": None,
    "1190229": None,  # 2019 was no leap year
    "118.101": None,
    "118010100": None,
    "": None,
}
JJMMMAAAA = {
    "24FEB2014": date(2014, 2, 24),
    "04OCT2017": date(2017, 10, 4),
    "31DEC2012": date(2012, 12, 31),
    "26MAY2014": date(2014, 5, 26),
    "26may2014": date(2014, 5, 26),
    "26mAy2014": date(2014, 5, 26),
    "29FEB2016": date(2016, 2, 29),
    "29FEB2015": None,
    "31AVR2015": None,
    "31déc2012": None,
    "30juin2015": None,
    "1JAN2015": None,
    "2014-02-24": None,
    "": None,
}
ISO = {
    "2017-08-09": date(2017, 8, 9),
    "2024-02-29": date(2024, 2, 29),
    "2023-02-29": None,
    "2017-09-09 00:00:00": None,
    "2017-9-9": None,
    "0000-01-01": None,
    "20170809": None,
    "": None,
}
# Code: the first month, and the first month after.
PERIODS = {
    "0162": (date(2001, 1, 1), date(2002, 1, 1)),
    "5062": (date(1950, 1, 1), date(1951, 1, 1)),
    "1862": (date(2018, 1, 1), date(2019, 1, 1)),
    "201962": (date(2019, 1, 1), date(2020, 1, 1)),
    "4962": (date(2049, 1, 1), date(2050, 1, 1)),
    "2110": (date(2021, 1, 1), date(2021, 4, 1)),
    "1820": (date(2018, 4, 1), date(2018, 7, 1)),
    "202010": (date(2020, 1, 1), date(2020, 4, 1)),
    "202440": (date(2024, 10, 1), date(2025, 1, 1)),
    "2041": (date(2020, 10, 1), date(2020, 11, 1)),
    "6331": (date(1963, 7, 1), date(1963, 8, 1)),
    "201712": (date(2017, 2, 1), date(2017, 3, 1)),
    "201511": (date(2015, 1, 1), date(2015, 2, 1)),
    "201631": (date(2016, 7, 1), date(2016, 8, 1)),
    "201811": (date(2018, 1, 1), date(2018, 2, 1)),
    "201921": (date(2019, 4, 1), date(2019, 5, 1)),
    "202443": (date(2024, 12, 1), date(2025, 1, 1)),
    "1022": (date(2010, 5, 1), date(2010, 6, 1)),
    "1031": (date(2010, 7, 1), date(2010, 8, 1)),
    "0232": (date(2002, 8, 1), date(2002, 9, 1)),
    "199904": (date(1999, 1, 1), date(1999, 2, 1)),  # quarter 0, month 4: month 3 * (0 - 1) + 4 = 1
    "201900": (date(2018, 10, 1), date(2019, 1, 1)),  # quarter 0: months -2, -1, 0 of 2019
    "201958": (date(2020, 8, 1), date(2020, 9, 1)),  # month 3 * (5 - 1) + 8 = 20 = 12 + 8
}
NO_PERIODS = [
    "",
    "2004101",
    "AAAA1010",
    "56331",
    "56a1",
    "5a31",
    "564a",
    "20112",
    "2011T1",
    "2011 1",
    "000011",
    "999962",
]
ODD = {"199904", "201900", "201958"}
KNOWN = {
    date(2024, 3, 20): date(2024, 3, 1),
    date(2024, 3, 21): date(2024, 4, 1),
    date(2024, 2, 29): date(2024, 3, 1),
    date(2024, 12, 20): date(2024, 12, 1),
    date(2024, 12, 21): date(2025, 1, 1),
    date(2024, 1, 1): date(2024, 1, 1),
}
# Every suffix, in years next to each boundary: what the header of a headcount column and the Column must agree on.
SUFFIXES = [f"{quarter}{month}" for quarter in range(10) for month in range(10)]
EVERY_CODE = [
    year + suffix
    for year in ("00", "49", "50", "99", "0001", "0002", "1999", "2024", "9995", "9996", "20A4")
    for suffix in SUFFIXES
]


def first_and_next_month(code: Column) -> Column:
    period = calendar.urssaf_period(code)
    return F.array(calendar.month_start(period["debut"]), calendar.month_start(period["debut"] + period["mois"]))


@pytest.fixture(scope="module")
def reading(spark: SparkSession) -> dict[str, dict[str, object]]:
    """What each reader makes of each text: one job for all."""
    readers: dict[str, tuple[Callable[[Column], Column], list[str]]] = {
        "aammjj": (calendar.aammjj_date, list(AAMMJJ)),
        "english": (calendar.english_date, list(JJMMMAAAA)),
        "iso": (calendar.iso_date, list(ISO)),
        "period": (first_and_next_month, [*PERIODS, *NO_PERIODS, *EVERY_CODE]),
        "odd": (calendar.is_odd_period, list(PERIODS)),
    }
    texts = sorted({text for _, some in readers.values() for text in some})
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    rows = frame.select("text", *(read(F.col("text")).alias(name) for name, (read, _) in readers.items())).collect()
    return {name: {row["text"]: row[name] for row in rows} for name in readers}


@pytest.mark.parametrize(("text", "expected"), AAMMJJ.items())
def test_urssaf_dates(reading: dict, text: str, expected: date | None) -> None:
    assert reading["aammjj"][text] == expected


@pytest.mark.parametrize(("text", "expected"), JJMMMAAAA.items())
def test_english_dates(reading: dict, text: str, expected: date | None) -> None:
    assert reading["english"][text] == expected


@pytest.mark.parametrize(("text", "expected"), ISO.items())
def test_iso_dates(reading: dict, text: str, expected: date | None) -> None:
    assert reading["iso"][text] == expected


@pytest.mark.parametrize(("code", "interval"), PERIODS.items())
def test_periods(reading: dict, code: str, interval: tuple[date, date]) -> None:
    assert reading["period"][code] == list(interval)
    assert calendar.period_of_header(code) == interval[0]


@pytest.mark.parametrize("code", NO_PERIODS)
def test_what_is_no_period_gives_nothing(reading: dict, code: str) -> None:
    assert reading["period"][code] == [None, None]
    assert calendar.period_of_header(code) is None


def test_only_quarters_and_months_out_of_range_are_odd(reading: dict) -> None:
    assert {code for code, odd in reading["odd"].items() if code in PERIODS and odd} == ODD


def test_headers_and_columns_read_every_code_alike(reading: dict) -> None:
    different = {
        code: (reading["period"][code][0], calendar.period_of_header(code))
        for code in EVERY_CODE
        if reading["period"][code][0] != calendar.period_of_header(code)
    }
    assert different == {}
    readable = [code for code in EVERY_CODE if calendar.period_of_header(code)]
    assert len(readable) == 8 * len(SUFFIXES)  # all but the years 1 and 9996 and what is no number


@pytest.fixture(scope="module")
def months(spark: SparkSession) -> dict[date | None, tuple[object, ...]]:
    """Known month, known month with a cut-off on the 15th, month and back, cut-off: by date."""
    day = F.col("day")
    columns = [
        calendar.month_start(calendar.known_month(day)),
        calendar.known_month(day, 15),
        calendar.month_index(day),
        calendar.month_start(calendar.month_index(day)),
        calendar.cutoff_of(day),
    ]
    frame = spark.createDataFrame([(known,) for known in [*KNOWN, None]], "day date")
    return {row[0]: tuple(row)[1:] for row in frame.select(day, *columns).collect()}


@pytest.mark.parametrize(("day", "month"), KNOWN.items())
def test_a_fact_counts_from_the_first_cut_off_on_or_after_it(months: dict, day: date, month: date) -> None:
    assert months[day][0] == month
    assert calendar.start_of(calendar.known_index(day)) == month


def test_the_cut_off_day_is_a_parameter(months: dict) -> None:
    expected = {day: 12 * day.year + day.month - 1 + (day.day > 15) for day in KNOWN}
    assert {day: months[day][1] for day in KNOWN} == expected
    assert {day: calendar.known_index(day, 15) for day in KNOWN} == expected


def test_a_month_is_its_index_and_the_index_its_first_day(months: dict) -> None:
    for day in KNOWN:
        assert months[day][2] == calendar.index_of(day) == 12 * day.year + day.month - 1
        assert months[day][3] == calendar.start_of(calendar.index_of(day)) == day.replace(day=1)
        assert months[day][4] == day.replace(day=20)


def test_an_unknown_day_has_no_month(months: dict) -> None:
    assert months[None] == (None, None, None, None, None)


def test_a_batch_is_known_at_the_cut_off_of_its_month_and_so_is_its_correction() -> None:
    assert calendar.batch_date("2403") == calendar.batch_date("2403_01") == date(2024, 3, 20)
    assert calendar.known_index(calendar.batch_date("2412")) == calendar.index_of(date(2024, 12, 1))
