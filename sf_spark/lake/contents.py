"""Identify the content of a table by its files: equal identifiers mean equal rows, wherever and whenever.

A file name is never reused, so file names identify rows, even after a copy, a clean-up of the log, a vacuum or a
restore. A compacted table (OPTIMIZE) has other files with the same rows: its log says so, as long as it is kept.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from deltalake import DeltaTable

# Commits that compact or describe a table, without changing its rows.
HOUSEKEEPING = (
    *("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "COMPUTE STATS"),
    *("CHANGE COLUMN", "CHANGE COLUMNS", "ADD COLUMN", "ADD COLUMNS", "UPDATE FIELD METADATA", "UPDATE TABLE METADATA"),
)
_OUR_WRITES = ("WRITE", "CREATE TABLE")
Happened = Literal["nothing", "written", "changed by hand"]
WHOLE = ""  # the single part of a table that is not split by partition


@dataclass(frozen=True)
class Content:
    """A table as it was read.

    Attributes:
        id: The table's id, which changes if the table is created again.
        version: The number of its last commit at that time.
        files: For each value of the partition column (or :data:`WHOLE`), a digest of its file names.
    """

    id: str
    version: int
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One digest of the whole content."""
        return _digest([self.id, *(f"{part} {name}" for part, name in sorted(self.files.items()))])

    @property
    def months(self) -> list[date]:
        """The months of a table split by month, in order."""
        return sorted(date.fromisoformat(part) for part in self.files)


def content_of(table: DeltaTable, partition: str | None = None) -> Content:
    """The content of a table at the version at which it was opened.

    Args:
        table: The table.
        partition: Its partition column, to split it into parts; None: as a whole.
    """
    actions = table.get_add_actions(flatten=True)
    paths = actions.column("path").to_pylist()
    parts = actions.column(f"partition.{partition}").to_pylist() if partition else [WHOLE] * len(paths)
    found: dict[str, list[str]] = defaultdict(list)
    for path, part in zip(paths, parts, strict=True):
        found[str(part)].append(path)
    files = {part: _digest(sorted(names)) for part, names in found.items()}
    return Content(str(table.metadata().id), table.version(), files)


def changed_parts(before: Content, now: Content) -> list[str]:
    """The parts with different files, in order."""
    return sorted(part for part in before.files.keys() | now.files if before.files.get(part) != now.files.get(part))


def what_happened(table: DeltaTable, before: Content) -> Happened:
    """What happened to a table since it was read, by its log; ``written`` if the log does not reach back so far."""
    since = [entry["operation"] for entry in table.history() if entry["version"] > before.version]
    if table.version() < before.version or set(since) - {*HOUSEKEEPING, *_OUR_WRITES}:
        return "changed by hand"
    complete = len(since) == table.version() - before.version
    return "nothing" if complete and set(since) <= set(HOUSEKEEPING) else "written"


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]
