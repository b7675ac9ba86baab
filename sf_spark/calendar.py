"""Months, cut-offs and the date encodings of the partners, as Columns.

A month is handled as its *index*, ``12 * year + month - 1``: months are real months, so lag 3 is ``index - 3``.

The cut-off of month T is day 20 of T. A fact belongs to the first month whose cut-off is on or after it:

    known on        counts from
    2024-03-20      2024-03
    2024-03-21      2024-04
    2024-12-31      2025-01
"""

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

CUTOFF_DAY = 20  # URSSAF: paid by the 15th, a small delay is tolerated, what is unpaid on the 20th is a debt

_ENGLISH_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FRENCH_MONTHS = ("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc")
_MONTHS = (_ENGLISH_MONTHS, _FRENCH_MONTHS)
_WHOLE_YEAR = "62"  # suffix of a period code that covers twelve months
_FIRST_YEAR, _LAST_YEAR = 2, 9995  # odd quarters reach 5 months back and 3 years on: dates that every reader can hold


def month_index(day: Column) -> Column:
    """Number the month of a date: 12 * year + month - 1. Null stays null."""
    return F.year(day) * 12 + F.month(day) - 1


def _whole(number: Column, divisor: int) -> Column:
    """How often a divisor goes into a whole number that is not negative (int)."""
    return F.floor(number / divisor).cast("int")


def month_start(index: Column) -> Column:
    """Turn a month index back into the first day of that month (date)."""
    return F.make_date(_whole(index, 12), (F.pmod(index, F.lit(12)) + 1).cast("int"), F.lit(1))


def month_digits(index: Column) -> Column:
    """Write the first day of a month as AAAAMMJJ (text). Null stays null."""
    number = _whole(index, 12) * 10_000 + F.pmod(index, F.lit(12)) * 100 + 101
    return F.lpad(number.cast("string"), 8, "0")


def known_month(known_on: Column, cutoff_day: int = CUTOFF_DAY) -> Column:
    """Index of the first month whose cut-off is on or after a date. Null stays null."""
    return month_index(known_on) + F.when(F.dayofmonth(known_on) > cutoff_day, 1).otherwise(0)


def cutoff_of(periode: Column, cutoff_day: int = CUTOFF_DAY) -> Column:
    """The cut-off date of the month that starts on ``periode``."""
    return F.date_add(F.trunc(periode, "month"), cutoff_day - 1)


def index_of(day: date) -> int:
    """The month index of a Python date."""
    return day.year * 12 + day.month - 1


def start_of(index: int) -> date:
    """The first day of the month with this index."""
    return date(index // 12, index % 12 + 1, 1)


def known_index(day: date, cutoff_day: int = CUTOFF_DAY) -> int:
    """Index of the first month whose cut-off is on or after a Python date."""
    return index_of(day) + (day.day > cutoff_day)


def batch_date(batch: str, cutoff_day: int = CUTOFF_DAY) -> date:
    """The day a delivery counts as known: the cut-off of its month, for a sub-batch ``AAMM_NN`` too.

    Deliveries reach the platform around the 20th, and a batch AAMM serves the list of month AAMM. A sub-batch
    corrects that delivery before the list is drawn, so it shares its date.
    """
    return date(2000 + int(batch[:2]), int(batch[2:4]), cutoff_day)


def iso_date(text: Column) -> Column:
    """Read AAAA-MM-JJ; anything else, or a day that does not exist, gives null."""
    return F.when(text.rlike(r"^\d{4}-\d{2}-\d{2}\z") & ~text.startswith("0000"), text.try_cast("date"))


def aammjj_date(text: Column) -> Column:
    """Read URSSAF's (A)AAMMJJ: the integer + 19 000 000 is AAAAMMJJ; anything else gives null.

    ``990612`` is 1999-06-12, ``1050824`` is 2005-08-24, ``9990101`` (an account still open) is 2899-01-01.
    """
    number = F.when(text.rlike(r"^[+-]?\d{1,8}\z"), text.cast("int")) + 19_000_000
    written = F.when(number.between(10_000_000, 99_999_999), number)  # eight digits
    year, month, day = _whole(written, 10_000), _whole(written, 100) % 100, written % 100
    first = F.when(month.between(1, 12) & day.between(1, 31), F.make_date(year, month, F.lit(1)))
    found = F.date_add(first, day - 1)
    return F.when(F.month(found) == month, found)  # the 31st of a shorter month would be a day of the next


def english_date(text: Column) -> Column:
    """Read JJMMMAAAA with an English month in any case (``26MAY2014``); anything else gives null."""
    number = F.array_position(F.array(*map(F.lit, _ENGLISH_MONTHS)), F.upper(F.substring(text, 3, 3)))
    parts = F.concat_ws("-", F.substring(text, 6, 4), F.lpad(number.cast("string"), 2, "0"), F.substring(text, 1, 2))
    return F.when(text.rlike(r"^\d{2}[A-Za-z]{3}\d{4}\z"), iso_date(parts))


def bilan_date(text: Column) -> Column:
    """Read JJMMMAAAA with an upper-case English or a lower-case French month (``31DEC2012``, ``30juin2015``)."""
    month = F.regexp_extract(text, r"^\d{2}(.*)\d{4}\z", 1)
    number = F.coalesce(
        *(F.nullif(F.array_position(F.array(*map(F.lit, names)), month), F.lit(0)) for names in _MONTHS)
    )
    return iso_date(
        F.concat_ws("-", F.right(text, F.lit(4)), F.lpad(number.cast("string"), 2, "0"), F.left(text, F.lit(2)))
    )


def french_date(text: Column) -> Column:
    """Read JJ/MM/AAAA; anything else, or a day that does not exist, gives null."""
    written = F.when(text.rlike(r"^\d{2}/\d{2}/\d{4}\z"), text)
    return iso_date(
        F.concat_ws("-", F.right(written, F.lit(4)), F.substring(written, 4, 2), F.substring(written, 1, 2))
    )


def french_month(text: Column) -> Column:
    """Read MM/AAAA as the first day of that month; anything else gives null."""
    return french_date(F.concat(F.lit("01/"), text))


def urssaf_period(code: Column) -> Column:
    """Read a URSSAF period code into struct<debut: int, mois: int>: first month's index, number of months.

    ``YYQM`` or ``YYYYQM``; two-digit years below 50 are of this century. ``62`` at the end is the whole year; M = 0 the
    quarter Q; else the single month 3(Q-1)+M. Q and M are not range-checked, as at the source (``199904`` is January
    1999): see :func:`is_odd_period`. Anything else gives null.

        code      interval
        201712    2017-02 .. 2017-03
        2110      2021-01 .. 2021-04
        1862      2018-01 .. 2019-01
    """
    number = F.when(code.rlike(r"^\d{4}(?:\d{2})?\z"), code.cast("int"))
    written = _whole(number, 100)
    year = F.when(F.length(code) == 4, written + F.when(written < 50, 2000).otherwise(1900)).otherwise(written)
    quarter, month = _whole(number, 10) % 10, number % 10
    january = year * 12
    first_of_quarter = january + 3 * (quarter - 1)
    whole_year = number % 100 == int(_WHOLE_YEAR)
    start = F.when(whole_year, january).otherwise(first_of_quarter + F.when(month > 0, month - 1).otherwise(0))
    length = F.when(whole_year, 12).when(month == 0, 3).otherwise(1)
    return F.when(year.between(_FIRST_YEAR, _LAST_YEAR), F.struct(start.alias("debut"), length.alias("mois")))


def is_odd_period(code: Column) -> Column:
    """True where a period code is readable but its quarter or month is out of range (``199904``)."""
    return ~F.substring(code, -2, 2).rlike(r"^([1-4][0-3]|62)\z")


def period_of_header(code: str) -> date | None:
    """The month named by the header of a headcount column (``201631`` is July 2016), None where it names none."""
    if len(code) == 4:
        code = ("20" if code[:2] < "50" else "19") + code
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    if not _FIRST_YEAR <= int(code[:4]) <= _LAST_YEAR:
        return None
    january = int(code[:4]) * 12
    if code[4:] == _WHOLE_YEAR:
        return start_of(january)
    quarter, month = int(code[4]), int(code[5])
    return start_of(january + 3 * (quarter - 1) + max(month, 1) - 1)
