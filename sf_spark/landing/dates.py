"""The date and period encodings of the partners, as Polars expressions: text in, null where it is not readable.

Texts are read in plain Python, each distinct one once: Polars' own parser takes ``2024-2-9`` and ``+2024-02-09``, too.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

import polars as pl

from sf_spark.landing.distinct import on_distinct

_ENGLISH_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FRENCH_MONTHS = ("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc")
_ENGLISH = {name: month for month, name in enumerate(_ENGLISH_MONTHS, start=1)}
_OF_BILANS = _ENGLISH | {name: month for month, name in enumerate(_FRENCH_MONTHS, start=1)}
_WHOLE_YEAR = "62"  # suffix of a period code that covers twelve months
_FIRST_YEAR, _LAST_YEAR = 2, 9995  # odd quarters reach 5 months back and 3 years ahead: dates any reader can hold
_EPOCH = date(1970, 1, 1).toordinal()
_REMEMBERED = 1 << 17  # texts: more than the days of three centuries
_PERIOD = pl.Struct({"debut": pl.Date, "fin": pl.Date, "atypique": pl.Boolean, "chiffres": pl.String})

# [0-9] and not \d, which takes the digits of every script.
_ISO = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")
_AAMMJJ = re.compile("[+-]?[0-9]{1,8}")
_JJMMMAAAA = re.compile("([0-9]{2})([A-Za-z]{3})([0-9]{4})")
_JJ_NAME_AAAA = re.compile("([0-9]{2})([^0-9]+)([0-9]{4})")
_JJ_MM_AAAA = re.compile("([0-9]{2})/([0-9]{2})/([0-9]{4})")
_CODE = re.compile("[0-9]{4}(?:[0-9]{2})?")
_REGULAR_SUFFIX = re.compile("[1-4][0-3]|62")


def iso_date(text: pl.Expr) -> pl.Expr:
    """Read AAAA-MM-JJ; anything else, or a day that does not exist, gives null."""
    return _dates(text, _iso)


def aammjj_date(text: pl.Expr) -> pl.Expr:
    """Read URSSAF's (A)AAMMJJ: the integer + 19 000 000 is AAAAMMJJ; anything else gives null.

    ``990612`` is 1999-06-12, ``1050824`` is 2005-08-24, ``9990101`` (an account still open) is 2899-01-01.
    """
    return _dates(text, _aammjj)


def english_date(text: pl.Expr) -> pl.Expr:
    """Read JJMMMAAAA with an English month in any case (``26MAY2014``); anything else gives null."""
    return _dates(text, _english)


def bilan_date(text: pl.Expr) -> pl.Expr:
    """Read JJMMMAAAA with an upper-case English or a lower-case French month (``31DEC2012``, ``30juin2015``)."""
    return _dates(text, _bilan)


def french_date(text: pl.Expr) -> pl.Expr:
    """Read JJ/MM/AAAA; anything else, or a day that does not exist, gives null."""
    return _dates(text, _french)


def french_month(text: pl.Expr) -> pl.Expr:
    """Read MM/AAAA as the first day of that month; anything else gives null."""
    return _dates(text, _french_month)


def urssaf_period(code: pl.Expr) -> pl.Expr:
    """Read a URSSAF period code into a struct: first day, first day after, whether it is odd, both days as digits.

    ``YYQM`` or ``YYYYQM``; two-digit years below 50 are of this century. ``62`` at the end is the whole year; M = 0 the
    quarter Q; else the single month 3(Q-1)+M. Q and M are not range-checked, as at the source: out of range they are
    ``atypique``, but read all the same (``199904`` is January 1999). Anything else has neither days nor ``chiffres``.

        code      debut         fin           chiffres
        201712    2017-02-01    2017-03-01    2017020120170301
        2110      2021-01-01    2021-04-01    2021010120210401
        1862      2018-01-01    2019-01-01    2018010120190101
    """

    def read(codes: pl.Series) -> pl.Series:
        schema = {"debut": pl.Int32, "fin": pl.Int32, "atypique": pl.Boolean, "chiffres": pl.String}
        values = zip(*map(_period, codes.to_list()), strict=True) if len(codes) else ([] for _ in schema)
        frame = pl.DataFrame(dict(zip(schema, values, strict=True)), schema=schema)
        return frame.with_columns(pl.col("debut", "fin").cast(pl.Date)).to_struct()

    return on_distinct(code, read, _PERIOD)


def period_of_header(code: str) -> date | None:
    """The month named by the header of a headcount column (``201631`` is July 2016), None where it names none."""
    months = _months_of(code)
    return months and _start_of(months[0])


def counted_month(day: pl.Expr, cutoff_day: int) -> pl.Expr:
    """The first month (its first day) whose cut-off is on or after a day: that of the 21st is the next one."""

    def read(days: pl.Series) -> pl.Series:
        month = days.dt.month_start()
        return month.dt.offset_by("1mo").zip_with(days.dt.day() > cutoff_day, month)

    return on_distinct(day, read, pl.Date)


def months_later(day: pl.Expr, months: int) -> pl.Expr:
    """The same day some months later, or the last one of a shorter month: 2024-01-31 and one month is 2024-02-29."""
    return on_distinct(day, lambda days: days.dt.offset_by(f"{months}mo"), pl.Date)


def month_later(day: pl.Expr, months: int) -> pl.Expr:
    """The first day of the month that comes some months after that of a day."""
    return on_distinct(day, lambda days: days.dt.month_start().dt.offset_by(f"{months}mo"), pl.Date)


def _dates(text: pl.Expr, read: Callable[[str], int | None]) -> pl.Expr:
    def days(texts: pl.Series) -> pl.Series:
        return pl.Series(list(map(read, texts.to_list())), dtype=pl.Int32).cast(pl.Date)

    return on_distinct(text, days, pl.Date)


def _day(year: int, month: int, day: int) -> int | None:
    """Days since 1970; None for a day that does not exist (there is no year 0)."""
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None


@lru_cache(_REMEMBERED)
def _iso(text: str) -> int | None:
    found = _ISO.fullmatch(text)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


@lru_cache(_REMEMBERED)
def _aammjj(text: str) -> int | None:
    number = int(text) + 19_000_000 if _AAMMJJ.fullmatch(text) else 0
    if not 10_000_000 <= number <= 99_999_999:
        return None
    return _day(number // 10_000, number // 100 % 100, number % 100)


@lru_cache(_REMEMBERED)
def _english(text: str) -> int | None:
    found = _JJMMMAAAA.fullmatch(text)
    return _day(int(found[3]), _ENGLISH.get(found[2].upper(), 0), int(found[1])) if found else None


@lru_cache(_REMEMBERED)
def _bilan(text: str) -> int | None:
    found = _JJ_NAME_AAAA.fullmatch(text)
    return _day(int(found[3]), _OF_BILANS.get(found[2], 0), int(found[1])) if found else None


@lru_cache(_REMEMBERED)
def _french(text: str) -> int | None:
    found = _JJ_MM_AAAA.fullmatch(text)
    return _day(int(found[3]), int(found[2]), int(found[1])) if found else None


@lru_cache(_REMEMBERED)
def _french_month(text: str) -> int | None:
    return _french(f"01/{text}")


def _months_of(code: str) -> tuple[int, int] | None:
    """Index (12 * year + month - 1) of the first month of a period code, and of the first month after it."""
    if not _CODE.fullmatch(code):
        return None
    if len(code) == 4:
        code = ("20" if code[:2] < "50" else "19") + code
    year, quarter, month = int(code[:4]), int(code[4]), int(code[5])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    if code.endswith(_WHOLE_YEAR):
        return 12 * year, 12 * year + 12
    first = 12 * year + 3 * (quarter - 1)
    return (first, first + 3) if month == 0 else (first + month - 1, first + month)


def _start_of(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


@lru_cache(_REMEMBERED)
def _period(code: str) -> tuple[int | None, int | None, bool, str | None]:
    odd = not _REGULAR_SUFFIX.fullmatch(code[-2:])
    months = _months_of(code)
    if months is None:
        return None, None, odd, None
    first, after = (_start_of(index) for index in months)
    digits = f"{first.year:04d}{first.month:02d}01{after.year:04d}{after.month:02d}01"
    return first.toordinal() - _EPOCH, after.toordinal() - _EPOCH, odd, digits
