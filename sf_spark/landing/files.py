"""Batches and their files in the landing folder."""

import hashlib
import os
import re
from dataclasses import dataclass

from sf_spark.errors import ConfigurationError
from sf_spark.lake.places import check_place, is_remote, rooted
from sf_spark.lake.storage import Entry, entries, is_folder, open_bytes
from sf_spark.landing.names import Packing, packing_of

_BATCH = re.compile(r"^\d{2}(0[1-9]|1[0-2])(_\d{2})?$")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class DeliveredFile:
    """One file of a batch in the landing folder.

    Attributes:
        uri: Its path or URI.
        batch: ``AAMM`` or ``AAMM_NN``.
        sha256: SHA-256 of its bytes.
        size: In bytes.
        unreadable: Why its bytes cannot be read; '' for a file that can be opened.
    """

    uri: str
    batch: str
    sha256: str
    size: int
    unreadable: str = ""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.uri.rsplit("/", 1)[-1]

    @property
    def packing(self) -> Packing:
        """Its packing, by its name."""
        return packing_of(self.name)


def check_landing(landing: str) -> None:
    """Refuse a landing folder that does not exist."""
    check_place("landing", landing)
    if not is_folder(landing):
        raise ConfigurationError(f"landing folder '{landing}' does not exist: name it with --set landing=FOLDER")


def list_batches(landing: str) -> list[str]:
    """The batches of the landing folder (AAMM, AAMM_NN inside their parent or beside it), in order."""
    return sorted(_folders(landing))


def find_batch(landing: str, batch: str) -> str:
    """The folder of a batch.

    Raises:
        ConfigurationError: For a name that is not AAMM or AAMM_NN, or a batch that does not exist.
    """
    if not _BATCH.match(batch):
        raise ConfigurationError(f"batch '{batch}' is not a batch name: AAMM (2403 is March 2024) or AAMM_NN")
    found = _folders(landing)
    if batch not in found:
        delivered = ", ".join(sorted(found)) or "none"
        raise ConfigurationError(f"batch '{batch}' is not in {landing} (available: {delivered})")
    return found[batch]


def list_files(folder: str, batch: str) -> list[DeliveredFile]:
    """The files in the folder of a batch, by name, with their checksums; ``.name`` and sub-batches are left out.

    A folder, a link to nothing and a file that may not be read are listed as unreadable.
    """
    files = [entry for entry in _visible(folder) if entry.is_file or not _BATCH.match(entry.name)]
    root = rooted(folder).rstrip("/")  # workers may have another working directory
    uris = sorted(f"{root}/{entry.name}" for entry in files)
    return [_delivered(uri, batch) for uri in uris]


def _delivered(uri: str, batch: str) -> DeliveredFile:
    digest, size = hashlib.sha256(), 0
    if any("\udc80" <= sign <= "\udcff" for sign in uri):  # surrogates: how Python represents undecodable bytes
        name = uri.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return DeliveredFile(name, batch, "", 0, "cannot be read: its name is not UTF-8")
    if not is_remote(uri) and not os.path.isdir(uri) and os.path.exists(uri) and not os.path.isfile(uri):
        return DeliveredFile(uri, batch, "", 0, "cannot be read: no regular file")  # opening a pipe would block
    try:
        with open_bytes(uri) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        return DeliveredFile(uri, batch, "", 0, f"cannot be read: {error.strerror or error}")
    return DeliveredFile(uri, batch, digest.hexdigest(), size)


def _folders(landing: str) -> dict[str, str]:
    """The folder of each batch, inside its parent or beside it.

    Raises:
        ConfigurationError: For a sub-batch that has files in both places.
    """
    found: dict[str, str] = {}
    parents = _sub_folders(landing.rstrip("/") or "/")
    for folder in (*parents, *(sub for parent in parents for sub in _sub_folders(parent))):
        name = folder.rsplit("/", 1)[-1]
        if not _BATCH.match(name) or (name in found and not _visible(folder)):
            continue
        if name in found and _visible(found[name]):
            raise ConfigurationError(
                f"batch '{name}' has files in {found[name]} and in {folder}: put them in one folder"
            )
        found[name] = folder
    return found


def _sub_folders(folder: str) -> list[str]:
    return [f"{folder}/{entry.name}" for entry in entries(folder) if entry.is_folder]


def _visible(folder: str) -> list[Entry]:
    return [entry for entry in entries(folder) if not entry.name.startswith(".")]
