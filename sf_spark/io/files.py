"""Delivered files: batches, names, headers, checksums. The only place that opens a file of the landing folder."""

import codecs
import gzip
import hashlib
import re
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sf_spark.errors import BrokenFileError, ConfigurationError
from sf_spark.sources.source import LATIN9, UTF8, UTF16

_BATCH = re.compile(r"^\d{2}(0[1-9]|1[0-2])(_\d{2})?$")
_BLOCK = 1 << 20
_LONGEST_HEADER = 1 << 24


@dataclass(frozen=True)
class DeliveredFile:
    """One file of a batch, as it lies in the landing folder."""

    path: Path
    batch: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name


def check_landing(landing: str) -> None:
    """Refuse a landing folder that is not there."""
    if not Path(landing).is_dir():
        raise ConfigurationError(f"landing folder '{landing}' does not exist: name it with --set landing=FOLDER")


def check_writable(key: str, folder: str) -> None:
    """Refuse a local folder that cannot be created or written; a remote URI is Spark's to check."""
    if "://" in folder:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"{key} '{folder}' cannot be written ({error.strerror or error}): name another with --set {key}=FOLDER"
        ) from None


def list_batches(landing: str) -> list[str]:
    """The batches of the landing folder (AAMM, AAMM_NN inside their parent or beside it), in order."""
    root = Path(landing)
    folders = [*root.iterdir(), *(sub for parent in root.iterdir() if parent.is_dir() for sub in parent.iterdir())]
    return sorted({folder.name for folder in folders if folder.is_dir() and _BATCH.match(folder.name)})


def find_batch(landing: str, batch: str) -> Path:
    """The folder of a batch.

    Raises:
        ConfigurationError: For a name that is not AAMM or AAMM_NN, or a batch that is not there.
    """
    if not _BATCH.match(batch):
        raise ConfigurationError(f"batch '{batch}' is not a batch name: AAMM (2403 is March 2024) or AAMM_NN")
    for folder in (Path(landing) / batch, Path(landing) / batch[:4] / batch):
        if folder.is_dir():
            return folder
    there = ", ".join(list_batches(landing)) or "none"
    raise ConfigurationError(f"batch '{batch}' is not in {landing} (batches there: {there})")


def list_files(folder: Path, batch: str) -> list[DeliveredFile]:
    """The files of a batch, by name, with their checksum. Hidden files and sub-folders are left out."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [DeliveredFile(path, batch, _sha256(path), path.stat().st_size) for path in paths]


@dataclass(frozen=True)
class Header:
    """The first non-blank line of a delimited file.

    Attributes:
        line: Its physical number, 1 for the first line.
        text: Without line end and byte order mark.
        encoding: ``utf-8``, ``utf-16-le``, or ``iso-8859-15`` where it is neither.
        byte_order_mark: Whether the file starts with one.
    """

    line: int
    text: str
    encoding: str
    byte_order_mark: bool


def read_header(path: Path) -> Header:
    """Read the header of a file, and tell its encoding from it.

    Raises:
        BrokenFileError: When the file is empty or cannot be decompressed.
    """
    encoding = UTF16 if next(blocks_of(path), b"").startswith(codecs.BOM_UTF16_LE) else UTF8
    number, line = 0, b"\n"
    for line in _lines_of(blocks_of(path, encoding)):
        number += 1
        if line.strip(b"\r\n"):
            break
    else:
        raise BrokenFileError("the file is empty: not even a header")
    line = line.rstrip(b"\n").removesuffix(b"\r")
    mark = line.startswith(codecs.BOM_UTF8)
    line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return Header(number, line.decode("utf-8"), encoding, mark)
    except UnicodeDecodeError:
        return Header(number, line.decode(LATIN9), LATIN9, False)


def blocks_of(path: Path, encoding: str = UTF8) -> Iterator[bytes]:
    """The bytes of a file, decompressed, as UTF-8, in blocks of about a megabyte.

    Raises:
        BrokenFileError: When it cannot be read to its end, or is not in this encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)() if encoding != UTF8 else None
    try:
        with _opened(path) as file:
            while block := file.read(_BLOCK):
                yield decoder.decode(block).encode("utf-8") if decoder else block
            if decoder:
                decoder.decode(b"", final=True)  # half a character at the end: the file was cut
    except UnicodeDecodeError:
        raise BrokenFileError(f"wrong encoding: the file is not {encoding} to its end") from None
    except (OSError, EOFError, zlib.error) as error:
        raise BrokenFileError(f"cannot be read to its end: {error}") from None


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines_of(blocks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > _LONGEST_HEADER:
            return
    if rest:
        yield rest


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
