"""The months that the columns of a wide header name, and those that are in doubt."""

import re
from datetime import date

from sf_spark.landing.dates import period_of_header
from sf_spark.landing.source import Source

_A_YEAR = re.compile("[12][0-9]{3}")
_FEWEST_STEPS = 3  # from a column to the next; fewer do not make a series


def months_of(source: Source, columns: tuple[str, ...] | list[str]) -> list[tuple[int, date]]:
    """The columns of a wide source that name a month: place and month; of two for one month, the last.

    A column whose month does not fit between its neighbours is not read: its month is unknown.
    """
    if not source.wide:
        return []
    named = {rank: month for rank, name in enumerate(columns) if (month := _month_of(source, name)) is not None}
    read = {rank: month for rank, month in named.items() if not _is_contradicted(rank, named)}
    last = {month: rank for rank, month in read.items()}
    return sorted((rank, month) for month, rank in last.items())


def doubtful_months(source: Source, columns: tuple[str, ...]) -> list[str]:
    """The columns of a wide file that may be those of another month, or of a month that cannot be read.

    The months of a header follow one another. In doubt is a column that

    * names no month, and stands among months, or begins as they do, or holds a year;
    * names another month than the one between its neighbours;
    * repeats a month, or skips one.

        header (YYYYQM)                      read                     in doubt
        eff202411; eff2o2412; eff202413      January, March 2024      eff2o2412
        eff202411; eff202212; eff202413      January, March 2024      eff202212
        eff202411; eff202413                 January, March 2024      eff202413
    """
    if not source.wide:
        return []
    read = dict(months_of(source, columns))
    first, last = min(read), max(read)
    known = {name for layout in source.layouts for name in (*layout.required, *layout.optional)}
    doubtful = []
    for rank, name in enumerate(columns):
        if rank in read:
            month = read.get(rank - 1)
            is_odd = month is not None and abs(_index(read[rank]) - _index(month)) != 1
        else:
            text = name.strip().lower()
            seems = first < rank < last or re.match(rf"{source.wide}.*\d", text) or _A_YEAR.search(text)
            is_odd = bool(seems) and text not in known
        if is_odd:
            doubtful.append(name)
    return doubtful


def _is_contradicted(rank: int, named: dict[int, date]) -> bool:
    """Whether the columns around one imply another month than it names, or no neighbour continues its month."""
    counts = {place: _index(month) for place, month in named.items()}
    before, this, after = (counts.get(rank + step) for step in (-1, 0, 1))
    assert this is not None
    if before is not None and after is not None and abs(after - before) == 2:
        return 2 * this != before + after
    steps = [counts[place + 1] - count for place, count in counts.items() if place + 1 in counts]
    forwards, backwards = steps.count(1), steps.count(-1)
    if 2 * max(forwards, backwards) <= len(steps) or len(steps) < _FEWEST_STEPS:
        return False  # not in a series: no month to expect
    if before is None and after is None:
        return False
    step = 1 if forwards > backwards else -1
    return (before is None or this - before != step) and (after is None or after - this != step)


def _index(month: date) -> int:
    return month.year * 12 + month.month


def _month_of(source: Source, name: str) -> date | None:
    """The month that a column of a wide source names; None where it names none."""
    name = name.strip()
    start = len(source.wide)
    return period_of_header(name[start:][:6]) if name.lower().startswith(source.wide) else None
