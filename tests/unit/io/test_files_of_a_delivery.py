"""Batches, headers and encodings of delivered files."""

import codecs
import gzip
from pathlib import Path

import pytest

from sf_spark.errors import BrokenFileError, ConfigurationError
from sf_spark.io.files import (
    Header,
    check_landing,
    check_writable,
    find_batch,
    list_batches,
    list_files,
    read_header,
)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_batches_are_found_in_order_with_their_sub_batches(tmp_path: Path) -> None:
    for name in ("2403", "2402", "2403/2403_01", "2404_01", "2413", "notes", ".2401"):
        (tmp_path / name).mkdir(parents=True)
    assert list_batches(str(tmp_path)) == ["2402", "2403", "2403_01", "2404_01"]
    assert find_batch(str(tmp_path), "2403_01") == tmp_path / "2403" / "2403_01"
    with pytest.raises(
        ConfigurationError, match="batch '2405' is not in .*batches there: 2402, 2403, 2403_01, 2404_01"
    ):
        find_batch(str(tmp_path), "2405")
    with pytest.raises(ConfigurationError, match="'2413' is not a batch name"):
        find_batch(str(tmp_path), "2413")


def test_files_carry_their_checksum_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", b"")
    write(tmp_path / "a.csv", b"abc")
    write(tmp_path / ".c.csv.part", b"abc")
    (tmp_path / "2403_01").mkdir()
    files = list_files(tmp_path, "2403")
    assert [(file.name, file.size) for file in files] == [("a.csv", 3), ("b.csv", 0)]
    assert files[0].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, "abc"


@pytest.mark.parametrize(
    ("content", "line"), [(b"\xc3\xa9;b\r\nx", 1), (b"\n\r\n\xc3\xa9;b\nx", 3), (b"\xc3\xa9;b", 1)]
)
def test_the_header_is_the_first_line_that_is_not_blank(tmp_path: Path, content: bytes, line: int) -> None:
    assert read_header(write(tmp_path / "a.csv", content)) == Header(line, "é;b", "utf-8", False)
    assert read_header(write(tmp_path / "a.csv.gz", gzip.compress(content))) == Header(line, "é;b", "utf-8", False)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\n\n", "empty"),
        ("a.csv.gz", b"a;b\n", "cannot be read"),
        ("a.csv.gz", gzip.compress(b"a;b\n" * 9999)[:12], "cannot be read"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(BrokenFileError, match=message):
        read_header(write(tmp_path / name, content))


def test_the_encoding_is_told_by_the_first_line(tmp_path: Path) -> None:
    assert read_header(write(tmp_path / "a", codecs.BOM_UTF8 + "é;b\r\n1;2".encode())) == Header(
        1, "é;b", "utf-8", True
    )
    wide = codecs.BOM_UTF16_LE + "é;b\r\n1;2".encode("utf-16-le")
    assert read_header(write(tmp_path / "b", wide)) == Header(1, "é;b", "utf-16-le", True)
    assert read_header(write(tmp_path / "c", "é;€".encode("iso-8859-15"))) == Header(1, "é;€", "iso-8859-15", False)


def test_a_folder_that_cannot_be_used_is_named_with_its_key(tmp_path: Path) -> None:
    file = write(tmp_path / "file", b"")
    with pytest.raises(ConfigurationError, match=r"lake '.*file/lake' cannot be written .*--set lake=FOLDER"):
        check_writable("lake", str(file / "lake"))
    with pytest.raises(ConfigurationError, match="landing folder '.*nowhere' does not exist"):
        check_landing(str(tmp_path / "nowhere"))
    check_writable("lake", "s3a://bucket/lake")  # a remote store is Spark's to check
