"""How the partners write dates, periods and amounts."""

from datetime import date, timedelta
from functools import cache

from sf_spark.demo.world.arrays import BoolArray, IntArray
from sf_spark.demo.world.plan import DAY_ZERO, Timeline

_TABLE_DAYS = 366 * 250  # from day zero to beyond the longest continuation plan
_ENGLISH_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@cache
def _calendar_days() -> list[date]:
    start = date.fromisoformat(str(DAY_ZERO))
    return [start + timedelta(days=offset) for offset in range(_TABLE_DAYS)]


@cache
def iso_table() -> list[str]:
    """AAAA-MM-JJ of every day number: Sirene and short-time work."""
    return [day.isoformat() for day in _calendar_days()]


@cache
def compact_table() -> list[str]:
    """AAAAMMJJ of every day number: registration of an account."""
    return [text.replace("-", "") for text in iso_table()]


@cache
def urssaf_table() -> list[str]:
    """(A)AAMMJJ of every day number: AAAAMMJJ less 19 000 000, so 6 digits before 2000 and 7 from then on."""
    return [str(int(text) - 19_000_000) for text in compact_table()]


@cache
def french_table() -> list[str]:
    """JJ/MM/AAAA of every day number: payment plans."""
    return [f"{day.day:02d}/{day.month:02d}/{day.year}" for day in _calendar_days()]


@cache
def english_table() -> list[str]:
    """JJMMMAAAA of every day number: collective proceedings."""
    return [f"{day.day:02d}{_ENGLISH_MONTHS[day.month - 1]}{day.year}" for day in _calendar_days()]


def written(days: IntArray, table: list[str]) -> list[str]:
    """Write day numbers with one of the tables above."""
    return [table[day] for day in days.tolist()]


def period_code(timeline: Timeline, start: int, length: int) -> str:
    """Return the 6-character URSSAF code of a period of 1, 3 or 12 months; its last 4 characters are the short form."""
    year, month = timeline.year_and_month(start)
    quarter, rank = divmod(month - 1, 3)
    if length == 12:
        return f"{year}62"
    return f"{year}{quarter + 1}{0 if length == 3 else rank + 1}"


def period_codes(timeline: Timeline, start: IntArray, length: IntArray, short: BoolArray) -> list[str]:
    """Write periods, on their last 4 characters where `short`."""
    spans = list(zip(start.tolist(), length.tolist(), strict=True))
    codes = {span: period_code(timeline, *span) for span in set(spans)}
    return [codes[span][2:] if brief else codes[span] for span, brief in zip(spans, short.tolist(), strict=True)]


def euros(cents: IntArray) -> list[str]:
    """Write cents as euros with two decimals and a dot; exact far beyond any amount generated here."""
    return [f"{amount:.2f}" for amount in (cents / 100).tolist()]
