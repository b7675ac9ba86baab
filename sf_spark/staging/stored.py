"""The facts of a staged table: read their names for a comparison, rewrite files in which some end or leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sf_spark.lake.storage import open_bytes
from sf_spark.landing.fact_file import FactFile
from sf_spark.staging.comparison import STORED, bucket_of, row_of, stored_place
from sf_spark.staging.exchange import Parts, partitioned

_ROWS_AT_A_TIME = 1 << 20


@dataclass(frozen=True)
class NamesTask:
    """A file of the table, to compare with a delivery.

    Attributes:
        uri: URI of the file.
        rank: Among the files of the comparison.
        buckets: Number of buckets.
        day: Day of a snapshot: only facts in force before it count, or that ended on it. None: all facts count.
        scratch: Scratch file; '' keeps the names in memory.
    """

    uri: str
    rank: int
    buckets: int
    day: date | None
    scratch: str


@dataclass(frozen=True)
class Names:
    """The names of a file's facts by bucket, their number, and the number that ended on the snapshot's day."""

    parts: Parts
    facts: int
    ended: int


def stored_names(task: NamesTask) -> Names:
    """Read the names of the facts of a file that count for the comparison."""
    with open_bytes(task.uri) as file:
        table = pq.ParquetFile(file).read(columns=["superseded_on", "_identity"])
    rows, ended = np.arange(len(table)), 0
    if task.day is not None:
        in_force, ended = facts_in_force(table.column("superseded_on"), task.day)
        rows = np.flatnonzero(in_force)
    identity = table.column("_identity").combine_chunks()
    names = np.empty(len(rows), STORED)
    for key in ("first", "second", "rank"):
        names[key] = identity.field(key).to_numpy(zero_copy_only=False)[rows].astype(np.int64).view(np.uint64)
    names["place"] = stored_place(task.rank, rows)
    return Names(
        partitioned(names, bucket_of(names["first"], task.buckets), task.buckets, task.scratch), len(rows), ended
    )


def facts_in_force(end: pa.ChunkedArray, day: date) -> tuple[np.ndarray, int]:
    """Which facts are in force before a snapshot, and how many of them ended on its day, in an earlier run.

    Args:
        end: Day on which each fact ended; null: in force.
        day: Day of the snapshot.
    """
    if end.null_count == len(end):
        return np.ones(len(end), np.bool_), 0
    ended = pc.fill_null(pc.equal(end, pa.scalar(day)), False)
    return pc.or_(pc.is_null(end), ended).to_numpy(), int(pc.sum(ended).as_py())


@dataclass(frozen=True)
class Rows:
    """Some rows of a file: as the file's part of a bucket, or one by one."""

    parts: Parts | None = None
    rank: int = 0
    rows: np.ndarray | None = None

    def read(self) -> np.ndarray:
        """The rows."""
        if self.rows is not None:
            return self.rows
        assert self.parts is not None
        return row_of(self.parts.part(self.rank))


@dataclass(frozen=True)
class EditTask:
    """A file of the table to rewrite.

    Attributes:
        uri: URI of the file.
        target: URI of the file to write.
        ended: Facts that end on ``day``; any other fact that ended on that day is in force again.
        taken: Facts to leave out.
        kept: The only facts to keep; None: all that are not left out.
        day: The day of the snapshot that ends facts; None: nothing ends.
        known_on: The day on which all facts became known; None: leave as stored.
    """

    uri: str
    target: str
    ended: Sequence[Rows] = ()
    taken: Sequence[Rows] = ()
    day: date | None = None
    known_on: date | None = None
    kept: np.ndarray | None = None


@dataclass(frozen=True)
class Edited:
    """The outcome for a file: unchanged, or rewritten with so many rows (0: no file remains)."""

    outcome: Literal["unchanged", "written", "empty"]
    rows: int = 0
    bytes: int = 0


def edit_file(task: EditTask) -> Edited:
    """Rewrite a file with ends and days set, without the facts that leave it; do nothing if nothing changes."""
    with open_bytes(task.uri) as file:
        table = pq.ParquetFile(file).read()
    before = table
    if task.day is not None:
        table = _ending(table, _rows(task.ended), task.day)
    if task.known_on is not None:
        table = _with(table, "known_on", pa.repeat(pa.scalar(task.known_on, pa.date32()), len(table)))
    keep = np.full(len(table), task.kept is None)
    if task.kept is not None:
        keep[task.kept] = True
    keep[_rows(task.taken)] = False
    if not keep.all():
        table = table.filter(pa.array(keep))
    if len(table) == 0:
        return Edited("empty")
    if table.equals(before) and task.kept is None:
        return Edited("unchanged")
    with FactFile(task.target) as written:
        for start in range(0, len(table), _ROWS_AT_A_TIME):
            written.add(table.slice(start, _ROWS_AT_A_TIME))
    return Edited("written", written.rows, written.bytes)


def _ending(table: pa.Table, rows: np.ndarray, day: date) -> pa.Table:
    end, ends_now = table.column("superseded_on"), np.zeros(len(table), np.bool_)
    ends_now[rows] = True
    undone = pc.fill_null(pc.equal(end, pa.scalar(day)), False)
    day_or_before = pc.if_else(undone, pa.scalar(None, pa.date32()), end)
    return _with(table, "superseded_on", pc.if_else(pa.array(ends_now), pa.scalar(day, pa.date32()), day_or_before))


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


def _rows(parts: Sequence[Rows]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *(part.read() for part in parts)])
