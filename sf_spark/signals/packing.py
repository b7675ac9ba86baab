"""Narrow rows, packed into one block of bytes for each target partition.

A shuffle moves rows one by one: each is copied, serialised, sorted and read again. A block of thousands of rows in
Arrow's layout costs as much as one row, and the worker reads its columns without a copy.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

PACKED = pa.schema([("partition", pa.int32()), ("block", pa.binary())])
SITES_OF_A_COMPANY = 100_000  # a SIRET is its SIREN and five digits
_BYTES_AT_A_TIME = 128_000_000  # bytes buffered by a worker before it sends blocks: little memory, yet long blocks
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads regular numbers


def pack(batches: Iterable[pa.RecordBatch], partitions: int) -> Iterator[pa.RecordBatch]:
    """Split rows by company; all rows of a company and of its establishments get the same partition.

    Args:
        batches: Rows with an ``id``: the SIRET as a number, or minus the SIREN for a company.
        partitions: Number of partitions.

    Yields:
        Rows of :data:`PACKED`: the number of a partition, and rows of it.
    """
    kept: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        kept.append(batch)
        size += batch.nbytes
        if size >= _BYTES_AT_A_TIME:
            yield from _blocks(kept, partitions)
            kept, size = [], 0
    if kept:
        yield from _blocks(kept, partitions)


def unpack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Unpack the rows of :func:`pack`, in any order."""
    for batch in batches:
        for block in batch.column("block"):
            yield from pa.ipc.open_stream(block.as_buffer())


def partition_of(ids: np.ndarray, partitions: int) -> np.ndarray:
    """The partition of each id: that of its company."""
    siren = np.where(ids < 0, -ids, ids // SITES_OF_A_COMPANY).astype(np.uint64)
    return ((siren * _MIXER >> np.uint64(32)) % np.uint64(partitions)).astype(np.int32)


def _blocks(kept: list[pa.RecordBatch], partitions: int) -> Iterator[pa.RecordBatch]:
    rows = pa.Table.from_batches(kept).combine_chunks()
    target = partition_of(rows.column("id").to_numpy(), partitions)
    order = np.argsort(target, kind="stable")
    rows = rows.take(pa.array(order))
    present, starts = np.unique(target[order], return_index=True)
    bounds = pairwise([*starts.tolist(), len(order)])
    for partition, (start, end) in zip(present.tolist(), bounds, strict=True):
        block = pa.array([_as_bytes(rows.slice(start, end - start))], pa.binary())
        yield pa.RecordBatch.from_arrays([pa.array([partition], pa.int32()), block], schema=PACKED)


def _as_bytes(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return sink.getvalue().to_pybytes()
