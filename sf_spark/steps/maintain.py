"""Housekeeping of the lake: compaction, retention, removal of files that nothing needs; it says what it did.

What stays readable whatever its age: the versions of the tables that the present derived tables were made of, and those
that each published edition of the lists was made of. The audit needs no old version: staged facts keep their dates.
"""

from collections.abc import Iterator
from typing import Any

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
    """Look after every table of the lake, one after the other; safe beside other jobs and when killed."""
    needed = versions_needed(settings.lake)
    for path in tables_of(settings.lake):
        table = Table(path, ())
        there = open_table(location(settings.lake, table))
        if there is None:
            continue
        build = find_build(settings.lake, table, there)
        kept = Kept(settings.maintain.keep_days, settings.maintain.keep_log_days, tuple(sorted(needed.get(path, ()))))
        done = maintain_table(there, kept, settings.maintain.file_bytes, settings.maintain.fewest_files, dry_run)
        if build is not None and not dry_run:
            # The files have other names now: the build is found under them when the log is gone.
            note_build(settings.lake, table, open_table(location(settings.lake, table)) or there, build)
        would = "would be " if dry_run else ""
        versions = f"; versions {', '.join(map(str, done.kept_versions))} stay readable" if done.kept_versions else ""
        small = f"{done.compacted} partitions" if dry_run else f"{done.compacted} files"
        report(f"{path}: {small} {would}put together, {done.removed} files {would}removed{versions}")
    days = settings.maintain.keep_days
    report(f"kept: files replaced in the last {days} days, and what builds and editions were made of")
    return 0


def versions_needed(lake: str) -> dict[str, set[int]]:
    """By table, the versions that the last build of each table, and every build of the lists, have read."""
    there = open_table(location(lake, MONITORING_BUILDS))
    rows = [] if there is None else there.to_pyarrow_table(columns=["table", "noted_at", "read"]).to_pylist()
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
