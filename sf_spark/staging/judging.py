"""What the absences from a snapshot mean: which facts end, which are held back, which return."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from sf_spark.lake.files import TableFile
from sf_spark.staging.absence import (
    JudgeTask,
    NewKeysTask,
    ReturnedTask,
    judge,
    new_keys,
    replaced,
    returned_keys,
)
from sf_spark.staging.batch import Batch
from sf_spark.staging.comparing import size_of
from sf_spark.staging.comparison import BucketOutcome
from sf_spark.staging.damaged_keys import (
    Strangers,
    StrangersTask,
    known,
    resembling,
    strangers_of,
    together,
    without,
)
from sf_spark.staging.exchange import Parts
from sf_spark.staging.perimetre import NEVER_FILTERED
from sf_spark.staging.silence import SearchTask, Silence, explained, search
from sf_spark.staging.stored import Rows
from sf_spark.staging.workers import run


@dataclass(frozen=True)
class Absences:
    """What the absences from a snapshot mean: rows that end, by file; how many end, are held back, or are outside.

    ``held_keys``: hashed natural keys of the facts that are held back.
    """

    rows: dict[int, tuple[Rows, ...]]
    listed: list[pa.Table]
    ended: int
    facts_held_back: int
    outside: int
    held_keys: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))


def returned_of(
    batch: Batch, compared: list[TableFile], ended: Sequence[int], outcomes: list[BucketOutcome]
) -> np.ndarray:
    """The natural keys of facts ended by an earlier run or delivery of the day, and delivered again."""
    tasks = [
        ReturnedTask(
            *(batch.uri(file.path), rank, [o.absent for o in outcomes if size_of(o.absent, rank)]),
            *(batch.source, batch.day),
        )
        for rank, file in enumerate(compared)
        if ended[rank]
    ]
    return np.concatenate([np.empty(0, np.uint64), *run(batch.spark, returned_keys, tasks, batch.is_small_comparison)])


def absences_of(
    batch: Batch,
    compared: list[TableFile],
    outcomes: list[BucketOutcome],
    silence: Silence,
    added: list[TableFile],
    left_out: Sequence[pa.Table],
    returned: np.ndarray,
) -> Absences:
    """Judge every absence from a snapshot.

    Args:
        batch: The delivery.
        compared: Stored files that it is compared with.
        outcomes: What the comparison found.
        silence: What the delivery says nothing about.
        added: Files of its new facts.
        left_out: Keys that the perimeter leaves out.
        returned: Natural keys of facts that an earlier run ended and that are delivered again.
    """
    absent = {
        rank: tuple(o.absent for o in outcomes if size_of(o.absent, rank))
        for rank in range(len(compared))
        if any(size_of(o.absent, rank) for o in outcomes)
    }
    small, where = batch.is_small_comparison, {rank: batch.uri(compared[rank].path) for rank in absent}
    new = np.empty(0, np.uint64)
    if absent:
        files = [NewKeysTask(batch.uri(file.path), batch.source) for file in added]
        keys = run(batch.spark, new_keys, files, batch.is_small_text)
        new = np.sort(np.concatenate([returned, *(one.natural for one in keys)]))
        # A register may bring companies that are new to it.
        entities = [] if batch.source.name in NEVER_FILTERED else [one.entities for one in keys]
        strangers = _strangers(batch, compared, absent, strangers_of(left_out, batch.source, entities))
        silence = replace(silence, strangers=strangers)
    if silence.is_nothing or not absent:
        rows = {rank: tuple(Rows(parts, rank) for parts in found) for rank, found in absent.items()}
        ended = sum(size_of(parts, rank) for rank, found in absent.items() for parts in found)
        return Absences(rows, [], ended, 0, 0)
    if silence.every_text:
        # An unreadable line may name an entity of any file, even one without absent facts.
        everywhere = [
            SearchTask(batch.uri(file.path), rank, absent.get(rank, ()), batch.source, silence.every_text)
            for rank, file in enumerate(compared)
        ]
        silence = explained(silence, run(batch.spark, search, everywhere, small))
    tasks = [
        JudgeTask(
            *(where[rank], rank, compared[rank].partition, batch.name, found, batch.source, silence, new),
            batch.day if batch.is_sub_batch else None,
        )
        for rank, found in absent.items()
    ]
    judged = run(batch.spark, judge, tasks, small)
    corrected = replaced(judged, new)
    rows = {
        rank: (Rows(rows=one.ended), Rows(rows=also)) for rank, one, also in zip(absent, judged, corrected, strict=True)
    }
    ended = sum(len(one.ended) + len(also) for one, also in zip(judged, corrected, strict=True))
    total = sum(size_of(parts, rank) for rank, found in absent.items() for parts in found)
    return Absences(
        *(rows, [one.facts_held_back for one in judged], ended, total - ended, sum(one.outside for one in judged)),
        np.concatenate([np.empty(0, np.uint64), *(one.held_keys for one in judged)]),
    )


def _strangers(
    batch: Batch, compared: list[TableFile], absent: dict[int, tuple[Parts, ...]], strangers: Strangers
) -> Strangers:
    """The delivered keys that no entity had before, and that nearly match the key of an absent fact."""

    def tasks(ranks: Iterable[int], some: Strangers) -> list[StrangersTask]:
        files = ((rank, batch.uri(compared[rank].path)) for rank in ranks)
        return [StrangersTask(uri, rank, absent.get(rank, ()), batch.source, some) for rank, uri in files]

    if not strangers:
        return strangers
    small = batch.is_small_comparison
    near = together(run(batch.spark, resembling, tasks(absent, strangers), small))
    if not near:
        return near
    return without(near, together(run(batch.spark, known, tasks(range(len(compared)), near), small)))
