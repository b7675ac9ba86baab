"""Packed files: read from any position, or refused in one line."""

import codecs
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sf_spark.errors import BrokenFileError
from sf_spark.landing.header import read_header
from sf_spark.landing.names import Packing, packing_of, plain_name, unfinished
from sf_spark.landing.opening import Text, TextStream, check_packing, encoding_of, reading, unpacked
from sf_spark.landing.source import LATIN9, UTF8, UTF16

GZIP, PARQUET = gzip.compress(b"a;b\n"), b"PAR1"


def zipped(**members: bytes) -> bytes:
    """An archive; ``__`` in a name stands for a folder's sign."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


ZIP = zipped(a=b"a;b\n")


@pytest.mark.parametrize(
    ("name", "first", "message"),
    [
        ("a.csv", b"a;b\n", ""),
        ("a.csv.gz", GZIP, ""),
        ("A.CSV.GZ", GZIP, ""),
        ("a.zip", ZIP, ""),
        ("a.csv.Zip", ZIP, ""),
        ("a.parquet", PARQUET, ""),
        ("a.csv", b"", ""),  # reported elsewhere: empty
        ("a.csv.gz", b"", ""),
        ("a.csv", GZIP, r"packed \(gzip\) under a name that does not say so: call it a.csv.gz"),
        ("a.csv", ZIP, r"packed \(zip\) .*: call it a.csv.zip"),
        ("a.csv", zipped(), r"packed \(zip\) .*: call it a.csv.zip"),
        ("a.csv", PARQUET, r"packed \(parquet\) .*: call it a.csv.parquet"),
        ("a.csv.gz", b"a;b\n", "named as gzip, but it holds plain text"),
        ("a.csv.gz", ZIP, "named as gzip, but it holds a zip file"),
        ("a.zip", GZIP, "named as zip, but it holds a gzip file"),
        ("a.PARQUET", b"a;b\n", "named as parquet, but it holds plain text"),
    ],
)
def test_a_name_that_says_another_packing_than_the_content_is_refused(name: str, first: bytes, message: str) -> None:
    if not message:
        check_packing(name, first[:4])
        return
    with pytest.raises(BrokenFileError, match=message):
        check_packing(name, first[:4])


@pytest.mark.parametrize(
    ("name", "packing", "plain"),
    [
        ("a.csv", "", "a.csv"),
        ("a.csv.gz", "gzip", "a.csv"),
        ("A.CSV.GZ", "gzip", "A.CSV"),
        ("a.txt.gz", "gzip", "a.txt"),
        ("a.zip", "zip", "a.csv"),
        ("a.csv.ZIP", "zip", "a.csv"),
        ("a.Parquet", "parquet", "a.csv"),
        ("a.csv.parquet", "parquet", "a.csv"),
        ("gz", "", "gz"),
        (".gz", "gzip", ".gz"),
    ],
)
def test_what_a_name_says(name: str, packing: str, plain: str) -> None:
    assert (packing_of(name), plain_name(name)) == (packing, plain)


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        *(("a.csv.part", True), ("a.csv.PART", True), ("a.gz.partial", True), ("a.csv.filepart", True)),
        *(("a.csv.crdownload", True), ("a.tmp", True), ("a.part.csv", False), ("part", False), ("a.csv", False)),
    ],
)
def test_the_name_of_a_file_that_is_not_whole(name: str, is_so: bool) -> None:
    assert unfinished(name) is is_so


def whole(path: Path, content: bytes) -> bytes:
    """The text of a file, as it is read."""
    path.write_bytes(content)
    with reading(), TextStream(str(path), packing_of(path.name)) as stream:
        return b"".join(iter(lambda: stream.read(10), b""))


def test_the_only_file_of_an_archive_is_read_whatever_folders_stand_beside_it(tmp_path: Path) -> None:
    members = {"folder__": b"", "folder__a.csv": b"a;b\n1;2\n", "__MACOSX__a": b"x"}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (("folder/", b""), ("folder/a.csv", members["folder__a.csv"]), ("__MACOSX/._a", b"x")):
            archive.writestr(name, content)
    assert whole(tmp_path / "a.zip", file.getvalue()) == b"a;b\n1;2\n"


def _needs_a_password(archive: bytes) -> bytes:
    locked = bytearray(archive)
    locked[6] |= 1
    locked[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(locked)


def _with_a_changed_byte(archive: bytes) -> bytes:
    changed = bytearray(archive)
    changed[archive.index(b"PK\x01\x02") - 5] ^= 0xFF
    return bytes(changed)


LONG = bytes(random.Random(3).choices(b"0123456789;\n", k=50_000))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", zipped(a=b"x", b=b"y"), r"one file is expected in the archive, it holds 2 \(a, b\)"),
        ("a.zip", zipped(), r"it holds 0 \(none\)"),
        ("a.zip", zipped(folder__=b""), r"it holds 0 \(none\)"),
        ("a.zip", ZIP[:-30], "cannot be read to its end"),
        ("a.zip", _needs_a_password(ZIP), "cannot be read to its end: .*(password|encrypted)"),
        ("a.zip", _with_a_changed_byte(zipped(a=LONG)), "cannot be read to its end"),
        ("a.gz", gzip.compress(LONG)[:-100], "cannot be read to its end"),
        ("a.gz", gzip.compress(LONG)[:-4], "cannot be read to its end"),  # only its length is missing
        ("a.gz", gzip.compress(LONG)[:-8] + bytes(8), "cannot be read to its end"),
        ("a.gz", gzip.compress(LONG) + b"more", "cannot be read to its end"),
    ],
)
def test_an_archive_that_cannot_be_read_to_its_end_is_said_in_one_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(BrokenFileError, match=message) as raised:
        whole(tmp_path / name, content)
    assert "\n" not in str(raised.value)


def test_gzip_files_one_behind_the_other_are_one_text(tmp_path: Path) -> None:
    assert whole(tmp_path / "a.gz", gzip.compress(b"a;b\n") + gzip.compress(b"1;2\n")) == b"a;b\n1;2\n"


def test_a_parquet_file_names_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"siren": ["012345678"], "nom;1": ["x"]}), path)
    assert read_header(str(path), path.name, "parquet").split(";") == ["siren", "nom;1"]


TEXT = "".join(random.Random(5).choices("ab;é€𝄞\r\n", k=3000))
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "a.csv": bytes,
    "a.csv.gz": gzip.compress,
    "a.zip": lambda b: zipped(a=b),
}


@pytest.mark.parametrize("name", PACKINGS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "iso-8859-15"])
def test_a_text_is_read_from_any_place_as_utf_8(
    tmp_path: Path, name: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TEXT if encoding != "iso-8859-15" else TEXT.replace("𝄞", "Ž")
    wanted, path = text.encode(), tmp_path / name
    path.write_bytes(PACKINGS[name](text.encode(encoding)))
    seeded = random.Random(7)
    monkeypatch.setattr("sf_spark.landing.opening._BLOCK", 101)  # what is skipped ends anywhere in a block
    for _ in range(60):
        start = seeded.randint(0, len(wanted) + 5)
        with TextStream(str(path), packing_of(name), encoding) as stream:
            stream.skip(start)
            found = b"".join(iter(lambda: stream.read(seeded.randint(1, 500)), b""))  # noqa: B023 - used at once
        assert found == wanted[start:]


@pytest.mark.parametrize("cut", [1, 3])
def test_half_a_character_at_the_end_of_utf_16_is_an_error(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((codecs.BOM_UTF16_LE + "ab𝄞".encode("utf-16-le"))[:-cut])
    with (
        pytest.raises(BrokenFileError, match="wrong encoding: the file is not utf-16-le to its end"),
        reading(),
        TextStream(str(path), "", "utf-16-le") as stream,
    ):
        while stream.read(2):
            pass


@pytest.mark.parametrize(
    ("first", "encoding"),
    [
        (b"\xff\xfea\x00", "utf-16-le"),
        (b"a\x00b\x00", "utf-16-le"),
        (b"ab", "utf-8"),
        (b"", "utf-8"),
        (b"\x00a", "utf-8"),
    ],
)
def test_utf_16_is_seen_with_a_mark_or_without(first: bytes, encoding: str) -> None:
    assert encoding_of(first) == encoding


@pytest.mark.parametrize(("packing", "encoding"), [("gzip", UTF8), ("zip", UTF8), ("", UTF16), ("", LATIN9)])
def test_a_long_packed_text_is_unpacked_once_and_a_short_one_is_read_in_place(
    tmp_path: Path, packing: Packing, encoding: str
) -> None:
    content = "é\n" * 1000  # 3 bytes of UTF-8 each
    path = tmp_path / "delivered"
    raw = content.encode(encoding)
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.csv", raw)
    else:
        path.write_bytes(gzip.compress(raw) if packing else raw)
    text_, target = Text(str(path), packing, encoding), tmp_path / "scratch" / "copy"
    assert unpacked(text_, 3 * 1000, str(target)) == text_ and not target.exists()
    assert unpacked(text_, 3 * 1000 - 1, str(target)) == Text(str(target), "", UTF8)
    assert target.read_bytes() == content.encode()


def test_a_plain_text_is_never_copied(tmp_path: Path) -> None:
    text_ = Text(str(tmp_path / "absent"), "", UTF8)
    assert unpacked(text_, 0, str(tmp_path / "copy")) == text_


def test_a_long_text_that_cannot_be_unpacked_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" * 10_000)[:-9])
    with pytest.raises(BrokenFileError, match="cannot be read to its end"):
        unpacked(Text(str(path), "gzip", UTF8), 100, str(tmp_path / "copy"))


def test_zero_bytes_behind_packed_text_are_lost_text(tmp_path: Path) -> None:
    first, second = gzip.compress(b"a;b\n1;2\n"), gzip.compress(b"3;4\n")
    (tmp_path / "whole.csv.gz").write_bytes(first + second)
    (tmp_path / "lost.csv.gz").write_bytes(first + bytes(len(second)))
    with TextStream(str(tmp_path / "whole.csv.gz"), "gzip") as stream:
        assert stream.read(100) == b"a;b\n1;2\n3;4\n"
    with pytest.raises(BrokenFileError, match="it ends with zero bytes"), reading():
        TextStream(str(tmp_path / "lost.csv.gz"), "gzip")
