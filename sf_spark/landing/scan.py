r"""Frame the records of a block of bytes: one compiled pass that applies the partners' CSV rules exactly.

The rules are those of Go's ``encoding/csv``, because its counts are the reference:

- The header fixes the number of fields.
- With strict quotes a ``"`` inside an unquoted field rejects the record; with lazy quotes it is a character.
- A quoted field may hold the delimiter and line ends.
- An error ends its record with the line, and reading goes on.

    record (;)    strict                    lazy
    a;b           [a, b]                    [a, b]
    a;"b;c"       [a, b;c]                  [a, b;c]
    a;"b""c"      [a, b"c]                  [a, b"c]
    a;b"c         error bare_quote          [a, b"c]
    a;"b"c"       error extraneous_quote    [a, b"c]
    a;"b⏎c"       [a, b⏎c]                  [a, b⏎c]
    a;"b (last)   error unclosed_quote      [a, b]

Only ``\n`` and ``\r\n`` end a line; blank lines are no records. A quote that is still open after ``LONGEST_RECORD``
bytes does not swallow the rest of a large file: its first line is rejected (``unclosed_quote``), strict or lazy, and
reading goes on with the second.

Fields become 16-byte Arrow string views into the block: nothing is copied, except fields that hold ``""`` or ``\r\n``.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sf_spark.landing.machine import HIGH, LOW, SPARE, inlined, jit, load32, load64, trailing_zeros, zero_bytes

BARE, EXTRANEOUS, UNCLOSED, COUNT, ENCODING, CUT = 1, 2, 4, 8, 16, 32
LONGEST_RECORD = 10 << 20
NOT_WANTED = -1

_QUOTE, _FEED, _RETURN = np.uint8(34), np.uint8(10), np.uint8(13)
_FEEDS, _QUOTES, _RETURNS = np.uint64(10) * LOW, np.uint64(34) * LOW, np.uint64(13) * LOW


@dataclass(frozen=True)
class Scanned:
    """The records of a block.

    Attributes:
        next: Where the next record starts: the end of the block, or the start of a record that the block cuts.
        line: Number of the physical line at ``next``.
        more: Whether the last record continues after the block.
        lines: Number of the first physical line of each well-framed record.
        spans: Text of each of them, as (start, end) in the block, without the line end.
        bad: For each other record: start, end, line, reasons (bits), number of fields.
        columns: The wanted fields of the well-framed records, as string views.
        fields: Number of fields of a well-framed record.
    """

    next: int
    line: int
    more: bool
    lines: np.ndarray
    spans: np.ndarray
    bad: np.ndarray
    columns: list[pa.Array]
    fields: int


def scan_block(
    block: bytearray,
    start: int,
    stop: int,
    at_end: bool,
    line: int,
    delimiter: str,
    lazy: bool,
    wanted: np.ndarray,
    picks: np.ndarray | None = None,
) -> Scanned:
    """Frame the records that start in ``[start, stop)``.

    Args:
        block: The bytes, and ``SPARE`` more behind them.
        start: Where the first record starts.
        stop: Records that start here or later are left alone.
        at_end: Whether the file ends with the block.
        line: Number of the physical line at ``start``.
        delimiter: One ASCII character.
        lazy: Whether a stray quote is a character.
        wanted: For each field of a record, its place among the columns to return, or ``NOT_WANTED``.
        picks: Starts of the records asked for, in order; None: all of them.
    """
    most = block.count(b"\n", start, stop) + 1 if picks is None else len(picks)
    views = np.empty((int(max(wanted.max(initial=NOT_WANTED) + 1, 0)), most, 2), np.uint64)
    lines, spans, bad = np.empty(most, np.int64), np.empty((most, 2), np.int64), np.empty((most, 5), np.int64)
    side = np.empty(len(block) if block.find(b'"', start) >= 0 else SPARE, np.uint8)
    text = np.frombuffer(block, np.uint8)
    position, rows, n_bad, next_line, used, more = _scan(
        *(text, np.uint64(text.ctypes.data), start, stop, len(block) - SPARE, at_end, line),
        *(np.uint8(ord(delimiter)), lazy, wanted, views, lines, spans, bad),
        *(side, np.uint64(side.ctypes.data)),
        *(picks if picks is not None else np.empty(0, np.int64), picks is not None),
    )
    buffers = [pa.py_buffer(block), pa.py_buffer(side[: max(used, 1)])]
    columns = [
        pa.Array.from_buffers(pa.string_view(), rows, [None, pa.py_buffer(column[:rows]), *buffers]) for column in views
    ]
    return Scanned(position, next_line, more, lines[:rows], spans[:rows], bad[:n_bad], columns, len(wanted))


def raw_text(block: bytes | bytearray, start: int, end: int) -> str:
    """The text of a record: its lines joined by line feeds; a byte that is no UTF-8 shows as U+FFFD."""
    return bytes(block[start:end]).replace(b"\r\n", b"\n").decode("utf-8", "replace")


@jit
def is_utf8(text, start, end):  # type: ignore[no-untyped-def]
    """Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7)."""
    i = start
    while i < end:
        c = text[i]
        if c < 0x80:
            i += 1
            continue
        if 0xC2 <= c <= 0xDF:
            following, low, high = 1, 0x80, 0xBF
        elif 0xE0 <= c <= 0xEF:
            following, low, high = 2, (0xA0 if c == 0xE0 else 0x80), (0x9F if c == 0xED else 0xBF)
        elif 0xF0 <= c <= 0xF4:
            following, low, high = 3, (0x90 if c == 0xF0 else 0x80), (0x8F if c == 0xF4 else 0xBF)
        else:
            return False
        if i + following >= end or text[i + 1] < low or text[i + 1] > high:
            return False
        for k in range(2, following + 1):
            if text[i + k] < 0x80 or text[i + k] > 0xBF:
                return False
        i += following + 1
    return True


@inlined
def _put_view(views, column, row, source, address, offset, size):  # type: ignore[no-untyped-def]
    """Write one string view: the text itself up to 12 bytes, else its first 4, the buffer's number and the offset."""
    at = address + np.uint64(offset)
    head = load32(at)
    if size <= 12:
        tail = load64(at + np.uint64(4))
        if size < 4:
            head &= (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)
        if size <= 4:
            tail = np.uint64(0)
        elif size < 12:
            tail &= (np.uint64(1) << np.uint64(8 * (size - 4))) - np.uint64(1)
        views[column, row, 1] = tail
    else:
        views[column, row, 1] = np.uint64(source) | np.uint64(offset) << np.uint64(32)
    views[column, row, 0] = np.uint64(size) | head << np.uint64(32)


@jit
def _line_end(text, i, size):  # type: ignore[no-untyped-def]
    """The position of the first line feed at or after i; size where there is none."""
    while i < size and text[i] != _FEED:
        i += 1
    return i


@jit
def _frame(text, address, first, size, at_end, delimiter, lazy, wanted, views, row, side, side_address, used):  # type: ignore[no-untyped-def]
    """Frame the record that starts at ``first``, writing its wanted fields as views of this row.

    Returns, in this order:

    - where the next record starts, and where the text of this one ends;
    - its number of line feeds, its reasons (bits), its number of fields;
    - how far the side buffer is filled;
    - the union of its bytes: a high bit says that one of them is not ASCII;
    - whether bytes behind the block are needed.
    """
    marks = np.uint64(delimiter) * LOW
    width = wanted.shape[0]
    i, fields, bits, feeds = first, 0, 0, 0
    seen = np.uint64(0)
    while True:
        if i < size and text[i] == _QUOTE:
            i += 1
            start, target, copied = i, used, False
            ends = 0  # 1: with a delimiter, 2: with the line, 3: with the file, 4: in error
            while ends == 0:
                if not copied:
                    while i + 8 <= size:
                        word = load64(address + np.uint64(i))
                        hit = zero_bytes(word ^ _QUOTES) | zero_bytes(word ^ _FEEDS) | zero_bytes(word ^ _RETURNS)
                        if hit:
                            bytes_before = trailing_zeros(hit) & np.uint64(56)
                            seen |= word & ((np.uint64(1) << bytes_before) - np.uint64(1))
                            i += np.int64(bytes_before >> np.uint64(3))
                            break
                        seen |= word
                        i += 8
                if i >= size:
                    if not at_end:
                        return first, first, 0, 0, 0, used, seen, True
                    if not lazy:
                        bits |= UNCLOSED
                    ends = 3
                    break
                c = text[i]
                seen |= np.uint64(c)
                if c == _QUOTE:
                    if i + 1 >= size and not at_end:
                        return first, first, 0, 0, 0, used, seen, True
                    if i + 1 < size and text[i + 1] == _QUOTE:
                        if not copied:
                            copied = True
                            for k in range(start, i):
                                side[used] = text[k]
                                used += 1
                        side[used] = _QUOTE
                        used += 1
                        i += 2
                        continue
                    if i + 1 < size and text[i + 1] == delimiter:
                        ends = 1
                        break
                    e = i + 1
                    if e < size and text[e] == _RETURN:
                        if e + 1 >= size and not at_end:
                            return first, first, 0, 0, 0, used, seen, True
                        if e + 1 >= size or text[e + 1] == _FEED:
                            e += 1
                    if e >= size or text[e] == _FEED:
                        ends = 2
                        break
                    if lazy:
                        if copied:
                            side[used] = _QUOTE
                            used += 1
                        i += 1
                        continue
                    bits |= EXTRANEOUS
                    ends = 4
                    break
                if c == _FEED:
                    feeds += 1
                    if i - first >= LONGEST_RECORD:
                        i = _line_end(text, first, size)
                        end = i - 1 if i > first and text[i - 1] == _RETURN else i
                        return i + 1, end, 1, UNCLOSED, 0, used, HIGH, False
                elif c == _RETURN and (text[i + 1] == _FEED if i + 1 < size else at_end):
                    if not copied:
                        copied = True
                        for k in range(start, i):
                            side[used] = text[k]
                            used += 1
                    i += 1
                    continue
                elif c == _RETURN and i + 1 >= size:
                    return first, first, 0, 0, 0, used, seen, True
                if copied:
                    side[used] = c
                    used += 1
                i += 1
            if bits == 0:
                if fields < width and wanted[fields] >= 0:
                    if copied:
                        _put_view(views, wanted[fields], row, 1, side_address, target, used - target)
                    else:
                        _put_view(views, wanted[fields], row, 0, address, start, i - start)
                fields += 1
            if ends == 1:
                i += 2
                continue
            if ends == 3:
                end = size - 1 if text[size - 1] == _RETURN else size
                return size, end, feeds, bits, fields, used, seen, False
            if ends == 2:
                i += 1
        else:
            start, quoted, delimited = i, False, False
            while i + 8 <= size:
                word = load64(address + np.uint64(i))
                hit = zero_bytes(word ^ marks) | zero_bytes(word ^ _FEEDS)
                if hit:
                    bytes_before = trailing_zeros(hit) & np.uint64(56)
                    word &= (np.uint64(1) << bytes_before) - np.uint64(1)
                    i += np.int64(bytes_before >> np.uint64(3))
                    seen |= word
                    quoted |= zero_bytes(word ^ _QUOTES) != 0
                    break
                seen |= word
                quoted |= zero_bytes(word ^ _QUOTES) != 0
                i += 8
            else:
                while i < size and text[i] != delimiter and text[i] != _FEED:
                    seen |= np.uint64(text[i])
                    quoted |= text[i] == _QUOTE
                    i += 1
            if i >= size and not at_end:
                return first, first, 0, 0, 0, used, seen, True
            delimited = i < size and text[i] == delimiter
            if quoted and not lazy:
                bits |= BARE
            else:
                end = i
                if not delimited and end > start and text[end - 1] == _RETURN:
                    end -= 1
                if fields < width and wanted[fields] >= 0:
                    _put_view(views, wanted[fields], row, 0, address, start, end - start)
                fields += 1
                if delimited:
                    i += 1
                    continue
        # The record ends with its line.
        rest = i
        i = _line_end(text, i, size)
        for k in range(rest, i):
            seen |= np.uint64(text[k])
        if i >= size and not at_end:
            return first, first, 0, 0, 0, used, seen, True
        end = i - 1 if i > first and text[i - 1] == _RETURN else i
        feeds += i < size
        return min(i + 1, size), end, feeds, bits, fields, used, seen, False


@jit
def _feeds(text, start, end):  # type: ignore[no-untyped-def]
    found = 0
    for k in range(start, end):
        found += text[k] == _FEED
    return found


@jit
def _scan(  # type: ignore[no-untyped-def]
    text, address, position, stop, size, at_end, line, delimiter, lazy, wanted, views, lines, spans, bad, side,
    side_address, picks, picking,
):  # fmt: skip
    """See :func:`scan_block`."""
    row = n_bad = used = picked = 0
    more = False
    while position < stop:
        if picking:
            target = picks[picked] if picked < len(picks) else stop
            line += _feeds(text, position, min(target, size))
            position = target
            if picked == len(picks):
                break
            picked += 1
        after, end, feeds, bits, fields, filled, seen, more = _frame(
            text, address, position, size, at_end, delimiter, lazy, wanted, views, row, side, side_address, used
        )
        if more:
            break
        if end > position or bits:
            if seen & HIGH and not is_utf8(text, position, end):
                bits |= ENCODING
            if bits & (BARE | EXTRANEOUS | UNCLOSED) == 0 and fields != wanted.shape[0]:
                bits |= COUNT
            if bits:
                bad[n_bad, 0], bad[n_bad, 1], bad[n_bad, 2] = position, end, line
                bad[n_bad, 3], bad[n_bad, 4] = bits, fields
                n_bad += 1
            else:
                lines[row], spans[row, 0], spans[row, 1] = line, position, end
                row += 1
                used = filled
        line += feeds
        position = after
    return position, row, n_bad, line, used, more
