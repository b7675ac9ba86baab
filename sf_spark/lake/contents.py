"""What a table holds, named by its files: two tables of the same name hold the same rows, wherever and whenever.

Files of a table are never written again under their name, so their names stand for their rows: through a copy, a
clean-up of the log, a vacuum and a restore. A table that was only laid out anew (OPTIMIZE) has other files and the same
rows: its log says so, as long as it is there.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from deltalake import DeltaTable

# Commits that lay out or describe a table, and leave its rows as they are.
HOUSEKEEPING = (
    *("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "COMPUTE STATS"),
    *("CHANGE COLUMN", "CHANGE COLUMNS", "ADD COLUMN", "ADD COLUMNS", "UPDATE FIELD METADATA", "UPDATE TABLE METADATA"),
)
_OUR_WRITES = ("WRITE", "CREATE TABLE")
Happened = Literal["nothing", "written", "changed by hand"]
WHOLE = ""  # the one part of a table that is not looked at by partition


@dataclass(frozen=True)
class Content:
    """A table as it was read.

    Attributes:
        id: The table's own id: another one was made in its place.
        version: The number of its last commit then.
        files: For each value of the partition column (or :data:`WHOLE`) a digest of the names of its files.
    """

    id: str
    version: int
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One name for all of it."""
        return _digest([self.id, *(f"{part} {name}" for part, name in sorted(self.files.items()))])

    @property
    def months(self) -> list[date]:
        """The months of a table that was looked at by month, in order."""
        return sorted(date.fromisoformat(part) for part in self.files)


def content_of(table: DeltaTable, partition: str | None = None) -> Content:
    """What a table holds at the version at which it was opened.

    Args:
        table: The table.
        partition: Its partition column, to tell the parts from one another; None: as a whole.
    """
    there = table.get_add_actions(flatten=True)
    paths = there.column("path").to_pylist()
    parts = there.column(f"partition.{partition}").to_pylist() if partition else [WHOLE] * len(paths)
    found: dict[str, list[str]] = defaultdict(list)
    for path, part in zip(paths, parts, strict=True):
        found[str(part)].append(path)
    files = {part: _digest(sorted(names)) for part, names in found.items()}
    return Content(str(table.metadata().id), table.version(), files)


def changed_parts(before: Content, now: Content) -> list[str]:
    """The parts whose files differ, in order."""
    return sorted(part for part in before.files.keys() | now.files if before.files.get(part) != now.files.get(part))


def what_happened(table: DeltaTable, before: Content) -> Happened:
    """What the log says of the time since a table was read; ``written`` where it does not reach back."""
    since = [entry["operation"] for entry in table.history() if entry["version"] > before.version]
    if table.version() < before.version or set(since) - {*HOUSEKEEPING, *_OUR_WRITES}:
        return "changed by hand"
    complete = len(since) == table.version() - before.version
    return "nothing" if complete and set(since) <= set(HOUSEKEEPING) else "written"


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]
