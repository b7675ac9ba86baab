"""Housekeeping of one Delta table: small files put together, files that nothing needs any more removed.

Rows stay as they are, and so do the versions that can be read: those of the last days, and those that are named.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deltalake import DeltaTable

LOG_KEPT = "delta.logRetentionDuration"
_SMALL = 0.5  # of the size aimed at: a file below is worth putting together with others


@dataclass(frozen=True)
class Kept:
    """What housekeeping keeps.

    Attributes:
        days: Files that were replaced since stay.
        log_days: The log stays that long: without it no version can be read.
        versions: Their files stay however old they are.
    """

    days: int
    log_days: int
    versions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Done:
    """What housekeeping did to a table; with ``dry_run``, what it would do."""

    compacted: int
    removed: int
    kept_versions: tuple[int, ...]


def crowded_partitions(table: DeltaTable, file_bytes: int, fewest: int) -> list[str | None]:
    """The partitions with at least so many files far below a size; None stands for a table without partitions."""
    columns = table.metadata().partition_columns
    actions = table.get_add_actions(flatten=True)
    sizes = actions.column("size_bytes").to_pylist()
    values: list[str | None] = [None] * len(sizes)
    if columns:
        values = [str(value) for value in actions.column(f"partition.{columns[0]}").to_pylist()]
    small = Counter(value for value, size in zip(values, sizes, strict=True) if size < file_bytes * _SMALL)
    return sorted((value for value, count in small.items() if count >= fewest), key=str)


def maintain_table(table: DeltaTable, kept: Kept, file_bytes: int, fewest: int, dry_run: bool) -> Done:
    """Put small files together, then remove what no version that is kept names; also what killed jobs have left.

    Args:
        table: As it stands now.
        kept: What stays.
        file_bytes: Size of a file that is aimed at.
        fewest: Small files of a partition that are worth it.
        dry_run: Only look.
    """
    crowded = crowded_partitions(table, file_bytes, fewest)
    column = next(iter(table.metadata().partition_columns), None)
    compacted = 0
    if not dry_run:
        _keep_log(table, kept.log_days)
        for value in crowded:
            where = None if column is None or value is None else [(column, "=", value)]
            compacted += table.optimize.compact(partition_filters=where, target_size=file_bytes)["numFilesRemoved"]
    there = _readable(table, kept.versions)
    removed = table.vacuum(
        retention_hours=kept.days * 24, dry_run=dry_run, full=True, keep_versions=list(there) or None
    )
    return Done(compacted or len(crowded), len(removed), there)


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
    """Those of the versions that the log still knows."""
    known = {entry["version"] for entry in table.history()}
    return tuple(sorted(known.intersection(versions)))
