"""Headers of delivered files: the first non-blank line, and its encoding."""

import codecs
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sf_spark.errors import BrokenFileError
from sf_spark.landing.header import Header, header_columns, read_header
from sf_spark.landing.names import packing_of


def header(path: Path, content: bytes) -> Header:
    path.write_bytes(content)
    return read_header(str(path), path.name, packing_of(path.name))


@pytest.mark.parametrize(
    ("content", "line", "start", "end"),
    [
        (b"\xc3\xa9;b\r\nx", 1, 0, 4 + 2),
        (b"\n\r\n\xc3\xa9;b\nx", 3, 1 + 2, 3 + 4 + 1),
        (b"\xc3\xa9;b", 1, 0, 4),
    ],
)
def test_the_header_is_the_first_line_that_is_not_blank(
    tmp_path: Path, content: bytes, line: int, start: int, end: int
) -> None:
    wanted = Header(line, "é;b", "utf-8", False, start, end)
    assert header(tmp_path / "a.csv", content) == wanted
    assert header(tmp_path / "a.csv.gz", gzip.compress(content)) == wanted


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\n\n", "empty"),
        ("a.csv.gz", gzip.compress(b"\r\n"), "empty"),
        ("a.csv.gz", b"a;b\n", "named as gzip, but it holds plain text"),
        ("a.csv.gz", gzip.compress(b"a;b\n" * 9999)[:12], "cannot be read"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(BrokenFileError, match=message):
        header(tmp_path / name, content)


def test_the_first_line_gives_the_encoding(tmp_path: Path) -> None:
    # Places count bytes of UTF-8: a mark has three, é two, € three.
    marked = header(tmp_path / "a", codecs.BOM_UTF8 + "é;b\r\n1;2".encode())
    assert marked == Header(1, "é;b", "utf-8", True, 0, 3 + 4 + 2)
    wide = header(tmp_path / "b", codecs.BOM_UTF16_LE + "é;b\r\n1;2".encode("utf-16-le"))
    assert wide == Header(1, "é;b", "utf-16-le", True, 0, 3 + 4 + 2)
    latin = header(tmp_path / "c", "\né;€\r\n1".encode("iso-8859-15"))
    assert latin == Header(2, "é;€", "iso-8859-15", False, 1, 1 + 2 + 1 + 3 + 2)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a;b", ["a", "b"]),
        ('"a";"b;c"', ["a", "b;c"]),
        ('"a;b";"c;d";e', ["a;b", "c;d", "e"]),
        ('a"b;c', ['a"b', "c"]),
        ('"a""b"', ['a"b']),
        (";", ["", ""]),
        ('"a;b', ["a;b"]),
    ],
)
def test_a_stray_quote_is_a_character_of_a_name(text: str, columns: list[str]) -> None:
    assert header_columns(text, ";") == columns


def test_a_header_longer_than_a_block_is_whole(tmp_path: Path) -> None:
    names = ";".join(f"column {n}" for n in range(20_000))
    found = header(tmp_path / "a.csv", (names + "\r\n1\n").encode())
    assert (found.text, found.end) == (names, len(names) + 2)


def test_parquet_with_two_columns_of_one_name_says_which(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["1"])] * 3, names=["Siret", "Dt_effet", "Siret"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(BrokenFileError, match="^several columns of one name: Siret$"):
        read_header(str(tmp_path / "a.parquet"), "a.parquet", "parquet")


def test_a_mark_before_a_text_that_is_no_utf8_counts_as_its_bytes_do(tmp_path: Path) -> None:
    found = header(tmp_path / "a", codecs.BOM_UTF8 + "é;b\r\n1;2".encode("iso-8859-15"))
    # The three bytes of the mark and é take two bytes each once they are UTF-8.
    assert (found.encoding, found.text, found.end) == ("iso-8859-15", "é;b", 3 * 2 + 2 + 4)
