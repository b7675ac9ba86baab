"""What workers do with the ranges of a delivery: plain functions, in a module that loads quickly, without Spark."""

from dataclasses import dataclass, replace

import numpy as np

from sf_spark.landing.range_task import RangeOutcome, RangeTask
from sf_spark.landing.reading import read_range
from sf_spark.staging.cells import Grid, sorted_grid
from sf_spark.staging.comparison import bucket_of
from sf_spark.staging.exchange import Parts, partitioned


@dataclass(frozen=True)
class Sorted:
    """The outcome of a range, and the names of its facts (of a wide file, its records) in buckets."""

    outcome: RangeOutcome
    names: Parts | Grid


@dataclass(frozen=True)
class SortTask:
    """A range to read, and where and in how many buckets to leave the names of its facts."""

    task: RangeTask
    buckets: int
    scratch: str


def read_and_sort(sort: SortTask) -> Sorted:
    """Read a range, and leave the names of its facts in buckets."""
    outcome = read_range(sort.task)
    names, outcome.names = outcome.names, outcome.names[:0]
    if sort.task.reading.source.wide:
        return Sorted(outcome, sorted_grid(names, sort.task.reading.days, sort.buckets, sort.scratch))
    return Sorted(outcome, partitioned(names, bucket_of(names["first"], sort.buckets), sort.buckets, sort.scratch))


@dataclass(frozen=True)
class WriteTask:
    """A range, and the facts of it to write: picks of each bucket, by range."""

    task: RangeTask
    picks: tuple[Parts, ...]


def write_picked(write: WriteTask) -> RangeOutcome:
    """Read a range again and write the facts that were picked."""
    picks = np.concatenate([parts.part(write.task.range.rank) for parts in write.picks])
    picks = picks[np.argsort(picks["place"])]
    assert write.task.output is not None
    output = replace(write.task.output, places=picks["place"].copy(), ranks=picks["rank"].copy())
    outcome = read_range(replace(write.task, output=output))
    return RangeOutcome(rows=outcome.rows, bytes=outcome.bytes)
