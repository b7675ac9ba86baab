"""Date and period encodings: every row of the partners' tables, and the boundaries of a month."""

from datetime import date

import polars as pl
import pytest

from sf_spark.landing import dates

AAMMJJ = {
    "990612": date(1999, 6, 12),
    "990505": date(1999, 5, 5),
    "1050824": date(2005, 8, 24),
    "1160318": date(2016, 3, 18),
    "1180203": date(2018, 2, 3),
    "1180101": date(2018, 1, 1),
    "9990101": date(2899, 1, 1),  # an account still open
    "1200229": date(2020, 2, 29),
    "+1200229": date(2020, 2, 29),
    "-8999899": date(1000, 1, 1),
    "80991231": date(9999, 12, 31),
    "80991232": None,
    "-9000000": None,  # 10 000 000: month 0
    "-9000001": None,  # seven digits
    "11A0203": None,
    "11a0101": None,
    "0000000": None,
    "1180151": None,
    "1190229": None,  # 2019 was no leap year
    "118.101": None,
    "118010100": None,
    "1180203\n": None,
    "٩٩٠٦١٢": None,
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
    "01JAN0000": None,
    "01ſEP2015": None,
    "2014-02-24": None,
    "24FEB2014\n": None,
    "": None,
}
BILAN = {
    "31DEC2012": date(2012, 12, 31),
    "31déc2013": date(2013, 12, 31),
    "30juin2015": date(2015, 6, 30),
    "28févr2015": date(2015, 2, 28),
    "29févr2015": None,
    "31dec2013": None,
    "31DÉC2013": None,
    "312013": None,
    "": None,
}
ISO = {
    "2017-08-09": date(2017, 8, 9),
    "2024-02-29": date(2024, 2, 29),
    "0001-01-01": date(1, 1, 1),
    "9999-12-31": date(9999, 12, 31),
    "2023-02-29": None,
    "1900-02-29": None,
    "2017-09-09 00:00:00": None,
    "2017-9-9": None,
    "+2017-9-09": None,
    " 2017-9-09": None,
    "2017-08-09\n": None,
    "2017-08-09\r\n": None,
    "٢٠١٧-٠٨-٠٩": None,
    "0000-01-01": None,
    "20170809": None,
    "": None,
}
FRENCH = {
    "15/12/2018": date(2018, 12, 15),
    "29/02/2024": date(2024, 2, 29),
    "31/04/2018": None,
    "01/15/2019": None,
    "1/1/2019": None,
    "01/01/0000": None,
    "01/01/2019\n": None,
    "": None,
}
FRENCH_MONTH = {"12/2004": date(2004, 12, 1), "13/2004": None, "1/2004": None, "01/12/2004": None, "": None}
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
    *("", "2004101", "AAAA1010", "56331", "56a1", "5a31", "564a", "20112", "2011T1", "2011 1", "000011", "999962"),
    *("201712\n", "٢٠١٧١٢", "000162", "999699"),
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
SUFFIXES = [f"{quarter}{month}" for quarter in range(10) for month in range(10)]
YEARS = ("00", "49", "50", "99", "0001", "0002", "1999", "2024", "9995", "9996", "20A4")
EVERY_CODE = [year + suffix for year in YEARS for suffix in SUFFIXES]
READERS = {
    dates.aammjj_date: AAMMJJ,
    dates.english_date: JJMMMAAAA,
    dates.bilan_date: BILAN,
    dates.iso_date: ISO,
    dates.french_date: FRENCH,
    dates.french_month: FRENCH_MONTH,
}


def periods(codes: list[str]) -> list[dict[str, object]]:
    return pl.select(dates.urssaf_period(pl.lit(pl.Series(codes)))).to_series().to_list()


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_dates(read) -> None:
    texts = list(READERS[read]) * 2  # a text has the same day wherever it stands
    found = pl.DataFrame({"text": texts}).select(read(pl.col("text"))).to_series()
    assert found.dtype == pl.Date
    assert dict(zip(texts, found, strict=True)) == READERS[read]
    assert found[: len(texts) // 2].equals(found[len(texts) // 2 :])


def test_nothing_and_no_text_at_all_are_no_dates() -> None:
    frame = pl.DataFrame({"text": [None, "2024-02-29", None]}, schema={"text": pl.String})
    assert frame.select(dates.iso_date(pl.col("text"))).to_series().to_list() == [None, date(2024, 2, 29), None]
    assert frame.clear().select(dates.iso_date(pl.col("text"))).schema == {"text": pl.Date}
    assert frame.head(1).select(dates.urssaf_period(pl.col("text"))).to_series().to_list() == [None]


def test_periods() -> None:
    found = dict(zip(PERIODS, periods(list(PERIODS)), strict=True))
    assert {code: (read["debut"], read["fin"]) for code, read in found.items()} == PERIODS
    assert {code for code, read in found.items() if read["atypique"]} == ODD
    for read in found.values():
        assert read["chiffres"] == f"{read['debut']:%Y%m%d}{read['fin']:%Y%m%d}"
    assert {code: dates.period_of_header(code) for code in PERIODS} == {code: of[0] for code, of in PERIODS.items()}


def test_what_is_no_period_gives_nothing() -> None:
    for code, read in zip(NO_PERIODS, periods(NO_PERIODS), strict=True):
        assert (read["debut"], read["fin"], read["chiffres"]) == (None, None, None), code
        assert dates.period_of_header(code) is None


def test_digits_of_early_years_are_eight() -> None:
    assert periods(["000262"])[0]["chiffres"] == "0002010100030101"


def test_headers_and_cells_read_every_code_alike() -> None:
    cells = dict(zip(EVERY_CODE, periods(EVERY_CODE), strict=True))
    assert {code: read["debut"] for code, read in cells.items()} == {
        code: dates.period_of_header(code) for code in EVERY_CODE
    }
    # All but the years 1 and 9996 and what is no number.
    assert sum(read["debut"] is not None for read in cells.values()) == 8 * len(SUFFIXES)


def test_a_fact_counts_from_the_first_cut_off_on_or_after_it() -> None:
    frame = pl.DataFrame({"day": [*KNOWN, None]})
    assert frame.select(dates.counted_month(pl.col("day"), 20)).to_series().to_list() == [*KNOWN.values(), None]
    on_the_15th = frame.select(dates.counted_month(pl.col("day"), 15)).to_series().to_list()
    assert on_the_15th[0] == date(2024, 4, 1) and on_the_15th[-2] == date(2024, 1, 1)


def test_months_later() -> None:
    days = {
        date(2024, 1, 31): (date(2024, 2, 29), date(2024, 2, 1)),
        date(2023, 1, 31): (date(2023, 2, 28), date(2023, 2, 1)),
        date(2024, 2, 29): (date(2024, 3, 29), date(2024, 3, 1)),
        date(2024, 12, 1): (date(2025, 1, 1), date(2025, 1, 1)),
        None: (None, None),
    }
    day = pl.col("day")
    found = pl.DataFrame({"day": list(days)}).select(
        dates.months_later(day, 1).alias("day_of"), dates.month_later(day, 1).alias("first_of")
    )
    assert found.rows() == list(days.values())
