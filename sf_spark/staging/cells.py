"""What a wide delivery changes: its facts compared with those in force, entity by entity.

A file of headcounts holds a fact for each cell, a hundred a line: comparing their fingerprints would cost more than
reading the file. A fingerprint follows from the entity, the month and the number, so cells are compared instead.

    delivered   2401  2402  2403        stored   2401  2402     outcome
    A           10    12    -           A        10    11       2402 of A is new, its 11 is absent
    B           -     5     5           B        -     5        2403 of B is new
                                        C        7     7        both are absent

A delivery says nothing about a month that no header names: facts of that month are neither compared nor absent.

Entities on several lines, or with several facts in force for a month, are compared fact by fact, like other files: see
:mod:`sf_spark.staging.comparison`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sf_spark.lake.storage import open_bytes
from sf_spark.landing.facts import NAME, entities_of, names_of_months, record_of
from sf_spark.landing.hashing import hash_months
from sf_spark.staging.comparison import (
    PICK,
    STORED,
    BucketOutcome,
    Found,
    bucket_of,
    found_in,
    left_for_others,
    stored_place,
)
from sf_spark.staging.exchange import Parts, partitioned
from sf_spark.staging.stored import facts_in_force

_ENDED = -2  # a cell whose fact is no longer in force
ODD = np.dtype([("entity", "<u8"), ("month", "<i4"), *((name, STORED[name]) for name in STORED.names or ())])


@dataclass(frozen=True)
class Grid:
    """Records with one cell a month, sorted into buckets of their entities.

    Attributes:
        parts: Records as laid out by :func:`sf_spark.landing.facts.record_of`; in a stored file, ``place`` is that of
            the first fact.
        months: Month of each cell, in days since 1970.
    """

    parts: Parts
    months: np.ndarray


@dataclass(frozen=True)
class CellsTask:
    """A file of a table of headcounts, to compare with a snapshot.

    Attributes:
        uri: URI of the file.
        rank: Among the files of the comparison.
        buckets: Number of buckets.
        day: See :class:`sf_spark.staging.stored.NamesTask`.
        key: The columns that identify an entity, in the order of its fingerprint.
        scratch: Scratch file; '' keeps the facts in memory.
    """

    uri: str
    rank: int
    buckets: int
    day: date
    key: tuple[str, ...]
    scratch: str


@dataclass(frozen=True)
class StoredCells:
    """The facts of a stored file that are in force.

    Attributes:
        grid: Entities with at most one fact a month, in consecutive rows.
        odd: Facts of the other entities: see ``ODD``.
        ended: Number of facts that ended on the snapshot's day.
    """

    grid: Grid
    odd: Parts
    ended: int


def sorted_grid(records: np.ndarray, months: np.ndarray, buckets: int, scratch: str) -> Grid:
    """Records sorted into buckets of their entities."""
    return Grid(partitioned(records, bucket_of(records["first"], buckets), buckets, scratch), months)


def stored_cells(task: CellsTask) -> StoredCells:
    """Read the facts of a file that are in force, entity by entity."""
    with open_bytes(task.uri) as file:
        columns = [*task.key, "periode", "effectif", "superseded_on", "_identity.rank"]
        table = pq.ParquetFile(file, read_dictionary=list(task.key)).read(columns=columns).unify_dictionaries()
    in_force, ended = facts_in_force(table.column("superseded_on"), task.day)
    months = table.column("periode").combine_chunks().cast(pa.int32()).to_numpy()
    values = table.column("effectif").combine_chunks().to_numpy()
    rank = table.column("_identity").combine_chunks().field("rank").to_numpy()
    begins = _begins(table, task.key)
    starts, run = np.flatnonzero(begins), np.cumsum(begins) - 1
    entity = entities_of(table.select(task.key).take(pa.array(starts)))
    is_odd = in_force & (rank != 1)
    is_odd[1:] |= ~begins[1:] & (months[1:] <= months[:-1])
    regular = np.ones(len(starts), np.bool_)
    regular[run[is_odd]] = False
    cell_of, months_read = _cells_of(months)
    records = np.empty(len(starts), record_of(len(months_read)))
    records["first"], records["second"] = entity
    records["raw"], records["place"], records["cells"] = 0, stored_place(task.rank, starts), -1
    records["cells"][run, cell_of] = np.where(in_force, values, _ENDED)
    odd = np.flatnonzero(in_force & ~regular[run])
    facts = np.empty(len(odd), ODD)
    facts["entity"], facts["rank"], facts["place"] = entity[0, run[odd]], rank[odd], stored_place(task.rank, odd)
    facts["month"] = months[odd]
    facts["first"], facts["second"] = hash_months(entity[0, run[odd]], entity[1, run[odd]], months[odd], values[odd])
    buckets, scratch = bucket_of(facts["entity"], task.buckets), task.scratch and f"{task.scratch}-odd"
    return StoredCells(
        sorted_grid(records[regular], months_read, task.buckets, task.scratch),
        partitioned(facts, buckets, task.buckets, scratch),
        ended,
    )


def _begins(table: pa.Table, key: tuple[str, ...]) -> np.ndarray:
    """Whether a new entity begins in each row."""
    begins = np.zeros(len(table), np.bool_)
    begins[:1] = True
    for name in key:
        codes = pc.fill_null(table.column(name).combine_chunks().indices, -1).to_numpy()
        begins[1:] |= codes[1:] != codes[:-1]
    return begins


def _cells_of(months: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cell of each row, and the months of the cells: those that occur, sorted (days since 1970)."""
    if len(months) == 0:
        return months.astype(np.int64), months
    since = months - months.min()
    occurs = np.zeros(int(since.max()) + 1, np.bool_)
    occurs[since] = True
    return (np.cumsum(occurs) - 1)[since], (np.flatnonzero(occurs) + months.min()).astype(np.int32)


@dataclass(frozen=True)
class CellsBucketTask:
    """A bucket of the entities of a wide delivery, and of the stored entities to compare with.

    Attributes:
        bucket: Its number.
        delivered: The records of each range.
        stored: The facts in force of each file.
        ranges: Number of ranges of the delivery.
        files: Number of stored files.
        all_new: Whether nothing is stored: only exceptions are reported then.
        coverage: The months that the delivery covers: those named by its headers, or all where one cannot be read.
        scratch: Scratch file for the results; '' keeps them in memory.
    """

    bucket: int
    delivered: Sequence[Grid]
    stored: Sequence[StoredCells]
    ranges: int
    files: int
    all_new: bool
    coverage: Literal["named", "all"]
    scratch: str


@dataclass(frozen=True)
class _Records:
    """Records with the same months, and the number of the entity of each; ``months`` are ranks among all months."""

    items: np.ndarray
    months: np.ndarray  # in days since 1970
    ranks: np.ndarray
    entity: np.ndarray


def compare_cells(task: CellsBucketTask) -> BucketOutcome:
    """Compare the delivered records of a bucket with the stored ones."""
    delivered = [(grid.parts.part(task.bucket), grid.months) for grid in task.delivered]
    stored = [(file.grid.parts.part(task.bucket), file.grid.months) for file in task.stored]
    odd = np.concatenate([np.empty(0, ODD), *(file.odd.part(task.bucket) for file in task.stored)])
    if task.coverage == "named":
        named = np.unique(np.concatenate([np.empty(0, np.int32), *(months for _, months in delivered)]))
        stored, odd = [_of_months(*grid, named) for grid in stored], odd[np.isin(odd["month"], named)]
    entities, seconds, lines = _entities_of([items for items, _ in (*delivered, *stored)], len(delivered))
    months = np.unique(np.concatenate([np.empty(0, np.int32), *(m for _, m in (*delivered, *stored))]))
    news = [_Records(items, m, np.searchsorted(months, m), _among(entities, items["first"])) for items, m in delivered]
    olds = [_Records(items, m, np.searchsorted(months, m), _among(entities, items["first"])) for items, m in stored]
    alone = lines <= 1
    for records in (*news, *olds):
        alone[records.entity[records.items["second"] != seconds[records.entity]]] = False
        if len(np.unique(records.months)) < len(records.months):  # the header names a month twice
            alone[records.entity] = False
    at = _among(entities, odd["entity"])
    alone[at[at >= 0]] = False
    plain = _settled(news, olds, alone, len(months), task.all_new)
    rest = _fact_by_fact(news, olds, odd, alone, task.all_new)
    found = Found.joined([plain, rest])
    return left_for_others(found, task.bucket, task.ranges, task.files, task.scratch)


def _of_months(records: np.ndarray, months: np.ndarray, named: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stored records with the cells of the named months only: other facts count as ended."""
    records, silent = records.copy(), ~np.isin(months, named)
    cells = records["cells"]
    cells[:, silent] = np.where(cells[:, silent] == -1, -1, _ENDED)
    return records, months


def _entities_of(arrays: Sequence[np.ndarray], delivered: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The entities of records, sorted: both halves of their fingerprints, and the number of delivered lines of each."""
    first = np.concatenate([np.empty(0, np.uint64), *(items["first"] for items in arrays)])
    second = np.concatenate([np.empty(0, np.uint64), *(items["second"] for items in arrays)])
    entities, at, number = np.unique(first, return_index=True, return_inverse=True)
    lines = np.bincount(number[: sum(map(len, arrays[:delivered]))], minlength=len(entities))
    return entities, second[at], lines


def _among(entities: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The number of each entity; -1 for an unknown one."""
    if len(entities) == 0:
        return np.full(len(first), -1)
    at = np.minimum(np.searchsorted(entities, first), len(entities) - 1)
    return np.where(entities[at] == first, at, -1)


def _settled(news: list[_Records], olds: list[_Records], alone: np.ndarray, months: int, all_new: bool) -> Found:
    """Compare, cell by cell, the entities on one line only."""
    values = np.full((len(alone), months), -1, np.int32)
    for records in news:
        values[records.entity[:, None], records.ranks] = records.items["cells"]
    slots: list[np.ndarray] = [np.empty(0, np.int64)]
    places: list[np.ndarray] = [np.empty(0, np.uint64)]
    numbers: list[np.ndarray] = [np.empty(0, np.int32)]
    for records in olds:
        row, cell = np.nonzero(records.items["cells"] >= 0)
        slots.append(records.entity[row] * months + records.ranks[cell])
        numbers.append(records.items["cells"][row, cell])
        before = np.cumsum(records.items["cells"] != -1, axis=1) - 1
        places.append(records.items["place"][row] + before[row, cell].astype(np.uint64))
    slot, place, number = np.concatenate(slots), np.concatenate(places), np.concatenate(numbers)
    single = alone[slot // max(months, 1)]
    slot, place, number = slot[single], place[single], number[single]
    unchanged = values.ravel()[slot] == number
    if all_new:
        count = sum(int(np.count_nonzero(r.items["cells"][alone[r.entity]] >= 0)) for r in news)
        return Found(np.empty(0, PICK), place[:0], place[:0], count, 0, count)
    matched = np.zeros(values.size, np.bool_)
    matched[slot[unchanged]] = True
    matched = matched.reshape(values.shape)
    picked: list[np.ndarray] = [np.empty(0, np.uint64)]
    delivered = 0
    for records in news:
        is_delivered = (records.items["cells"] >= 0) & alone[records.entity][:, None]
        row, cell = np.nonzero(is_delivered & ~matched[records.entity[:, None], records.ranks])
        picked.append(records.items["place"][row] | cell.astype(np.uint64))
        delivered += int(np.count_nonzero(is_delivered))
    picks = np.empty(sum(map(len, picked)), PICK)
    picks["place"], picks["rank"] = np.concatenate(picked), 1
    same = int(np.count_nonzero(unchanged))
    return Found(picks, place[~unchanged], place[:0], len(picks), same, delivered)


def _fact_by_fact(
    news: list[_Records], olds: list[_Records], odd: np.ndarray, alone: np.ndarray, all_new: bool
) -> Found:
    """Compare, fact by fact, the other entities."""
    delivered = [np.empty(0, NAME)]
    for records in news:
        items = records.items[~alone[records.entity]]
        delivered.append(names_of_months(items, records.months)[0])
    earlier = np.empty(len(odd), STORED)
    for name in STORED.names or ():
        earlier[name] = odd[name]
    stored = [earlier]
    for records in olds:
        items = records.items[~alone[records.entity]]
        names, row, cell = names_of_months(items, records.months)
        facts = np.empty(len(names), STORED)
        facts["first"], facts["second"], facts["rank"] = names["first"], names["second"], 1
        before = np.cumsum(items["cells"] != -1, axis=1) - 1
        facts["place"] = items["place"][row] + before[row, cell].astype(np.uint64)
        stored.append(facts)
    return found_in(np.concatenate(delivered), np.concatenate(stored), np.empty(0, STORED), all_new)
