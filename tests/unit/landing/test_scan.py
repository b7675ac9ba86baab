"""Bytes to records: the worked examples, two independent oracles, and block borders everywhere."""

import csv
import io
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from sf_spark.landing.machine import SPARE
from sf_spark.landing.rejects import badly_framed
from sf_spark.landing.scan import LONGEST_RECORD, NOT_WANTED, is_utf8, raw_text, scan_block
from tests import go_csv


@dataclass(frozen=True)
class Found:
    """A record: its first physical line, its text, its fields, or why it is in error."""

    line: int
    raw: str
    fields: list[str] | None
    errors: tuple[str, ...] = ()


def scan(data: bytes, width: int, lazy: bool, sizes: Iterable[int] = (1 << 40,)) -> list[Found]:
    """The records of a text that comes in blocks of these sizes; the last size goes on."""
    found: list[Found] = []
    sizes, size = iter(sizes), 0
    rest, line, ahead = b"", 1, 0
    while True:
        size = next(sizes, size)
        text, ahead = rest + data[ahead : ahead + size], ahead + size
        at_end = ahead >= len(data)
        block = bytearray(text + bytes(SPARE))
        scanned = scan_block(block, 0, len(text), at_end, line, ";", lazy, np.arange(width))
        columns = [column.to_pylist() for column in scanned.columns]
        some = [
            Found(number, raw_text(block, *span), [column[row] for column in columns])
            for row, (number, span) in enumerate(zip(scanned.lines.tolist(), scanned.spans.tolist(), strict=True))
        ]
        for reject in badly_framed(block, scanned.bad, width).to_dicts():
            codes = tuple(reason["code"] for reason in reject["reasons"])
            some.append(Found(reject["_line"], reject["raw"], None, codes))
        found += sorted(some, key=lambda record: record.line)
        assert scanned.more or scanned.next == len(text)
        rest, line = text[scanned.next :], scanned.line
        if at_end:
            assert not scanned.more
            return found


def expected(text: str, width: int, lazy: bool) -> list[Found]:
    """The records of the oracle; bytes that are not UTF-8 are surrogates."""
    lines, found = go_csv.lines_of(text), []
    for record in go_csv.records(text, ";", lazy):
        raw = "".join(lines[record.first - 1 : record.last - 1]) + lines[record.last - 1].removesuffix("\n")
        errors = ["encoding"] if any("\udc80" <= sign <= "\udcff" for sign in raw) else []
        errors += [record.error] if record.error else []
        errors += ["field_count"] if not record.error and len(record.fields) != width else []
        shown = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        found.append(Found(record.first, shown, None if errors else record.fields, tuple(errors)))
    return found


def outcomes(data: bytes, lazy: bool, width: int = 2) -> list[list[str] | str]:
    return [record.fields or ", ".join(record.errors) for record in scan(data, width, lazy)]


@pytest.mark.parametrize(
    ("record", "strict", "lazy"),
    [
        ("a;b", ["a", "b"], ["a", "b"]),
        ('a;"b;c"', ["a", "b;c"], ["a", "b;c"]),
        ('a;"b""c"', ["a", 'b"c'], ["a", 'b"c']),
        ('a;b"c', "bare_quote", ["a", 'b"c']),
        ('a;"b"c"', "extraneous_quote", ["a", 'b"c']),
        ('a;"b\nc"', ["a", "b\nc"], ["a", "b\nc"]),
        ('a;"b', "unclosed_quote", ["a", "b"]),
        (";", ["", ""], ["", ""]),
        (" a ; b ", [" a ", " b "], [" a ", " b "]),
        ('"";x', ["", "x"], ["", "x"]),
        ('"a""b";x', ['a"b', "x"], ['a"b', "x"]),
        ('"""";x', ['"', "x"], ['"', "x"]),
        ('"a"";""b";x', ['a";"b', "x"], ['a";"b', "x"]),
        ('a;b"', "bare_quote", ["a", 'b"']),
        ('a;"b;c', "unclosed_quote", ["a", "b;c"]),
        ('a;"b"c;d', "extraneous_quote", ["a", 'b"c;d']),
        ('"b\n\nc";d', ["b\n\nc", "d"], ["b\n\nc", "d"]),
        ("a", "field_count", "field_count"),
        ("a;b;c", "field_count", "field_count"),
        ('a"', "bare_quote", "field_count"),  # an error ends the record, so its fields are not counted
    ],
)
def test_worked_examples_as_the_last_record_of_a_file(
    record: str, strict: list[str] | str, lazy: list[str] | str
) -> None:
    for before in ("", "x;y\n", '"x\n";y\r\n'):
        first = [["x\n" if "\n" in before.removesuffix("\n") else "x", "y"]] if before else []
        if '"' in before:
            first = [["x\n", "y"]]
        assert outcomes((before + record).encode(), lazy=False) == [*first, strict]
        assert outcomes((before + record).encode(), lazy=True) == [*first, lazy]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
@pytest.mark.parametrize(
    ("text", "strict", "lazy"),  # first and last line of each record
    [
        ('a;b\n"a";"b"', [(1, 1), (2, 2)], [(1, 1), (2, 2)]),
        ('a;"b\n\nc";d', [(1, 3)], [(1, 3)]),
        ('a;b"c\nd;e', [(1, 1), (2, 2)], [(1, 1), (2, 2)]),
        ('a;"b"c\nd";e', [(1, 1), (2, 2)], [(1, 2)]),  # strict: an error ends the record with its line
        ('a;"b\r\nc"\r\nx;y', [(1, 2), (3, 3)], [(1, 2), (3, 3)]),
        ('"a\nb"x;c\nd;e', [(1, 2), (3, 3)], [(1, 4)]),
        ('"a\nb";"c\nd";e', [(1, 3)], [(1, 3)]),
    ],
)
def test_records_over_several_lines(text: str, strict: list, lazy: list, end: str) -> None:
    data = (text + end).encode()
    for is_lazy, spans in ((False, strict), (True, lazy)):
        found = [(record.line, record.line + record.raw.count("\n")) for record in scan(data, 2, is_lazy)]
        if spans[-1][1] > text.count("\n") + 1:  # never closed: to the end of the file, its last line end included
            spans = [*spans[:-1], (spans[-1][0], (text + end).count("\n") + 1)]
        assert found == spans


def test_a_quote_that_never_closes_takes_the_last_line_end_with_it() -> None:
    (record,) = scan(b'a;"b\nc;d\n', 2, lazy=False)
    assert record == Found(1, 'a;"b\nc;d\n', None, ("unclosed_quote",))
    assert scan(b'a;"b\r\nc;d\r\n', 2, lazy=True)[0].fields == ["a", "b\nc;d\n"]


def test_blank_lines_are_no_records_and_numbers_are_those_of_an_editor() -> None:
    # A lone carriage return is a character of its line; a line of one blank is not blank.
    found = scan(b"\nh\r\n\r\nx\ry\r\n \nlast", 1, lazy=False)
    assert [(r.line, r.raw, r.fields) for r in found] == [
        (2, "h", ["h"]),
        (4, "x\ry", ["x\ry"]),
        (5, " ", [" "]),
        (6, "last", ["last"]),
    ]
    assert scan(b"\n\r\n\n", 1, lazy=True) == scan(b"", 1, lazy=True) == []


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r"])
def test_the_last_line_may_lack_its_end(end: bytes) -> None:
    for lazy in (False, True):
        assert scan(b"a;b\r\nc;d" + end, 2, lazy) == [Found(1, "a;b", ["a", "b"]), Found(2, "c;d", ["c", "d"])]
        assert scan(b'a;"b"' + end, 2, lazy)[0].fields == ["a", "b"]


def _borders(seeded: random.Random) -> Iterator[int]:
    while True:
        yield seeded.randint(1, 40)


ALPHABETS = ('a;"\n', 'a;"\n\r', 'ab;"\n\ré€𝄞', 'a;;;""\n\n\r', 'abcdefghijklmn;"\n')


@pytest.mark.parametrize("lazy", [False, True])
def test_random_texts_agree_with_an_independent_reader_wherever_blocks_end(lazy: bool) -> None:
    seeded = random.Random(11 + lazy)
    several = errors = copied = 0
    for _ in range(2500):
        text = "".join(seeded.choices(seeded.choice(ALPHABETS), k=seeded.randint(0, 70)))
        width = seeded.randint(1, 4)
        wanted = expected(text, width, lazy)
        assert scan(text.encode(), width, lazy, _borders(seeded)) == wanted, text
        assert scan(text.encode(), width, lazy) == wanted, text
        several += sum("\n" in record.raw for record in wanted)
        errors += sum(record.fields is None for record in wanted)
        copied += sum('"' in field for record in wanted for field in record.fields or [])
    assert min(several, errors) > 300 and copied > 60


@pytest.mark.parametrize("lazy", [False, True])
def test_bytes_that_are_no_utf_8_reject_their_record_only(lazy: bool) -> None:
    seeded = random.Random(17 + lazy)
    parts = [b"a", b"bcdefghijk", b";", b'"', b"\n", "é€𝄞".encode(), b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80"]
    undecodable = good = 0
    for _ in range(2000):
        data = b"".join(seeded.choices(parts, weights=[9, 5, 9, 3, 5, 3, 1, 1, 1, 1], k=seeded.randint(1, 25)))
        wanted = expected(data.decode("utf-8", "surrogateescape"), 2, lazy)
        assert scan(data, 2, lazy, _borders(seeded)) == wanted, data
        undecodable += sum("encoding" in record.errors for record in wanted)
        good += sum(record.fields is not None for record in wanted)
    assert min(undecodable, good) > 300


def test_utf_8_is_what_python_decodes() -> None:
    def is_so(data: bytes) -> bool:
        return bool(is_utf8(np.frombuffer(data, np.uint8), 0, len(data)))

    seconds = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    short = [bytes([a, b]) for a in range(256) for b in range(256)]
    long = [bytes([a, b, c, d]) for a in range(0xC0, 256) for b in seconds for c in seconds for d in seconds]
    assert len(short) == 256 * 256 and len(long) == 64 * 10**3
    counts = {True: 0, False: 0}
    for data in (*short, *long, *(text[:3] for text in long)):
        try:
            data.decode()
            wanted = True
        except UnicodeDecodeError:
            wanted = False
        assert is_so(data) == wanted, data
        counts[wanted] += 1
    assert min(counts.values()) > 1000


def test_well_formed_records_agree_with_pythons_csv_reader() -> None:
    seeded = random.Random(7)
    rows = [["".join(seeded.choices('ab;" é\n', k=seeded.randint(0, 20))) for _ in range(3)] for _ in range(400)]
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    for lazy in (False, True):
        found = scan(text.getvalue().encode(), 3, lazy, _borders(seeded))
        assert [record.fields for record in found] == rows


def test_only_wanted_fields_are_returned_in_the_order_asked_for() -> None:
    data = b'a;"b""b";c\nd;e;f\n'
    block = bytearray(data + bytes(SPARE))
    scanned = scan_block(block, 0, len(data), True, 1, ";", False, np.array([1, NOT_WANTED, 0]))
    assert [column.to_pylist() for column in scanned.columns] == [["c", "f"], ["a", "d"]]
    scanned = scan_block(block, 0, len(data), True, 1, ";", False, np.full(3, NOT_WANTED))
    assert (scanned.columns, scanned.lines.tolist()) == ([], [1, 2])


@pytest.mark.parametrize("lazy", [False, True])
def test_records_that_start_at_the_stop_are_left_to_the_next(lazy: bool) -> None:
    seeded = random.Random(23)
    cut = 0
    for _ in range(1500):
        data = "".join(seeded.choices('ab;;"\n\n\r', k=seeded.randint(1, 60))).encode()
        block = bytearray(data + bytes(SPARE))

        def rows(start: int, stop: int, line: int, block: bytearray = block) -> tuple[list, int, int]:
            done = scan_block(block, start, stop, True, line, ";", lazy, np.arange(2))
            good = zip(done.lines.tolist(), done.spans.tolist(), strict=True)
            found = [(number, *span) for number, span in good] + [(n, a, b) for a, b, n, *_ in done.bad.tolist()]
            assert all(start <= begin < stop for _, begin, _ in found)
            return sorted(found), done.next, done.line

        stop = seeded.randint(0, len(data))
        everything, _, _ = rows(0, len(data), 1)
        first, position, line = rows(0, stop, 1)
        assert position >= stop or position == len(data)
        second, _, _ = rows(position, len(data), line)
        assert first + second == everything
        cut += bool(first and second)
    assert cut > 500


@pytest.mark.parametrize("lazy", [False, True])
def test_records_read_again_where_they_stand_are_the_same(lazy: bool) -> None:
    seeded = random.Random(29)
    picked = 0
    for _ in range(1500):
        data = "".join(seeded.choices('ab;;"\n\n\r', k=seeded.randint(1, 80))).encode()
        block = bytearray(data + bytes(SPARE))
        all_of = scan_block(block, 0, len(data), True, 1, ";", lazy, np.arange(2))
        some = np.array(sorted(seeded.sample(range(len(all_of.lines)), len(all_of.lines) // 2)), np.int64)
        again = scan_block(block, 0, len(data), True, 1, ";", lazy, np.arange(2), all_of.spans[some, 0].copy())
        assert again.lines.tolist() == all_of.lines[some].tolist()
        assert again.spans.tolist() == all_of.spans[some].tolist()
        assert len(again.bad) == 0
        for ours, theirs in zip(again.columns, all_of.columns, strict=True):
            assert ours.to_pylist() == [theirs[int(row)].as_py() for row in some]
        picked += len(some)
    assert picked > 500


LINE = "x;" + "y" * 1000


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("sizes", [(1 << 40,), (4 << 20,), (7, 3 << 20)])
def test_a_quote_that_never_closes_does_not_swallow_a_large_file(lazy: bool, end: str, sizes: tuple[int, ...]) -> None:
    many = LONGEST_RECORD // len(LINE) + 10
    text = end.join(["a;b", 'a;"b', *[LINE] * many, 'c;"d', 'e"', ""])
    found = scan(text.encode(), 2, lazy, sizes)
    assert found[1] == Found(2, 'a;"b', None, ("unclosed_quote",))
    assert [record.line for record in found] == [*range(1, many + 4)]
    assert (found[2].fields, found[-1].fields) == (LINE.split(";"), ["c", "d\ne"])
    assert sum(record.fields is None for record in found) == 1


@pytest.mark.parametrize("lazy", [False, True])
def test_a_record_of_almost_the_longest_is_one_and_a_long_line_is_never_too_long(lazy: bool) -> None:
    # The line feed stands at the last byte that a record may have, or one behind it.
    for over in (0, 1):
        field = "y" * (LONGEST_RECORD - len('a;"') - 1 + over)
        found = scan(f'a;"{field}\nz"\nc;d\n'.encode(), 2, lazy)
        assert found[-1].fields == ["c", "d"]
        assert (found[0].fields == ["a", f"{field}\nz"]) == (over == 0)
        assert (found[0].errors == ("unclosed_quote",)) == (over == 1)
        assert [record.line for record in found] == ([1, 3] if over == 0 else [1, 2, 3])
    long = "y" * (LONGEST_RECORD + 5)
    assert scan(f'{long};"{long}"\n'.encode(), 2, lazy)[0].fields == [long, long]
