"""Maintenance of the lake: compaction, retention, removal of unneeded files; reports what it did.

Some versions stay readable at any age: the inputs of the present derived tables, and those of each published edition of
the lists. The audit needs no old version: staged facts keep their dates.
"""

from collections.abc import Iterator
from typing import Any

from sf_spark.errors import MissingTableError
from sf_spark.lake.files import is_table, open_table
from sf_spark.lake.ledger import find_build, note_build
from sf_spark.lake.maintenance import Kept, maintain_table, versions_read
from sf_spark.lake.places import rooted
from sf_spark.lake.storage import entries
from sf_spark.lake.tables import location
from sf_spark.schema import LISTS_DETECTION, MONITORING_BUILDS, Table
from sf_spark.settings import Settings
from sf_spark.steps import Report


def maintain(settings: Settings, report: Report, dry_run: bool = False) -> int:
    """Maintain every table of the lake in turn; safe beside other jobs and when killed.

    Raises:
        MissingTableError: When there is no table at all.
    """
    tables, needed = tables_of(settings.lake), versions_needed(settings.lake)
    if not tables:
        raise MissingTableError(f"no table is in {settings.lake}: name the lake with --set lake=...")
    for path in tables:
        table = Table(path, ())
        stored = open_table(location(settings.lake, table))
        if stored is None:
            continue
        build = find_build(settings.lake, table, stored)
        kept = Kept(settings.maintain.keep_days, settings.maintain.keep_log_days, tuple(sorted(needed.get(path, ()))))
        done = maintain_table(stored, kept, settings.maintain.file_bytes, settings.maintain.fewest_files, dry_run)
        if build is not None and not dry_run:
            # Files have new names now, under which the build is found once the log is gone.
            note_build(settings.lake, table, open_table(location(settings.lake, table)) or stored, build)
        would = "would be " if dry_run else ""
        versions = f"; versions {', '.join(map(str, done.kept_versions))} stay readable" if done.kept_versions else ""
        small = f"{done.compacted} partitions" if dry_run else f"{done.compacted} files"
        report(f"{path}: {small} {would}put together, {done.removed} files {would}removed{versions}")
    days = settings.maintain.keep_days
    report(f"kept: files replaced in the last {days} days, and what builds and editions were made of")
    return 0


def versions_needed(lake: str) -> dict[str, set[int]]:
    """By table, the versions read by the last build of each table, and by every build of the lists."""
    stored = open_table(location(lake, MONITORING_BUILDS))
    rows = [] if stored is None else stored.to_pyarrow_table(columns=["table", "noted_at", "read"]).to_pylist()
    last: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["noted_at"]):
        last[row["table"]] = row
    return versions_read([*last.values(), *(row for row in rows if row["table"] == LISTS_DETECTION.path)])


def tables_of(lake: str) -> list[str]:
    """The paths of all Delta tables of the lake, one or two folders deep; scratch is left out."""
    return sorted(_found(rooted(lake), "", depth=2))


def _found(folder: str, path: str, depth: int) -> Iterator[str]:
    for entry in entries(folder):
        if not entry.is_folder or entry.name.startswith(("_", ".")):
            continue
        place, name = f"{folder}/{entry.name}", f"{path}{entry.name}"
        if is_table(place):
            yield name
        elif depth > 1:
            yield from _found(place, f"{name}/", depth - 1)
