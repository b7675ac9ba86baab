"""The delivery of a source in a batch: read its files as ranges, and prove that these hold each record once."""

import uuid
from dataclasses import dataclass, replace
from datetime import date

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import batch_date
from sf_spark.errors import BrokenFileError
from sf_spark.lake.files import TableFile
from sf_spark.lake.storage import remove_files
from sf_spark.landing.facts import Stamp
from sf_spark.landing.range_task import Output, RangeOutcome, RangeTask
from sf_spark.sources import Source
from sf_spark.staging.cells import Grid
from sf_spark.staging.comparison import buckets_for
from sf_spark.staging.exchange import Parts
from sf_spark.staging.range_tasks import Sorted, SortTask, read_and_sort
from sf_spark.staging.workers import attempt

PARTITION = "_batch"
_SMALL_TEXT = 8 << 20
_SMALL_TABLE = 2_000_000  # rows
_BYTES_OF_A_FACT = {True: 4, False: 60}  # bytes of a wide file, of a long one: a guess


@dataclass(frozen=True)
class Batch:
    """The delivery of a source in a batch, and what the staged table holds.

    Attributes:
        spark: Session, for work that is worth workers.
        source: The source.
        name: ``AAMM`` or ``AAMM_NN``.
        others: The other batches already taken in for the source.
        folder: Folder of the staged table.
        scratch: A folder of this delivery alone.
        table: The staged table as read; None if it does not exist yet.
        stored: Files of the table.
        size: Bytes of the delivered text.
    """

    spark: SparkSession
    source: Source
    name: str
    others: tuple[str, ...]
    folder: str
    scratch: str
    table: DeltaTable | None
    stored: tuple[TableFile, ...]
    size: int

    @property
    def day(self) -> date:
        """The day on which the delivery counts as known."""
        return batch_date(self.name)

    @property
    def is_snapshot(self) -> bool:
        """Whether the absence of a fact withdraws it."""
        return self.source.delivery == "snapshot"

    @property
    def is_sub_batch(self) -> bool:
        """Whether it corrects a delivery of the same month, and shares its day."""
        return "_" in self.name

    @property
    def earlier(self) -> list[TableFile]:
        """The files that the delivery is compared with."""
        return [file for file in self.stored if file.partition < self.name]

    @property
    def later(self) -> list[TableFile]:
        """The files of later batches."""
        return [file for file in self.stored if file.partition > self.name]

    @property
    def own(self) -> list[TableFile]:
        """The files that an earlier run of the same batch left."""
        return [file for file in self.stored if file.partition == self.name]

    @property
    def all_new(self) -> bool:
        """Whether there is nothing to compare the delivery with."""
        return not self.earlier and not (self.later and not self.is_snapshot)

    @property
    def is_small_text(self) -> bool:
        """Whether the delivered text is too small for workers."""
        return self.size <= _SMALL_TEXT

    @property
    def is_small_comparison(self) -> bool:
        """Whether the comparison with the stored facts is too small for workers."""
        return self.is_small_text and sum(max(file.rows, 0) for file in self.stored) <= _SMALL_TABLE

    @property
    def buckets(self) -> int:
        """The number of buckets of the comparison, from the bytes of the delivery and the stored rows."""
        stored = sum(max(file.rows, 0) for file in (*self.earlier, *self.later))
        return buckets_for(max(self.size // _BYTES_OF_A_FACT[bool(self.source.wide)], stored))

    def scratch_for(self, name: str, small: bool) -> str:
        """The scratch file in which a task leaves arrays for others; '' where they stay in memory."""
        return "" if small else f"{self.scratch}/{name}"

    def stamp(self, file: str) -> Stamp:
        """Values that all facts of a file share."""
        return Stamp(file, self.day, by_rule=not any(other < self.name for other in self.others))

    def new_path(self) -> str:
        """A path for a file of this batch, relative to the table's folder, and unique to this run."""
        return f"{PARTITION}={self.name}/part-{uuid.uuid4().hex}.parquet"

    def uri(self, path: str) -> str:
        """The URI of a file of the table."""
        return f"{self.folder}/{path}"


@dataclass
class FileRead:
    """A delivered file that has been read: its ranges and their outcomes."""

    tasks: list[RangeTask]
    outcomes: list[RangeOutcome]
    names: list[Parts | Grid]
    paths: list[str]  # paths of the files written for each range, '' for none


def read_files(batch: Batch, files: list[list[RangeTask]]) -> list[FileRead | BrokenFileError]:
    """Read the ranges of files, all together; a file that cannot be read breaks no other.

    Args:
        batch: The delivery.
        files: The ranges of each file, ranks counted over all of them.
    """
    tasks = [_with_output(batch, task) for ranges in files for task in ranges]
    small = batch.is_small_text
    sorts = [SortTask(task, batch.buckets, batch.scratch_for(f"names-{task.range.rank}", small)) for task in tasks]
    done = attempt(batch.spark, read_and_sort, sorts, small)
    by_rank = {task.range.rank: (task, sort) for task, sort in zip(tasks, done, strict=True)}
    return [_proven(batch, [by_rank[task.range.rank] for task in ranges]) for ranges in files]


def _with_output(batch: Batch, task: RangeTask) -> RangeTask:
    if not batch.all_new:
        # The readable cells of a rejected wide record are facts on their own, and correct.
        takes_rejected = bool(batch.source.wide) and task.context.takes_rejected
        return replace(task, context=replace(task.context, takes_rejected=takes_rejected))
    task = replace(task, context=replace(task.context, takes_rejected=True))
    return replace(task, output=Output(batch.uri(batch.new_path()), batch.stamp(task.name)))


def _proven(batch: Batch, found: list[tuple[RangeTask, Sorted | BrokenFileError]]) -> FileRead | BrokenFileError:
    """Prove that the ranges of a file hold each record once; a range that began inside a record is read again."""
    read = FileRead([], [], [], [])
    position: tuple[int, int] | None = None
    for task, sort in found:
        if isinstance(sort, Sorted) and position is not None and sort.outcome.first != position[0]:
            discard_file(task)
            start, line = position
            exact = replace(task.range, begin=start, stop=max(start, task.range.stop), line=line, exact=True)
            task = _with_output(batch, replace(task, range=exact, output=None))
            scratch = batch.scratch_for(f"names-{task.range.rank}-again", batch.is_small_text)
            (sort,) = attempt(batch.spark, read_and_sort, [SortTask(task, batch.buckets, scratch)], here=True)
        if isinstance(sort, BrokenFileError):
            discard(read)
            for written, _ in found:
                discard_file(written)
            return sort
        position = (sort.outcome.next, sort.outcome.next_line)
        read.tasks.append(task)
        read.outcomes.append(sort.outcome)
        read.names.append(sort.names)
        read.paths.append(task.output.uri[len(batch.folder) + 1 :] if task.output and sort.outcome.rows else "")
    return read


def discard(read: FileRead) -> None:
    """Remove the files written for a delivered file; no table names them yet."""
    for task in read.tasks:
        discard_file(task)


def discard_file(task: RangeTask) -> None:
    """Remove the file written for a range, if any; no table names it yet."""
    if task.output is not None:
        remove_files([task.output.uri])
