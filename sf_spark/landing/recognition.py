"""Which layout a delivered file is in, by its header; or why it is in none."""

import codecs
import re
from dataclasses import dataclass
from datetime import date

import numpy as np

from sf_spark.errors import BrokenFileError
from sf_spark.landing.header import EMPTY_FILE, Header
from sf_spark.landing.header_months import doubtful_months, months_of
from sf_spark.landing.source import LATIN9, UTF8, UTF16, Layout, Source

_UTF16_BE_MARK = codecs.BOM_UTF16_BE.decode(LATIN9)
_ENCODINGS = {UTF16: "UTF-16", LATIN9: "not UTF-8", UTF8: "UTF-8"}
_IDENTIFIERS = {"siren", "siret"}  # two different columns, one letter apart
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Reading:
    """How to read the records of one file: its layout, and the columns of its header."""

    source: Source
    layout: Layout
    columns: tuple[str, ...]

    @property
    def delimiter(self) -> str:
        """The delimiter of the file."""
        return self.layout.delimiter or self.source.delimiter

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, under the names that ``clean`` uses."""
        layout = self.layout
        return layout.positional or tuple(layout.rename.get(name.lower(), name.lower()) for name in self.columns)

    @property
    def months(self) -> list[tuple[int, date]]:
        """The columns of a wide header that name a month: place and month (first day)."""
        return months_of(self.source, self.columns)

    @property
    def days(self) -> np.ndarray:
        """These months, in days since 1970."""
        return np.array([month.toordinal() - _EPOCH for _, month in self.months], np.int32)

    @property
    def doubtful_months(self) -> list[str]:
        """The columns of a wide header whose month is in doubt."""
        return doubtful_months(self.source, self.columns)


def recognise(source: Source, header: Header) -> Reading:
    """Find the layout of a file from its header: the newest one that fits.

    Raises:
        BrokenFileError: When none fits; it names the columns missing for the nearest layout, and those present. Also
            when the name of a column is damaged: an optional column would be read as empty in all lines.
    """
    for layout in source.layouts:
        if layout.encoding != header.encoding or (header.byte_order_mark and not layout.byte_order_mark):
            continue
        columns = header.split(layout.delimiter or source.delimiter)
        if _fits(source, layout, columns) and re.match(layout.first_record, header.text):
            if not layout.positional and not layout.reshape:
                _check_spelling(source, columns)
            return Reading(source, layout, tuple(columns))
    raise BrokenFileError(_why_not(source, header))


def _check_spelling(source: Source, columns: list[str]) -> None:
    """Refuse a header with an unknown column whose name nearly spells that of an absent one."""
    names = {name for layout in source.layouts for name in (*layout.required, *layout.optional)}
    present = {name.lower() for name in columns}
    for column in columns:
        if column.lower() in names | _IDENTIFIERS:
            continue
        meant = next((name for name in sorted(names - present) if nearly_spells(column.lower(), name)), "")
        if meant:
            raise BrokenFileError(f"column {column} is not known, and nearly spells {meant}, which is absent")


def nearly_spells(text: str, name: str) -> bool:
    """Whether one edit turns a text into the name: a character replaced, removed or added, two neighbours swapped."""
    shorter = min(len(text), len(name))
    same = next((place for place in range(shorter) if text[place] != name[place]), shorter)
    rest, right = text[same:], name[same:]
    exchanged = rest[:2] == right[1::-1] and rest[2:] == right[2:]
    return exchanged or right[1:] in (rest, rest[1:]) or rest[1:] == right


def _fits(source: Source, layout: Layout, columns: list[str]) -> bool:
    lowered = {name.lower() for name in columns}
    # A `siret` column means a newer layout: read by account, all of its lines would be skipped.
    if layout.by_account and "siret" in {name.strip() for name in lowered}:
        return False
    # Without any month every line would be accepted and give no fact.
    if source.wide and not months_of(source, columns):
        return False
    if layout.positional:
        wide_enough = len(columns) >= 1 if layout.first_record else len(columns) == len(layout.positional)
        return wide_enough and not lowered & set(layout.forbidden)
    names = {name.lower() for name in layout.reshape(columns).columns} if layout.reshape else lowered
    return names.issuperset(layout.required) and not names & set(layout.forbidden)


def _missing(layout: Layout, columns: list[str]) -> list[str]:
    present = layout.reshape(columns).columns if layout.reshape else columns
    return [column for column in layout.required if column not in {name.lower() for name in present}]


def _distance(layout: Layout, columns: list[str]) -> tuple[bool, int]:
    """How far a header is from a layout; layouts by account or by position come last."""
    unwanted = {name.lower() for name in columns} & set(layout.forbidden)
    return layout.by_account or bool(layout.positional), len(_missing(layout, columns)) + len(unwanted)


def _why_not(source: Source, header: Header) -> str:
    if not header.text.strip() and not header.columns:
        return EMPTY_FILE

    def names(layout: Layout) -> list[str]:
        return header.split(layout.delimiter or source.delimiter)

    # Of several, the newest; a file that names its columns is not in a layout by position.
    layouts = [layout for layout in source.layouts if not layout.positional] or source.layouts
    possible = [layout for layout in layouts if layout.encoding == header.encoding] or layouts
    nearest = min(possible, key=lambda layout: _distance(layout, names(layout)))
    columns = names(nearest)
    missing = _missing(nearest, columns)
    marked = header.encoding == UTF8 and header.byte_order_mark and not nearest.byte_order_mark
    if nearest.encoding != header.encoding or (marked and not missing):
        found = "UTF-16 big-endian" if header.text.startswith(_UTF16_BE_MARK) else _ENCODINGS[header.encoding]
        found += " with a byte order mark" if marked else ""
        expected = sorted({layout.encoding for layout in possible})
        return f"wrong encoding: the header is {found}, {' or '.join(expected)}{' without one' * marked} is expected"
    if source.wide and not months_of(source, columns):
        missing.append(f"{source.wide}AAAATM")
    unwanted = sorted({name.lower() for name in columns} & set(nearest.forbidden))
    if not missing and unwanted:
        return f"column {', '.join(unwanted)} does not belong to the layout {nearest.name}"
    return f"column {', '.join(missing)[:300]} not found; the header has: {', '.join(columns)[:300]}"
