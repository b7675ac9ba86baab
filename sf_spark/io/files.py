"""Delivered files: batches, names, headers, checksums. The only place that opens a file of the landing folder."""

import codecs
import gzip
import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sf_spark.errors import BrokenFileError, ConfigurationError

_BATCH = re.compile(r"^\d{2}(0[1-9]|1[0-2])(_\d{2})?$")
_BLOCK = 1 << 20
_LONGEST_HEADER = 1 << 20
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "a UTF-8 byte order mark",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


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


def read_header(path: Path) -> tuple[int, str]:
    """The first non-blank line of a delimited file: its number (1 for the first line) and text without line end.

    Raises:
        BrokenFileError: When the file is empty, cannot be decompressed or is not UTF-8.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            number, line = 0, b"\n"
            while line and not line.strip(b"\r\n"):
                number, line = number + 1, file.readline(_LONGEST_HEADER)
    except (OSError, EOFError) as error:
        raise BrokenFileError(f"cannot be read: {error}") from None
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if line.startswith(mark):
            raise BrokenFileError(f"wrong encoding: the file starts with {encoding}, plain UTF-8 is expected")
    if not line:
        raise BrokenFileError("the file is empty: not even a header")
    try:
        return number, line.rstrip(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenFileError("wrong encoding: the header is not UTF-8") from None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
