"""Files cut into ranges: where they begin, on which line, and the proof that they hold each record once."""

import gzip
import random
from pathlib import Path

import pytest

from sf_spark.errors import BrokenFileError
from sf_spark.landing.header import Header, read_header
from sf_spark.landing.names import packing_of
from sf_spark.landing.range_task import RangeTask
from sf_spark.landing.ranges import Range, ranges_of, row_groups_of
from sf_spark.landing.reading import read_range
from sf_spark.landing.recognition import recognise
from sf_spark.sources import source_named

HEADER = "siret,id_da,heures,montants,effectifs,mois,etab_siret\n"


def cut(path: Path, content: bytes, size: int, first: bool = False) -> tuple[Header, list[Range]]:
    path.write_bytes(content)
    packing = packing_of(path.name)
    header = read_header(str(path), path.name, packing)
    return header, ranges_of(str(path), packing, header.encoding, header, first, size)


def test_ranges_begin_behind_the_header_and_know_their_lines(tmp_path: Path) -> None:
    content = b"\nh\n12\n\n45\r\n7"  # the header is the second line, "12" the third
    header, ranges = cut(tmp_path / "a.csv", content, 3)
    assert header.end == 3
    assert ranges == [
        Range(0, 3, 6, 3, True),  # "12\n"
        Range(1, 6, 9, 4, False),  # "\n45"
        Range(2, 9, 12, 5, False),  # "\r\n7"
    ]
    assert cut(tmp_path / "a.csv", content, 100)[1] == [Range(0, 3, 12, 3, True)]
    assert cut(tmp_path / "a.csv", content, 100, first=True)[1] == [Range(0, 1, 12, 2, True)]


@pytest.mark.parametrize("content", [b"h\n", b"h", b"\r\nh\r\n"])
def test_a_header_alone_has_one_range_of_nothing(tmp_path: Path, content: bytes) -> None:
    _, (only,) = cut(tmp_path / "a.csv", content, 7)
    assert (only.begin, only.stop, only.exact) == (len(content), len(content), True)


def test_ranges_of_any_size_cover_the_text_and_count_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sf_spark.landing.ranges._BLOCK", 11)  # blocks end anywhere in a range
    seeded = random.Random(3)
    for number in range(300):
        body = "".join(seeded.choices("ab\n\ré", k=seeded.randint(0, 80))).encode()
        content, size = b"h\n" + body, seeded.randint(1, 30)
        name = seeded.choice(["a.csv", "a.csv.gz"])
        packed = gzip.compress(content) if name.endswith("gz") else content
        _, ranges = cut(tmp_path / f"{number}{name}", packed, size)
        assert [part.rank for part in ranges] == list(range(len(ranges)))
        assert ranges[0].exact and not any(part.exact for part in ranges[1:])
        assert (ranges[0].begin, ranges[-1].stop) == (2, len(content))
        assert all(a.stop == b.begin for a, b in zip(ranges, ranges[1:], strict=False))
        assert all(part.stop - part.begin == size for part in ranges[:-1])
        assert [part.line for part in ranges] == [1 + content[: part.begin].count(b"\n") for part in ranges]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16-le", 3), ("iso-8859-15", 0)])
def test_places_count_bytes_of_utf_8(tmp_path: Path, encoding: str, mark: int) -> None:
    text = "é;b\n€\n"
    content = ("\ufeff" if mark else "").encode("utf-16-le") + text.encode(encoding)
    header, ranges = cut(tmp_path / "a.csv", content, 3)
    assert header.end == mark + 2 + 3
    assert [(part.begin, part.stop, part.line) for part in ranges] == [
        (header.end, header.end + 3, 2),  # the three bytes of the euro sign
        (header.end + 3, header.end + 4, 2),
    ]


def test_a_file_that_cannot_be_read_to_its_end_has_no_ranges(tmp_path: Path) -> None:
    packed = gzip.compress(b"h\n" + bytes(random.Random(3).choices(b"0123456789;\n", k=500_000)))
    with pytest.raises(BrokenFileError, match="cannot be read to its end"):
        cut(tmp_path / "a.csv.gz", packed[:-9], 1000)


def test_row_groups_are_ranges_whose_rows_are_lines_behind_a_header() -> None:
    assert row_groups_of([2, 3]) == [Range(0, 0, 2, 2, True, 0), Range(1, 2, 5, 4, True, 1)]
    assert row_groups_of([]) == [Range(0, 0, 0, 2, True, 0)]


def test_a_range_that_begins_inside_a_quoted_field_is_not_proven(tmp_path: Path) -> None:
    good = "x,a,1,2,3,2020-12-01,01234567800011\n"
    inside = 'x,"a\nb\nc",1,2,3,2020-12-01,01234567800011\n'
    path = tmp_path / "a.csv"
    path.write_text(HEADER + good + inside + good)
    header = read_header(str(path), path.name, "")
    reading = recognise(source_named("apconso"), header)
    start = header.end
    second = start + len(good)
    third = second + len(inside)

    def read(begin: int, stop: int, line: int, exact: bool) -> tuple[int, int, int, int]:
        part = Range(0, begin, stop, line, exact)
        done = read_range(RangeTask(str(path), path.name, "", "utf-8", reading, part))
        return done.first, done.next, done.next_line, done.read

    assert read(start, second + 1, 2, True) == (start, third, 2 + 1 + 3, 2)
    # Behind the first line feed of the field: the line "b" is no record, so this range starts too early.
    begin = second + inside.index("b")
    assert read(begin, third + 1, 4, False)[0] == begin
    # Without a line feed inside it, a range that begins in the middle of a record takes the next one.
    assert read(start + 5, second + 1, 2, False) == (second, third, 3 + 3, 1)
    # One that begins where a record does takes this one, and says on which line it starts.
    assert read(third, third + 1, 6, False) == (third, third + len(good), 7, 1)
