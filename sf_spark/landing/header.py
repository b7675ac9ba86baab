"""The header of a delivered file, which gives the encoding, the layout, and where the records begin."""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow.parquet as pq

from sf_spark.errors import BrokenFileError
from sf_spark.lake.storage import open_bytes
from sf_spark.landing.dates import period_of_header
from sf_spark.landing.machine import SPARE
from sf_spark.landing.names import Packing
from sf_spark.landing.opening import TextStream, check_packing, encoding_of, first_bytes, reading
from sf_spark.landing.scan import scan_block
from sf_spark.landing.source import LATIN9, UTF8, UTF16, Layout, Source

_BLOCK = 1 << 16
_LONGEST_HEADER = 1 << 24
_EMPTY = "the file is empty: not even a header"
_UTF16_BE_MARK = codecs.BOM_UTF16_BE.decode(LATIN9)
_ENCODINGS = {UTF16: "UTF-16", LATIN9: "not UTF-8", UTF8: "UTF-8"}
_UTF8_MARK = b"\xef\xbb\xbf"
_NUMBERS = {"siren", "siret"}  # two different columns, one letter apart
_A_YEAR = re.compile("[12][0-9]{3}")
_FEWEST_STEPS = 3  # from a column to the next; fewer do not make a series
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Header:
    """The first non-blank line of a delimited file.

    Attributes:
        line: Its physical number, 1 for the first line.
        text: Without line end and byte order mark.
        encoding: ``utf-8``, ``utf-16-le``, or ``iso-8859-15`` where it is neither.
        byte_order_mark: Whether the file starts with one.
        start: Where the line starts, in bytes of UTF-8 from the beginning of the text.
        end: Where the next line starts.
        columns: Column names of a Parquet file; empty for text.
    """

    line: int
    text: str
    encoding: str
    byte_order_mark: bool
    start: int = 0
    end: int = 0
    columns: tuple[str, ...] = ()

    def split(self, delimiter: str) -> list[str]:
        """The column names, as written."""
        composed = unicodedata.normalize("NFC", self.text)  # some systems write é as e and a combining accent
        return list(self.columns) or header_columns(composed, delimiter)


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


def doubtful_months(found: Reading) -> list[str]:
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
    source, columns = found.source, found.columns
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


def read_header(uri: str, name: str, packing: Packing) -> Header:
    """Read the header of a file, and detect its encoding.

    Raises:
        BrokenFileError: When the file is empty, cannot be unpacked, or its name says another packing than its content.
    """
    with reading():
        check_packing(name, first_bytes(uri))
        if packing == "parquet":
            with open_bytes(uri) as file:
                names = pq.read_schema(file).names
            twice = sorted({column for column in names if names.count(column) > 1})
            if twice:  # Parquet finds columns by name: two of one name are ambiguous
                raise BrokenFileError(f"several columns of one name: {', '.join(twice)[:300]}")
            return Header(1, "", UTF8, False, columns=tuple(names))
        with TextStream(uri, packing) as stream:
            encoding = encoding_of(stream.read(4))
        with TextStream(uri, packing, encoding) as stream:
            number, start, line = _first_line(stream)
    text = line.rstrip(b"\n").removesuffix(b"\r")
    mark = text.startswith(_UTF8_MARK)
    text = text.removeprefix(_UTF8_MARK)
    try:
        return Header(number, text.decode("utf-8"), encoding, mark, start, start + len(line))
    except UnicodeDecodeError:
        # The bytes of a Latin-9 text are counted as what they become in UTF-8.
        decoded = text.decode(LATIN9)
        end = start + len(line.decode(LATIN9).encode("utf-8"))  # a mark, too, becomes other bytes
        return Header(number, decoded, LATIN9, False, start, end)


def _first_line(stream: TextStream) -> tuple[int, int, bytes]:
    """Number, start and bytes of the first line that is not blank, its end included."""
    number, start, text = 0, 0, b""
    while True:
        block = stream.read(_BLOCK)
        text += block
        while (end := text.find(b"\n") + 1) or (text and not block) or len(text) > _LONGEST_HEADER:
            line = text[:end] if end else text
            number += 1
            if line.strip(b"\r\n"):
                return number, start, line
            start, text = start + len(line), text[len(line) :]
        if not block:
            raise BrokenFileError(_EMPTY)


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
        if column.lower() in names | _NUMBERS:
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


def header_columns(header: str, delimiter: str) -> list[str]:
    """The column names of a header line, as written; a stray quote is a character of a name."""
    line = header.encode("utf-8")
    block = bytearray(line + bytes(SPARE))
    width = header.count(delimiter) + 1
    for _ in range(2):  # a quoted name may hold the delimiter: the first try then gives the number of columns
        scanned = scan_block(block, 0, len(line), True, 1, delimiter, True, np.arange(width))
        if len(scanned.lines):
            return [column[0].as_py() for column in scanned.columns]
        width = int(scanned.bad[0, 4]) if len(scanned.bad) else 0
    return []


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
        return _EMPTY

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
