"""Records that stand on several lines: found as the reference reader finds them, whatever the size of the blocks."""

import random
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.io import files
from sf_spark.io.files import DeliveredFile
from sf_spark.io.lines import numbered_lines
from sf_spark.io.records import LONGEST_RECORD, find_quotes
from sf_spark.sources.framing import frame
from tests.go_csv import records


def spans(path: Path, content: bytes, lazy: bool) -> list[tuple[int, int]]:
    path.write_bytes(content)
    return find_quotes(path, "utf-8", ";", lazy, 1).spans


@pytest.mark.parametrize(
    ("content", "strict", "lazy"),
    [
        (b'h;h\na;b\n"a";"b"\n', [], []),
        (b'h;h\na;"b\n\nc";d\n', [(2, 4)], [(2, 4)]),
        (b'h;h\na;b"c\nd;e\n', [], []),
        (b'h;h\na;"b"c\nd";e\n', [], [(2, 3)]),  # strict: an error ends the record with its line
        (b'h;h\na;"b\r\nc"\r\nx;y\r\n', [(2, 3)], [(2, 3)]),
        (b'h;h\na;"b\nc;d\n', [(2, 4)], [(2, 4)]),  # never closed: to the end of the file, its last line end included
        (b'h;h\na;"b', [], []),
        (b'h;h\n"a\nb"x;c\nd;e\n', [(2, 3)], [(2, 5)]),
        (b'h;h\n"a\nb";"c\nd";e\n', [(2, 4)], [(2, 4)]),
    ],
)
def test_worked_examples(tmp_path: Path, content: bytes, strict: list, lazy: list) -> None:
    assert spans(tmp_path / "a.csv", content, lazy=False) == strict
    assert spans(tmp_path / "a.csv", content, lazy=True) == lazy


@pytest.mark.parametrize(
    ("content", "found"),
    [(b'"h";h\na;b\n', False), (b"h;h\n", False), (b'h;h\na;b\nc;"d"', True), (b'h;h\na;b"c\n', True)],
)
def test_a_quote_behind_the_header_is_seen(tmp_path: Path, content: bytes, found: bool) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert [find_quotes(tmp_path / "a.csv", "utf-8", ";", lazy, 1).found for lazy in (False, True)] == [found, found]


@pytest.mark.parametrize("lazy", [False, True])
def test_random_files_agree_with_a_reader_written_apart(
    tmp_path: Path, lazy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded = random.Random(11)
    monkeypatch.setattr(files, "_BLOCK", 7)  # block ends fall everywhere
    several = 0
    for _ in range(3000):
        body = "".join(seeded.choices('ab;;"""\n\n\r', k=seeded.randint(1, 40)))
        found = spans(tmp_path / "a.csv", b"h;h\n" + body.encode(), lazy)
        read = records(body, ";", lazy)
        assert found == [(r.first + 1, r.last + 1) for r in read if r.last > r.first], body
        several += len(found)
    assert several > 500


@pytest.mark.parametrize("lazy", [False, True])
def test_records_of_random_files_have_the_fields_and_errors_of_that_reader(
    spark: SparkSession, tmp_path: Path, lazy: bool
) -> None:
    seeded = random.Random(13)
    body = "".join(seeded.choices('ab;;"\n\n\r', k=6000))
    path = tmp_path / "a.csv"
    path.write_bytes(b"h;h\n" + body.encode())
    file = DeliveredFile(path, "2403", "", 0)
    found = find_quotes(path, "utf-8", ";", lazy, 1).spans
    lines = numbered_lines(spark, file, 1, spans=found)
    framed = lines.select("_line", frame(F.col("_raw"), ";", lazy).alias("f")).orderBy("_line").collect()
    expected = records(body, ";", lazy)
    assert [row["_line"] for row in framed] == [record.first + 1 for record in expected]
    for row, record in zip(framed, expected, strict=True):
        assert row["f"]["error"] == record.error
        assert record.error or row["f"]["fields"] == record.fields
    assert len(expected) > 300 and any(record.last > record.first for record in expected)


def test_a_quote_that_never_closes_does_not_swallow_a_large_file(tmp_path: Path) -> None:
    line = b"x;" + b"y" * 1000 + b"\n"
    many = LONGEST_RECORD // len(line) + 10
    content = b'h;h\na;"b\n' + line * many + b'c;"d\ne"\n'
    assert spans(tmp_path / "a.csv", content, lazy=False) == [(many + 3, many + 4)]
