"""Tasks handed to Spark's Python workers: plain functions of plain values."""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pyarrow as pa
from pyspark import cloudpickle
from pyspark.sql import SparkSession

from sf_spark.errors import BrokenFileError

T = TypeVar("T")
R = TypeVar("R")
_PARTITIONS_OF_A_CORE = 8


def run(spark: SparkSession, function: Callable[[T], R], tasks: Sequence[T], here: bool) -> list[R]:
    """Run a function on each task, in order.

    Args:
        spark: The session.
        function: A function that a worker can import.
        tasks: Its arguments: plain values.
        here: Whether to run here: workers take half a second to start, and a single task never goes to them.

    Raises:
        BrokenFileError: When a task raises it.
    """
    outcomes = attempt(spark, function, tasks, here)
    for outcome in outcomes:
        if isinstance(outcome, BrokenFileError):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BrokenFileError)]


def attempt(
    spark: SparkSession, function: Callable[[T], R], tasks: Sequence[T], here: bool
) -> list[R | BrokenFileError]:
    """Run a function on each task, in order; return its outcome, or why its file is broken. See :func:`run`."""
    if here or len(tasks) <= 1:
        return [_attempted(function, task) for task in tasks]
    # Each task takes a few bytes: shared values are pickled once.
    pickled = _cloudpickled((function, list(tasks)))

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Set before Polars is loaded: Spark already runs one task on each core.
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
        todo, all_tasks = pickle.loads(pickled)
        for batch in batches:
            for rank in batch.column("id").to_pylist():
                outcome = pickle.dumps(_attempted(todo, all_tasks[rank]))
                yield pa.RecordBatch.from_pydict({"rank": [rank], "outcome": [outcome]})

    # A partition costs a tenth of a second; a few for each core even out tasks of different sizes.
    partitions = min(len(tasks), _PARTITIONS_OF_A_CORE * spark.sparkContext.defaultParallelism)
    ranks = spark.range(0, len(tasks), 1, partitions)
    rows = ranks.mapInArrow(work, "rank long, outcome binary").collect()
    by_rank = {row["rank"]: row["outcome"] for row in rows}
    return [pickle.loads(by_rank[rank]) for rank in range(len(tasks))]


def _attempted(function: Callable[[T], R], task: T) -> R | BrokenFileError:
    try:
        return function(task)
    except BrokenFileError as error:
        return error


def _cloudpickled(value: object) -> bytes:
    return bytes(cloudpickle.dumps(value))
