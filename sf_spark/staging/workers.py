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
        function: That a worker can import.
        tasks: Plain values.
        here: Whether they are too small for workers, which need half a second; a single one never goes there.

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
    """Run a function on each task, in order: its outcome, or why its file is broken. See :func:`run`."""
    if here or len(tasks) <= 1:
        return [_attempted(function, task) for task in tasks]
    # A task of some bytes each; what many have in common is pickled once.
    pickled = _cloudpickled((function, list(tasks)))

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Before Polars is loaded: Spark runs as many tasks at a time as there are cores.
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
        todo, all_tasks = pickle.loads(pickled)
        for batch in batches:
            for rank in batch.column("id").to_pylist():
                outcome = pickle.dumps(_attempted(todo, all_tasks[rank]))
                yield pa.RecordBatch.from_pydict({"rank": [rank], "outcome": [outcome]})

    # A partition costs a tenth of a second; some for each core even out what tasks differ by.
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
