"""Find and record the builds of tables: in the log of a table, else in ``monitoring/builds``.

The log is authoritative: a build is stored in the commit that it describes. Delta cleans old logs, and a restored table
has a new commit: then the build is looked up in ``monitoring/builds`` by the files of the table. That table is a
mirror: a row that a killed job did not write is added when the build is next found in a log. If both lack the build, it
is unknown, and the table is written again.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable

from sf_spark.lake.builds import Build, build_from
from sf_spark.lake.contents import HOUSEKEEPING, Content, content_of
from sf_spark.lake.files import append_rows, open_table
from sf_spark.lake.tables import location
from sf_spark.schema import MONITORING_BUILDS, Table

_RECENT = 10  # commits
_SCHEMA = pa.schema(
    [
        *(("table", pa.string()), ("content", pa.string()), ("table_id", pa.string()), ("version", pa.int64())),
        *(("noted_at", pa.timestamp("us", tz="UTC")), ("first", pa.string()), ("last", pa.string())),
        *(("read", pa.list_(pa.string())), ("commit", pa.string()), ("build", pa.string())),
    ]
)


def find_build(lake: str, table: Table, stored: DeltaTable) -> Build | None:
    """The recorded build of a table; None if unknown."""
    found = _in_log(stored)
    return found if found is not None else _noted(lake, table, content_of(stored))


def note_build(lake: str, table: Table, stored: DeltaTable, build: Build) -> None:
    """Write the build of a table into the mirror, unless it is up to date."""
    content = content_of(stored)
    if _noted(lake, table, content) is not None:
        return
    first, last = (None if month is None else f"{month:%Y-%m}" for month in build.written)
    row = {
        "table": table.path,
        "content": content.digest,
        "table_id": content.id,
        "version": content.version,
        "noted_at": datetime.now(UTC),
        "first": first,
        "last": last,
        "read": [f"{path} {read.version}" for path, read in build.read.items() if read is not None],
        "commit": build.commit,
        "build": build.as_text(),
    }
    append_rows(location(lake, MONITORING_BUILDS), pa.Table.from_pylist([row], schema=_SCHEMA))


def has_commit(stored: DeltaTable, commit: str, since: int) -> bool:
    """Whether the commit of this name is among those after a version."""
    entries = stored.history(max(1, stored.version() - since))
    return any(build.commit == commit for build in _builds(entries))


def _in_log(stored: DeltaTable) -> Build | None:
    for limit in (_RECENT, None):  # usually the build is in the last commit
        for entry in stored.history(limit):
            found = build_from(entry.get("userMetadata"))
            if found is not None or entry["operation"] not in HOUSEKEEPING:
                return found
    return None


def _builds(entries: Iterable[dict[str, str]]) -> list[Build]:
    return [build for entry in entries if (build := build_from(entry.get("userMetadata"))) is not None]


def _noted(lake: str, table: Table, content: Content) -> Build | None:
    mirror = open_table(location(lake, MONITORING_BUILDS))
    if mirror is None:
        return None
    wanted = [("table", "=", table.path), ("content", "=", content.digest)]
    rows = mirror.to_pyarrow_table(columns=["noted_at", "build"], filters=wanted).to_pylist()
    return build_from(max(rows, key=lambda row: row["noted_at"])["build"]) if rows else None
