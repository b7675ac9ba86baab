"""Layouts are recognised by the header; a header that fits none says why."""

import codecs
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from sf_spark.errors import BrokenFileError
from sf_spark.landing.header import Header, read_header
from sf_spark.landing.names import packing_of
from sf_spark.landing.recognition import recognise
from sf_spark.sources.contexte import SOURCE as CONTEXTE
from sf_spark.sources.paydex import SOURCE as PAYDEX


def header(path: Path, content: bytes) -> Header:
    path.write_bytes(content)
    return read_header(str(path), path.name, packing_of(path.name))


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
