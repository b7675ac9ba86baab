"""Headers of delivered files: the first non-blank line, and its encoding."""

import codecs
import gzip
import re
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sf_spark.errors import BrokenFileError
from sf_spark.landing.header import Header, doubtful_months, header_columns, months_of, read_header, recognise
from sf_spark.landing.names import packing_of
from sf_spark.sources.contexte import SOURCE as CONTEXTE
from sf_spark.sources.effectif import SOURCE as EFFECTIF
from sf_spark.sources.paydex import SOURCE as PAYDEX


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
    ("text", "near"),
    [("debu", True), ("ddebut", True), ("dbeut", True), ("debuy", True), ("Debut ", True), ("dbut", True)]
    + [("deb", False), ("tubed", False), ("date", False)],
)
def test_a_column_that_nearly_spells_an_absent_one_is_damaged(text: str, near: bool) -> None:
    line = Header(1, f"type;code;drapeau;{text}", "utf-8", False)
    if not near:
        assert recognise(CONTEXTE, line).layout.name == "open"
        return
    with pytest.raises(BrokenFileError, match=f"^column {text} is not known, and nearly spells debut, which is absent"):
        recognise(CONTEXTE, line)
    recognise(CONTEXTE, replace(line, text=f"{line.text};debut"))  # a column of its own


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


def test_of_two_columns_that_name_one_month_the_last_counts() -> None:
    columns = ("siret", "eff202311", "eff202312", "EFF202311", "compte")
    assert months_of(EFFECTIF, columns) == [(2, date(2023, 2, 1)), (3, date(2023, 1, 1))]


def test_a_mark_before_a_text_that_is_no_utf8_counts_as_its_bytes_do(tmp_path: Path) -> None:
    found = header(tmp_path / "a", codecs.BOM_UTF8 + "é;b\r\n1;2".encode("iso-8859-15"))
    # The three bytes of the mark and é take two bytes each once they are UTF-8.
    assert (found.encoding, found.text, found.end) == ("iso-8859-15", "é;b", 3 * 2 + 2 + 4)


SERIES = [f"eff2023{quarter}{month}" for quarter in "1234" for month in "123"]  # January to December


@pytest.mark.parametrize(
    ("place", "written", "in_doubt"),
    [
        *((place, written, [written]) for place in (0, 5, 11) for written in ("eft202312", "eff20231", "eff2o2312")),
        *((place, written, [written]) for place in (0, 5, 11) for written in ("eff202012", "eff209912", "effectif1")),
        (5, "eff202322", ["eff202322"]),  # the month before it, again
        (5, "eff202331", ["eff202331"]),  # the month behind it, again
        (5, "total", ["total"]),
        (5, " eff202323", []),  # a blank is no damage
        (5, "EFF202323", []),
    ],
)
def test_a_column_that_does_not_name_the_expected_month_is_in_doubt(
    place: int, written: str, in_doubt: list[str]
) -> None:
    columns = ["siret", "compte", *SERIES, "base", "UR_EMET"]
    columns[2 + place] = written
    found = recognise(EFFECTIF, Header(1, ";".join(columns), "utf-8", False))
    assert doubtful_months(found)[:1] == in_doubt
    whole = {2 + rank: date(2023, 1 + rank, 1) for rank in range(12)}
    assert dict(found.months) == {rank: month for rank, month in whole.items() if rank != 2 + place or not in_doubt}


def test_months_may_stand_in_reverse_and_a_missing_one_is_seen() -> None:
    def in_doubt(series: list[str]) -> list[str]:
        return doubtful_months(recognise(EFFECTIF, Header(1, ";".join(["siret", "compte", *series]), "utf-8", False)))

    assert in_doubt(SERIES) == in_doubt(SERIES[::-1]) == in_doubt(SERIES[:1]) == []
    assert in_doubt([*SERIES[:3], *SERIES[4:]]) == [SERIES[4]]


def test_two_months_that_were_exchanged_are_not_read() -> None:
    for place in (0, 5, 10):
        series = [*SERIES[:place], SERIES[place + 1], SERIES[place], *SERIES[place + 2 :]]
        found = recognise(EFFECTIF, Header(1, ";".join(["siret", "compte", *series]), "utf-8", False))
        assert [month.month for _, month in found.months] == [m + 1 for m in range(12) if m not in (place, place + 1)]
        assert set(doubtful_months(found)) >= {SERIES[place], SERIES[place + 1]}


SIMPLE = PAYDEX.delimiter.join(PAYDEX.layouts[0].required) + "\n"
RATED = next(layout for layout in PAYDEX.layouts if layout.name == "2023-11")
RATED_HEADER = (RATED.delimiter or PAYDEX.delimiter).join(RATED.required) + "\n"  # with an accent


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            codecs.BOM_UTF8 + SIMPLE.encode(),
            "the header is UTF-8 with a byte order mark, utf-8 without one is expected",
        ),
        (codecs.BOM_UTF16_BE + SIMPLE.encode("utf-16-be"), "the header is UTF-16 big-endian, utf-8 is expected"),
        (codecs.BOM_UTF16_LE + SIMPLE.encode("utf-16-le"), "the header is UTF-16, utf-8 is expected"),
        (RATED_HEADER.encode("latin-1"), "the header is not UTF-8, utf-8 is expected"),
        (codecs.BOM_UTF8, "the file is empty: not even a header"),
        (codecs.BOM_UTF8 + b" \n", "the file is empty: not even a header"),
        (
            RATED_HEADER.replace("date_valeur", "date").encode(),
            "column date_valeur not found; the header has: siren, code_",
        ),
    ],
)
def test_a_header_that_no_layout_fits_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(BrokenFileError, match=re.escape(message)):
        recognise(PAYDEX, header(tmp_path / "a.csv", content))


def test_a_name_may_be_written_with_the_accent_behind_its_letter(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", RATED_HEADER).encode()
    assert len(decomposed) > len(RATED_HEADER.encode())
    found = recognise(PAYDEX, header(tmp_path / "a.csv", decomposed))
    assert (found.layout, found.columns) == (RATED, RATED.required)
