"""Storing the facts of one delivery as versions: what appears, what ends, and what a repeat or a late batch changes.

Storing replaces whatever an earlier run of the same batch has left, in one commit, so it gives the same table when it
is repeated, when it was killed, and when the files of a delivery come in several runs:

    source       batch                     the table afterwards
    snapshot     after the latest          changes are added, absent facts end
    snapshot     the latest, again         as if this delivery had come at once: ends that it dated are undone first
    increment    any, in any order         each fact belongs to the first batch that holds it

Only fingerprints are compared. The facts of a delivery that is held against nothing are written while it is read. Of
another one, only the new facts are written: it is known then where they stand, so these records are read once more.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from pyspark.sql import SparkSession

from sf_spark.calendar import batch_date
from sf_spark.errors import BrokenFileError
from sf_spark.lake.files import TableFile, commit_files, files_of, is_table
from sf_spark.landing.facts import Stamp
from sf_spark.landing.opening import file_system
from sf_spark.landing.reading import Output, RangeOutcome, RangeTask, read_range, staged_schema
from sf_spark.sources import Source
from sf_spark.staging.comparison import BucketOutcome, BucketTask, bucket_of, buckets_for, compare_bucket
from sf_spark.staging.exchange import Parts, partitioned
from sf_spark.staging.stored import Edited, EditTask, Names, NamesTask, edit_file, stored_names
from sf_spark.staging.workers import attempt, run

PARTITION = "_batch"
_SMALL_TEXT = 8 << 20
_SMALL_TABLE = 2_000_000  # rows
_BYTES_OF_A_FACT = {True: 4, False: 60}  # of a delivered text: in a wide file, in a long one; a guess, for buckets only


@dataclass(frozen=True)
class Batch:
    """The delivery of a source in a batch, and what the staged table holds.

    Attributes:
        spark: For what is worth workers.
        source: The source.
        name: ``AAMM`` or ``AAMM_NN``.
        others: The other batches that the source has been taken in for.
        folder: Of the staged table.
        cutoff_day: Of a month.
        scratch: A folder that is this delivery's own.
        stored: The files of the table.
        size: Bytes of the delivered text.
    """

    spark: SparkSession
    source: Source
    name: str
    others: tuple[str, ...]
    folder: str
    cutoff_day: int
    scratch: str
    stored: tuple[TableFile, ...]
    size: int

    @property
    def day(self) -> date:
        """The day on which the delivery counts as known."""
        return batch_date(self.name, self.cutoff_day)

    @property
    def is_snapshot(self) -> bool:
        """Whether an absent fact is a withdrawn one."""
        return self.source.delivery == "snapshot"

    @property
    def earlier(self) -> list[TableFile]:
        """The files that the delivery is held against."""
        return [file for file in self.stored if file.partition < self.name]

    @property
    def later(self) -> list[TableFile]:
        """The files of batches behind this one."""
        return [file for file in self.stored if file.partition > self.name]

    @property
    def own(self) -> list[TableFile]:
        """What an earlier run of the same batch has left."""
        return [file for file in self.stored if file.partition == self.name]

    @property
    def all_new(self) -> bool:
        """Whether there is nothing to hold the delivery against."""
        return not self.earlier and not (self.later and not self.is_snapshot)

    @property
    def is_small_text(self) -> bool:
        """Whether the delivered text is not worth workers."""
        return self.size <= _SMALL_TEXT

    @property
    def is_small_comparison(self) -> bool:
        """Whether the comparison with what is stored is not worth workers."""
        return self.is_small_text and sum(max(file.rows, 0) for file in self.stored) <= _SMALL_TABLE

    @property
    def buckets(self) -> int:
        """How many buckets the comparison is worth, from the bytes of the delivery and the rows that are stored."""
        stored = sum(max(file.rows, 0) for file in (*self.earlier, *self.later))
        return buckets_for(max(self.size // _BYTES_OF_A_FACT[bool(self.source.wide)], stored))

    def scratch_for(self, name: str, small: bool) -> str:
        """Where a task leaves arrays for others; '' where they stay in memory."""
        return "" if small else f"{self.scratch}/{name}"

    def stamp(self, file: str) -> Stamp:
        """What the facts of a file have in common."""
        return Stamp(file, self.day, by_rule=not any(other < self.name for other in self.others))

    def new_path(self) -> str:
        """A path for a file of this batch, from the table's folder: no other run has it."""
        return f"{PARTITION}={self.name}/part-{uuid.uuid4().hex}.parquet"

    def uri(self, path: str) -> str:
        """Where a file of the table lies."""
        return f"{self.folder}/{path}"


@dataclass
class FileRead:
    """A delivered file that has been read: its ranges, and what they hold."""

    tasks: list[RangeTask]
    outcomes: list[RangeOutcome]
    names: list[Parts]
    paths: list[str]  # of the files written for each range, '' for none


@dataclass(frozen=True)
class _Sorted:
    """The outcome of a range, its names in parts."""

    outcome: RangeOutcome
    names: Parts


@dataclass(frozen=True)
class _SortTask:
    task: RangeTask
    buckets: int
    scratch: str


def _read_and_sort(sort: _SortTask) -> _Sorted:
    outcome = read_range(sort.task)
    names, outcome.names = outcome.names, outcome.names[:0]
    return _Sorted(outcome, partitioned(names, bucket_of(names["first"], sort.buckets), sort.buckets, sort.scratch))


def read_files(batch: Batch, files: list[list[RangeTask]]) -> list[FileRead | BrokenFileError]:
    """Read the ranges of files, all at a time; a file that cannot be read is broken alone.

    Args:
        batch: The delivery.
        files: The ranges of each file, ranks counted over all of them.
    """
    tasks = [_with_output(batch, task) for ranges in files for task in ranges]
    small = batch.is_small_text
    sorts = [_SortTask(task, batch.buckets, batch.scratch_for(f"names-{task.range.rank}", small)) for task in tasks]
    done = attempt(batch.spark, _read_and_sort, sorts, small)
    by_rank = {task.range.rank: (task, sort) for task, sort in zip(tasks, done, strict=True)}
    return [_proven(batch, [by_rank[task.range.rank] for task in ranges]) for ranges in files]


def _with_output(batch: Batch, task: RangeTask) -> RangeTask:
    if not batch.all_new:
        return task
    return replace(task, output=Output(batch.uri(batch.new_path()), batch.stamp(task.name)))


def _proven(batch: Batch, found: list[tuple[RangeTask, _Sorted | BrokenFileError]]) -> FileRead | BrokenFileError:
    """Prove that the ranges of a file hold each record once; one that began inside a record is read again."""
    read = FileRead([], [], [], [])
    position: tuple[int, int] | None = None
    for task, sort in found:
        if isinstance(sort, BrokenFileError):
            for written, _ in found:
                discard_file(written)
            return sort
        if position is not None and sort.outcome.first != position[0]:
            discard_file(task)
            start, line = position
            exact = replace(task.range, begin=start, stop=max(start, task.range.stop), line=line, exact=True)
            task = _with_output(batch, replace(task, range=exact, output=None))
            scratch = batch.scratch_for(f"names-{task.range.rank}-again", batch.is_small_text)
            sort = _read_and_sort(_SortTask(task, batch.buckets, scratch))
        position = (sort.outcome.next, sort.outcome.next_line)
        read.tasks.append(task)
        read.outcomes.append(sort.outcome)
        read.names.append(sort.names)
        read.paths.append(task.output.uri[len(batch.folder) + 1 :] if task.output and sort.outcome.rows else "")
    return read


def discard(read: FileRead) -> None:
    """Remove the files that were written for a delivered file; no table names them yet."""
    for task in read.tasks:
        discard_file(task)


def discard_file(task: RangeTask) -> None:
    """Remove the file that was written for a range, if there is one; no table names it yet."""
    if task.output is None:
        return
    system, path = file_system(task.output.uri)
    if system.get_file_info(path).is_file:
        system.delete_file(path)


@dataclass(frozen=True)
class Change:
    """What a delivery changed: facts added, ended, and that stayed as they were."""

    added: int
    ended: int
    unchanged: int


def store(batch: Batch, reads: Sequence[FileRead], broken: Sequence[str]) -> Change:
    """Write a delivery into its staged table, in one commit; nothing is written when it changes nothing.

    Args:
        batch: The delivery.
        reads: The files that were read.
        broken: Names of the files that could not be; what they gave in an earlier run stays.
    """
    compared = [*batch.earlier, *(batch.later if not batch.is_snapshot else [])]
    small = batch.is_small_comparison
    tasks = [
        NamesTask(
            *(batch.uri(file.path), rank, batch.buckets, batch.day if batch.is_snapshot else None),
            batch.scratch_for(f"stored-{rank}", small),
        )
        for rank, file in enumerate(compared)
    ]
    names = run(batch.spark, stored_names, tasks, small)
    outcomes = _compare(batch, reads, names)
    added = _write_new(batch, reads, outcomes)
    edits = _edit(batch, compared, names, outcomes, broken)
    edits += _of_broken_files(batch, broken)
    removed = [file for file, _ in edits]
    added += [edited for _, edited in edits if edited.rows]
    if added or removed or not is_table(batch.folder):
        commit_files(batch.folder, staged_schema(batch.source, PARTITION), PARTITION, added, removed)
    whole = batch.is_snapshot and not broken
    facts = sum(outcome.new for outcome in outcomes)
    held = sum(outcome.unchanged for outcome in outcomes)
    in_force = sum(name.facts for name in names[: len(batch.earlier)])
    return Change(facts, in_force - held if whole else 0, held)


def _compare(batch: Batch, reads: Sequence[FileRead], names: list[Names]) -> list[BucketOutcome]:
    earlier, small = len(batch.earlier), batch.is_small_comparison
    delivered = [parts for read in reads for parts in read.names]
    ranges = max((task.range.rank for read in reads for task in read.tasks), default=-1) + 1
    tasks = [
        BucketTask(
            *(bucket, delivered, [n.parts for n in names[:earlier]], [n.parts for n in names[earlier:]]),
            *(ranges, len(names), batch.all_new, batch.scratch_for("bucket", small)),
        )
        for bucket in range(batch.buckets)
    ]
    return run(batch.spark, compare_bucket, tasks, small)


def _write_new(batch: Batch, reads: Sequence[FileRead], outcomes: list[BucketOutcome]) -> list[TableFile]:
    """The files of the new facts, written now where they were not while the delivery was read."""
    files, todo = [], []
    for read in reads:
        for task, outcome, path in zip(read.tasks, read.outcomes, read.paths, strict=True):
            rank = task.range.rank
            picked = [found.picks for found in outcomes if _size(found.picks, rank)]
            if not picked and path:
                files.append(TableFile(path, outcome.bytes, outcome.rows, batch.name))
            elif picked:
                discard_file(task)
                output = Output(batch.uri(batch.new_path()), batch.stamp(task.name), others=batch.all_new)
                todo.append(_WriteTask(replace(task, output=output), tuple(picked)))
    for write, outcome in zip(todo, run(batch.spark, _write_picked, todo, batch.is_small_text), strict=True):
        assert write.task.output is not None
        if outcome.rows:
            path = write.task.output.uri[len(batch.folder) + 1 :]
            files.append(TableFile(path, outcome.bytes, outcome.rows, batch.name))
    return files


@dataclass(frozen=True)
class _WriteTask:
    task: RangeTask
    picks: tuple[Parts, ...]


def _write_picked(write: _WriteTask) -> RangeOutcome:
    """Read a range again and write the facts that were picked."""
    picks = np.concatenate([parts.part(write.task.range.rank) for parts in write.picks])
    picks = picks[np.argsort(picks["place"])]
    assert write.task.output is not None
    output = replace(write.task.output, places=picks["place"].copy(), ranks=picks["rank"].copy())
    outcome = read_range(replace(write.task, output=output))
    return RangeOutcome(rows=outcome.rows, bytes=outcome.bytes)


def _edit(
    batch: Batch,
    compared: list[TableFile],
    names: list[Names],
    outcomes: list[BucketOutcome],
    broken: Sequence[str],
) -> list[tuple[TableFile, TableFile]]:
    """The stored files that facts end in or leave, each with the file that takes its place."""
    # A snapshot with a broken file is not whole: what it lacks is not withdrawn.
    whole = batch.is_snapshot and not broken
    todo = []
    for rank, (file, name) in enumerate(zip(compared, names, strict=True)):
        ended = tuple(o.absent for o in outcomes if whole and _size(o.absent, rank))
        taken = tuple(o.taken for o in outcomes if _size(o.taken, rank))
        is_later = file.partition > batch.name
        if not (ended or taken or is_later or name.has_ended):
            continue
        target = f"{PARTITION}={file.partition}/part-{uuid.uuid4().hex}.parquet"
        # A batch behind this one is no first delivery (any more): its own date is the truth.
        known_on = batch_date(file.partition, batch.cutoff_day) if is_later else None
        day = batch.day if batch.is_snapshot else None
        task = EditTask(batch.uri(file.path), batch.uri(target), rank, ended, taken, day, known_on)
        todo.append((file, target, task))
    done = run(batch.spark, edit_file, [task for _, _, task in todo], batch.is_small_comparison)
    return [
        (file, _edited(target, edited, file.partition))
        for (file, target, _), edited in zip(todo, done, strict=True)
        if edited.outcome != "unchanged"
    ]


def _of_broken_files(batch: Batch, broken: Sequence[str]) -> list[tuple[TableFile, TableFile]]:
    """What an earlier run of the batch has left: replaced, but for what it has read of files that are broken now."""
    targets = [batch.new_path() for _ in batch.own]
    tasks = [
        EditTask(batch.uri(file.path), batch.uri(target), of_files=tuple(broken))
        for file, target in zip(batch.own, targets, strict=True)
    ]
    done = run(batch.spark, edit_file, tasks, batch.is_small_comparison) if broken else [Edited("empty") for _ in tasks]
    return [
        (file, _edited(target, edited, batch.name))
        for file, target, edited in zip(batch.own, targets, done, strict=True)
        if edited.outcome != "unchanged"
    ]


def _edited(target: str, edited: Edited, partition: str) -> TableFile:
    return TableFile(target, edited.bytes, edited.rows, partition)


def _size(parts: Parts, rank: int) -> int:
    return int(parts.ends[rank] - (parts.ends[rank - 1] if rank else 0))


def stored_files(folder: str) -> tuple[TableFile, ...]:
    """The files of a staged table; none where it is not there yet."""
    return tuple(files_of(folder, PARTITION)) if is_table(folder) else ()
