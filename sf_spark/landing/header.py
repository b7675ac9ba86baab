"""The header of a delivered file: its text, its encoding, and where the records begin."""

import codecs
import unicodedata
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from sf_spark.errors import BrokenFileError
from sf_spark.lake.storage import open_bytes
from sf_spark.landing.machine import SPARE
from sf_spark.landing.names import Packing
from sf_spark.landing.opening import TextStream, check_packing, encoding_of, first_bytes, reading
from sf_spark.landing.scan import scan_block
from sf_spark.landing.source import LATIN9, UTF8

EMPTY_FILE = "the file is empty: not even a header"

_BLOCK = 1 << 16
_LONGEST_HEADER = 1 << 24


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
    mark = text.startswith(codecs.BOM_UTF8)
    text = text.removeprefix(codecs.BOM_UTF8)
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
            raise BrokenFileError(EMPTY_FILE)


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
