"""Where the builds of tables are found: in the log of a table, else in ``monitoring/builds``.

The log is what counts: the build stands in the very commit that it describes. Delta cleans logs up after a while, and
a restored table has a commit of its own: then the build is looked up in ``monitoring/builds`` under the files that the
table holds. That table is a mirror: a row that a killed job did not write is written when the build is next found in a
log. What is found in neither place is not known, and what is not known is written again.
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


def find_build(lake: str, table: Table, there: DeltaTable) -> Build | None:
    """What a table was made of, as it stands; None when nothing says so."""
    found = _in_log(there)
    return found if found is not None else _noted(lake, table, content_of(there))


def note_build(lake: str, table: Table, there: DeltaTable, build: Build) -> None:
    """Write the build of a table, as it stands, into the mirror; not when it is there."""
    content = content_of(there)
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


def has_commit(there: DeltaTable, commit: str, since: int) -> bool:
    """Whether one of the commits after a version is the one of this name."""
    entries = there.history(max(1, there.version() - since))
    return any(build.commit == commit for build in _builds(entries))


def _in_log(there: DeltaTable) -> Build | None:
    for limit in (_RECENT, None):  # most often the build is in the last commit
        for entry in there.history(limit):
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
