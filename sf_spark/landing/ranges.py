"""Cut a delivered file into byte ranges, and prove that the ranges hold each record once.

A range holds the records that *start* in it. Only the first one knows where its first record starts; the others take
the line after their first line feed, which is wrong if that one is inside a quoted field. Each range also reports where
the record after its last one starts, so each range proves the next:

    range    first record at    next record at
    0        20                 1000               proven: it starts behind the header
    1        1000               2000               proven: it starts where range 0 ends
    2        1990               3000               not proven: read again from 2000

Positions count bytes of UTF-8, after unpacking and decoding.
"""

from dataclasses import dataclass

from sf_spark.landing.header import Header
from sf_spark.landing.names import Packing
from sf_spark.landing.opening import TextStream, reading

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Range:
    """Some consecutive records of a file.

    Attributes:
        rank: Its place among the ranges of the file.
        begin: Records that start here or later belong to it ...
        stop: ... those that start here or later do not.
        line: Number of the physical line that holds ``begin``.
        exact: Whether a record starts at ``begin``.
        row_group: Rank of the row group in a Parquet file.
    """

    rank: int
    begin: int
    stop: int
    line: int
    exact: bool
    row_group: int = -1


def ranges_of(uri: str, packing: Packing, encoding: str, header: Header, first: bool, size: int) -> list[Range]:
    """Cut the text of a file behind its header into ranges of about ``size`` bytes.

    Args:
        uri: URI of the file.
        packing: Packing of the file.
        encoding: Encoding of its text.
        header: Header of the file.
        first: Whether the header is itself a record.
        size: Size of a range.

    Raises:
        BrokenFileError: When the file cannot be read to its end.
    """
    start = header.start if first else header.end
    line = header.line if first else header.line + 1
    with reading():
        feeds, length = _line_feeds(uri, packing, encoding, start, size)
    found, begin = [], start
    for rank, count in enumerate(feeds):
        stop = min(start + (rank + 1) * size, length)
        found.append(Range(rank, begin, stop, line, rank == 0))
        begin, line = stop, line + count
    return found or [Range(0, start, start, line, True)]


def row_groups_of(rows: list[int]) -> list[Range]:
    """The ranges of a Parquet file: its row groups; positions are ranks of rows. A row is a line after a header."""
    found, begin = [], 0
    for rank, count in enumerate(rows or [0]):
        found.append(Range(rank, begin, begin + count, begin + 2, True, rank))
        begin += count
    return found


def _line_feeds(uri: str, packing: Packing, encoding: str, start: int, size: int) -> tuple[list[int], int]:
    """How many line feeds each range holds, and the length of the text."""
    feeds: list[int] = []
    position = start
    with TextStream(uri, packing, encoding) as stream:
        stream.skip(start)
        while block := stream.read(_BLOCK):
            while block:
                if position == start + len(feeds) * size:
                    feeds.append(0)
                inside = block[: start + len(feeds) * size - position]
                feeds[-1] += inside.count(b"\n")
                position, block = position + len(inside), block[len(inside) :]
    return feeds, position
