"""Compare what was delivered with what is stored: by fact, or cell by cell in wide files, bucket by bucket."""

import uuid
from collections.abc import Sequence
from typing import Literal

from sf_spark.lake.files import TableFile
from sf_spark.staging.batch import Batch, FileRead
from sf_spark.staging.cells import CellsBucketTask, CellsTask, Grid, compare_cells, stored_cells
from sf_spark.staging.comparison import BucketOutcome, BucketTask, compare_bucket
from sf_spark.staging.exchange import Parts
from sf_spark.staging.stored import NamesTask, stored_names
from sf_spark.staging.workers import run

# The months that a wide delivery covers: see :class:`sf_spark.staging.cells.CellsBucketTask`.
Coverage = Literal["named", "all"]


def compare(
    batch: Batch,
    reads: Sequence[FileRead],
    earlier: list[TableFile],
    later: list[TableFile],
    all_new: bool,
    coverage: Coverage,
) -> tuple[list[int], list[BucketOutcome]]:
    """The number of facts of each stored file that ended on the snapshot's day, and the outcome of each bucket."""
    if batch.source.wide:
        return _compared_by_cells(batch, reads, earlier, all_new, coverage)
    small, day = batch.is_small_comparison, batch.day if batch.is_snapshot else None
    todo = [
        NamesTask(
            *(batch.uri(file.path), rank, batch.buckets, day),
            batch.scratch_for(f"stored-{uuid.uuid4().hex}", small),
        )
        for rank, file in enumerate([*earlier, *later])
    ]
    names = run(batch.spark, stored_names, todo, small)
    delivered = [parts for read in reads for parts in read.names if isinstance(parts, Parts)]
    tasks = [
        BucketTask(
            *(bucket, delivered, [n.parts for n in names[: len(earlier)]], [n.parts for n in names[len(earlier) :]]),
            *(_ranges(reads), len(names), all_new, batch.scratch_for(f"bucket-{uuid.uuid4().hex}", small)),
        )
        for bucket in range(batch.buckets)
    ]
    return [name.ended for name in names], run(batch.spark, compare_bucket, tasks, small)


def _compared_by_cells(
    batch: Batch, reads: Sequence[FileRead], earlier: list[TableFile], all_new: bool, coverage: Coverage
) -> tuple[list[int], list[BucketOutcome]]:
    """The same for a wide file, entity by entity."""
    small, key = batch.is_small_comparison, tuple(batch.source.clean().columns)
    todo = [
        CellsTask(
            *(batch.uri(file.path), rank, batch.buckets, batch.day, key),
            batch.scratch_for(f"stored-{uuid.uuid4().hex}", small),
        )
        for rank, file in enumerate(earlier)
    ]
    stored = run(batch.spark, stored_cells, todo, small)
    delivered = [grid for read in reads for grid in read.names if isinstance(grid, Grid)]
    tasks = [
        CellsBucketTask(
            *(bucket, delivered, stored, _ranges(reads), len(stored), all_new, coverage),
            batch.scratch_for(f"bucket-{uuid.uuid4().hex}", small),
        )
        for bucket in range(batch.buckets)
    ]
    return [cells.ended for cells in stored], run(batch.spark, compare_cells, tasks, small)


def _ranges(reads: Sequence[FileRead]) -> int:
    return max((task.range.rank for read in reads for task in read.tasks), default=-1) + 1


def size_of(parts: Parts, rank: int) -> int:
    """How many rows of a file are among these."""
    return int(parts.ends[rank] - (parts.ends[rank - 1] if rank else 0))
