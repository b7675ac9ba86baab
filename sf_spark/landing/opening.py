"""Open delivered files: unpack them as a stream of UTF-8. Any failure becomes an error of one line."""

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

import pyarrow as pa

from sf_spark.errors import BrokenFileError
from sf_spark.lake.storage import open_bytes, open_output
from sf_spark.landing.names import SUFFIXES, Packing, packing_of
from sf_spark.landing.source import UTF8, UTF16

_SIGNATURES: tuple[tuple[bytes, Packing], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
)
_BLOCK = 1 << 20
_GZIP_TRAILER = 8  # bytes: a checksum and a length; both are 0 for an empty text only


def check_packing(name: str, first: bytes) -> None:
    """Refuse a file whose name says another packing than its first bytes.

    Raises:
        BrokenFileError: It names both.
    """
    named = packing_of(name)
    found = next((packing for signature, packing in _SIGNATURES if first.startswith(signature)), "")
    if found == named or not first:
        return
    if not named:
        suffix = next(suffix for suffix, packing in SUFFIXES.items() if packing == found)
        raise BrokenFileError(f"packed ({found}) under a name that does not say so: call it {name}{suffix}")
    what = f"a {found} file" if found else "plain text or something else"
    raise BrokenFileError(f"named as {named}, but it holds {what}: deliver it under a name that fits")


@contextmanager
def reading() -> Iterator[None]:
    """Turn any failure to read a file into an error of one line.

    Raises:
        BrokenFileError: For a file that cannot be opened, unpacked or decoded to its end.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise BrokenFileError(f"wrong encoding: the file is not {error.encoding} to its end") from None
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowInvalid, RuntimeError) as error:
        why = (str(error).splitlines() or [""])[0]
        raise BrokenFileError(f"cannot be read to its end: {why}") from None


@dataclass
class TextStream:
    """The text of a delivered file as UTF-8 bytes, read forwards.

    Attributes:
        uri: URI of the file.
        packing: Packing of the file.
        encoding: Encoding of its text.
    """

    uri: str
    packing: Packing = ""
    encoding: str = UTF8

    def __post_init__(self) -> None:
        self._file: IO[bytes] = _unpacked(open_bytes(self.uri), self.packing)
        # Python rejects a UTF-16 text that ends inside a character, as it should.
        self._decoder = None if self.encoding == UTF8 else codecs.getincrementaldecoder(self.encoding)()

    def skip(self, size: int) -> None:
        """Skip so many bytes of UTF-8."""
        if self._decoder is None and not self.packing:
            self._file.seek(size, 1)
            return
        rest = size
        while rest > 0:
            block = self.read(min(rest, _BLOCK)) if self._decoder is None else self._decoded(rest)
            if not block:
                return
            rest -= len(block)

    def read(self, size: int) -> bytes:
        """The next bytes, about so many; none at the end of the file."""
        if self._decoder is None:
            return self._file.read(size)
        if self._kept:
            kept, self._kept = self._kept, b""
            return kept
        while block := self._file.read(size):
            if text := self._decoder.decode(block):
                return text.encode("utf-8")
        self._decoder.decode(b"", final=True)
        return b""

    _kept: bytes = b""

    def _decoded(self, most: int) -> bytes:
        """The next decoded bytes, at most so many: the rest is kept for the next read."""
        block = self.read(_BLOCK)
        self._kept = block[most:]
        return block[:most]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "TextStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Text:
    """Where a text is stored, and in which packing and encoding."""

    uri: str
    packing: Packing
    encoding: str


def unpacked(text: Text, longest: int, target: str) -> Text:
    """A text that can be read from any position: itself, or a copy if it is long and packed (or not UTF-8).

    A packed text can only be read forwards: each range would have to unpack those before it.

    Args:
        text: As it was delivered.
        longest: Bytes of UTF-8; a shorter text is not copied.
        target: URI of the copy.

    Raises:
        BrokenFileError: When the file cannot be read to its end.
    """
    if not text.packing and text.encoding == UTF8:
        return text
    with reading(), TextStream(text.uri, text.packing, text.encoding) as stream:
        first, size = [], 0
        while size <= longest:
            block = stream.read(_BLOCK)
            if not block:
                return text
            first.append(block)
            size += len(block)
        with open_output(target) as copy:
            for block in first:
                copy.write(block)
            while block := stream.read(_BLOCK):
                copy.write(block)
    return Text(target, "", UTF8)


def _unpacked(file: IO[bytes], packing: Packing) -> IO[bytes]:
    if packing == "gzip":
        _check_gzip_end(file)
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if packing == "zip":
        archive = zipfile.ZipFile(file)
        return archive.open(_only_member(archive))
    return file


def _check_gzip_end(file: IO[bytes]) -> None:
    """Refuse zero bytes after the packed text, which readers skip: more text may have been lost there."""
    start = file.tell()
    size = file.seek(0, 2)
    file.seek(max(start, size - _GZIP_TRAILER))
    trailer = file.read()
    file.seek(start)
    if len(trailer) == _GZIP_TRAILER and not any(trailer):
        raise OSError("it ends with zero bytes, where packed text may have been lost")


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        names = ", ".join(entry.filename for entry in members[:5]) or "none"
        raise zipfile.BadZipFile(f"one file is expected in the archive, it holds {len(members)} ({names})")
    return members[0]


def starts_as_utf16(first: bytes) -> bool:
    """True for the beginning of a UTF-16 text (little endian), with a byte order mark or without one."""
    return first.startswith(codecs.BOM_UTF16_LE) or (len(first) > 1 and first[0] != 0 and first[1] == 0)


def encoding_of(first: bytes) -> str:
    """``utf-16-le`` where the first bytes say so, else ``utf-8`` (which may turn out to be something else)."""
    return UTF16 if starts_as_utf16(first) else UTF8


def first_bytes(uri: str, size: int = 4) -> bytes:
    """The first bytes of a file, as stored."""
    with open_bytes(uri) as file:
        return cast("Any", file).read(size)
