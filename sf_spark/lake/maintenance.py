"""Maintenance of one Delta table: compact small files, remove files that nothing needs any more.

Rows do not change, and the versions of the last days and the named versions stay readable.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deltalake import DeltaTable

LOG_KEPT = "delta.logRetentionDuration"
_SMALL = 0.5  # of the target size: a smaller file is worth compacting


@dataclass(frozen=True)
class Kept:
    """What maintenance keeps.

    Attributes:
        days: Files replaced in the last days stay.
        log_days: Days that the log is kept: without it no version can be read.
        versions: Versions whose files stay, however old.
    """

    days: int
    log_days: int
    versions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Done:
    """What maintenance did to a table; with ``dry_run``, what it would do."""

    compacted: int
    removed: int
    kept_versions: tuple[int, ...]


def crowded_partitions(table: DeltaTable, file_bytes: int, fewest: int) -> list[str | None]:
    """The partitions with at least so many small files; None stands for a table without partitions."""
    columns = table.metadata().partition_columns
    actions = table.get_add_actions(flatten=True)
    sizes = actions.column("size_bytes").to_pylist()
    values: list[str | None] = [None] * len(sizes)
    if columns:
        values = [str(value) for value in actions.column(f"partition.{columns[0]}").to_pylist()]
    small = Counter(value for value, size in zip(values, sizes, strict=True) if size < file_bytes * _SMALL)
    return sorted((value for value, count in small.items() if count >= fewest), key=str)


def maintain_table(table: DeltaTable, kept: Kept, file_bytes: int, fewest: int, dry_run: bool) -> Done:
    """Compact small files, then remove files of no kept version, those left by killed jobs included.

    Args:
        table: The latest version of the table.
        kept: What to keep.
        file_bytes: Target size of a file.
        fewest: Number of small files in a partition that make it worth it.
        dry_run: Change nothing.
    """
    crowded = crowded_partitions(table, file_bytes, fewest)
    column = next(iter(table.metadata().partition_columns), None)
    compacted = 0
    if not dry_run:
        _keep_log(table, kept.log_days)
        for value in crowded:
            where = None if column is None or value is None else [(column, "=", value)]
            compacted += table.optimize.compact(partition_filters=where, target_size=file_bytes)["numFilesRemoved"]
    readable = _readable(table, kept.versions)
    removed = table.vacuum(
        retention_hours=kept.days * 24, dry_run=dry_run, full=True, keep_versions=list(readable) or None
    )
    return Done(compacted or len(crowded), len(removed), readable)


def versions_read(builds: Iterable[Mapping[str, object]]) -> dict[str, set[int]]:
    """The versions of each table that some builds have read.

    Args:
        builds: Rows of ``monitoring/builds``: ``read`` holds texts ``<path> <version>``.
    """
    found: dict[str, set[int]] = {}
    for build in builds:
        for text in build["read"] or ():  # type: ignore[attr-defined]
            path, _, version = str(text).rpartition(" ")
            found.setdefault(path, set()).add(int(version))
    return found


def _keep_log(table: DeltaTable, days: int) -> None:
    wanted = f"interval {days} days"
    if table.metadata().configuration.get(LOG_KEPT) != wanted:
        table.alter.set_table_properties({LOG_KEPT: wanted})
        table.update_incremental()


def _readable(table: DeltaTable, versions: Iterable[int]) -> tuple[int, ...]:
    """The versions that are still in the log."""
    known = {entry["version"] for entry in table.history()}
    return tuple(sorted(known.intersection(versions)))
