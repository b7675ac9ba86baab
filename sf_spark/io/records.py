r"""Which lines of a file make one record: quoted fields may go on over line ends. Streams, in bounded memory.

Nearly every record is one line, so only the others are named: as ranges of physical line numbers. The rules are those
of Go's ``encoding/csv`` (see :mod:`sf_spark.sources.framing`): a field that starts with ``"`` goes on to its closing
quote, over blank lines too; an error in strict mode ends the record with its line, and reading goes on with the next.

    2  a;"b          lines 2 to 4 are one record
    3
    4  c";d
    5  a;b"c         strict: rejected, alone; lazy: one record
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sf_spark.io.files import blocks_of

LONGEST_RECORD = 10 << 20  # a quote that never closes must not swallow the rest of a large file
Span = tuple[int, int]


@dataclass(frozen=True)
class Quotes:
    """What the quotes of a file do.

    Attributes:
        found: Whether there is one behind the header.
        spans: The records that stand on several lines, as (first line, last line), in order.
    """

    found: bool
    spans: list[Span]


def find_quotes(path: Path, encoding: str, delimiter: str, lazy_quotes: bool, header_line: int) -> Quotes:
    """Look for quotes, and for the records that stand on several lines because of them.

    A field still open where the file ends holds its last line end too: the last line is then the empty one behind it.

    A record that would grow beyond 10 MB is not joined: its first line stands alone, and is rejected there.
    """
    reader = _Reader(delimiter.encode(), lazy_quotes)
    number, text, found = 0, b"", False
    for text in _whole_lines(blocks_of(path, encoding)):
        if not reader.is_open and b'"' not in text:
            number += text.count(b"\n") + (not text.endswith(b"\n"))
            continue
        for line in text.removesuffix(b"\n").split(b"\n"):
            number += 1
            if number > header_line:
                found = found or b'"' in line
                reader.read(number, line)
    reader.end(number + text.endswith(b"\n"))
    return Quotes(found, reader.spans)


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks that end with a line end, the last one apart."""
    rest = b""
    for block in blocks:
        head, end, tail = block.rpartition(b"\n")
        if end:
            yield rest + head + end
            rest = tail
        else:
            rest += tail
    if rest:
        yield rest


class _Reader:
    """The state of the reading: outside of a record, or inside a quoted field of one."""

    def __init__(self, delimiter: bytes, lazy_quotes: bool) -> None:
        self.spans: list[Span] = []
        self._delimiter, self._lazy = delimiter, lazy_quotes
        self._first = 0  # line on which the open record starts; 0: none is open
        self._size = 0
        self._waiting: list[tuple[int, bytes]] = []  # lines of the open record, should it not be joined after all
        mark = re.escape(delimiter)
        plain = rb'[^"%s][^%s]*' if lazy_quotes else rb'[^"%s]+'
        field = b"(?:" + (plain % ((mark,) * plain.count(b"%s"))) + rb'|"(?:[^"]|"")*")?'
        # Most lines with quotes are well-formed: one compiled expression tells.
        self._complete = re.compile(field + b"(?:" + mark + field + rb")*\r?\Z")

    @property
    def is_open(self) -> bool:
        return self._first > 0

    def read(self, number: int, line: bytes) -> None:
        """Take the next line, without its line feed."""
        if not self.is_open:
            if b'"' not in line or self._complete.match(line) or not self._opens(line.removesuffix(b"\r"), 0):
                return
            self._first, self._size, self._waiting = number, 0, []
        elif not self._goes_on(line.removesuffix(b"\r")):
            self.spans.append((self._first, number))
            self._first = 0
            return
        self._size += len(line) + 1
        self._waiting.append((number, line))
        if self._size > LONGEST_RECORD:
            self._give_up()

    def end(self, last: int) -> None:
        """The file ends with this line: so does the open record."""
        if self.is_open and last > self._first:
            self.spans.append((self._first, last))

    def _give_up(self) -> None:
        """Leave the first line alone, and read those after it again as records of their own."""
        self._first = 0
        for number, line in self._waiting[1:]:
            self.read(number, line)

    def _opens(self, line: bytes, start: int) -> bool:
        """True when the record, between two fields at ``start``, leaves one open at the line's end."""
        while True:
            if line[start : start + 1] == b'"':
                after = self._close(line, start + 1)
                if after is None:
                    return True
                if after < 0:
                    return False
                start = after
            else:
                end = line.find(self._delimiter, start)
                field = line[start:] if end < 0 else line[start:end]
                if end < 0 or (not self._lazy and b'"' in field):
                    return False
                start = end + len(self._delimiter)

    def _goes_on(self, line: bytes) -> bool:
        """True when the open field, and so the record, goes on beyond this line too."""
        after = self._close(line, 0)
        return after is None or (after >= 0 and self._opens(line, after))

    def _close(self, line: bytes, start: int) -> int | None:
        """Where the next field starts once the quoted field is closed; None: still open; -1: the record ends here."""
        while True:
            quote = line.find(b'"', start)
            if quote < 0:
                return None
            after = quote + 1
            if line[after : after + 1] == b'"':
                start = after + 1
            elif line.startswith(self._delimiter, after):
                return after + len(self._delimiter)
            elif after == len(line) or not self._lazy:
                return -1
            else:
                start = after
