"""What the absence of a fact from a snapshot means: its end, or nothing.

An absence ends a fact only if it is deliberate. A line that was rejected, or left out by a rule or by the perimeter,
says nothing about the facts that it may have held: they stay in force, *held back* from ending until a delivery says
more.

    why a fact is held back    which facts
    damaged_line               those of the entity or the account that such a line names; where its key cannot be read,
                               those whose key, SIREN or account stands in its text, or nearly does; so too of a
                               record of several lines, of which a stray quote may have made one
    unreadable_line            all, when there is a line in which none of that is found; when a line end may be lost in
                               one; when zero bytes or a blank line stand in a file
    damaged_key                those whose key or account may be the damaged one of a line: see ``damaged_keys``
    outside_perimeter          those of companies that the perimeter leaves out now
    broken_file                all, when a file of the delivery could not be read
    cut_file                   all, when a file ends inside a record
    missing_file               all, when the source had more files in the delivery before
    partial                    all, when the delivery is said to be partial
    damaged_header             all, when a column does not name the month that should stand there

A correction is still applied: held-back facts end when the delivery holds at least as many new facts with their natural
key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sf_spark.lake.storage import open_bytes
from sf_spark.landing.facts import natural_keys
from sf_spark.landing.source import Source
from sf_spark.staging.comparison import row_of
from sf_spark.staging.damaged_keys import ACCOUNT, may_be_damaged
from sf_spark.staging.exchange import Parts
from sf_spark.staging.silence import Silence

_MOST_LISTED = 100_000  # held-back facts listed one by one, for each file
HELD_BACK = pa.schema(
    [
        *((name, pa.string()) for name in ("source", "_batch", "key", "reason", "_fact_batch", "_fact_file")),
        ("_fact_line", pa.int64()),
    ]
)


@dataclass(frozen=True)
class NewKeysTask:
    """A file of new facts."""

    uri: str
    source: Source


@dataclass(frozen=True)
class NewKeys:
    """The hashed natural keys of the facts of a file, and the distinct keys of their entities."""

    natural: np.ndarray
    entities: pa.Array


def new_keys(task: NewKeysTask) -> NewKeys:
    """Read what identifies the facts of a file."""
    with open_bytes(task.uri) as file:
        table = pq.ParquetFile(file).read(columns=sorted({task.source.key_column, *task.source.natural_key}))
    entities = table.column(task.source.key_column).cast(pa.string()).unique()
    return NewKeys(natural_keys(table, task.source), entities)


@dataclass(frozen=True)
class ReturnedTask:
    """A stored file with facts that an earlier run or delivery of the day has ended.

    Attributes:
        uri: URI of the file.
        rank: Among the files of the comparison.
        absent: By file, of each bucket.
        source: The source.
        day: Day of the delivery.
    """

    uri: str
    rank: int
    absent: Sequence[Parts]
    source: Source
    day: date


def returned_keys(task: ReturnedTask) -> np.ndarray:
    """The hashed natural keys of the facts that ended on the day, and that the delivery holds again."""
    absent = row_of(np.concatenate([np.empty(0, np.uint64), *(part.part(task.rank) for part in task.absent)]))
    with open_bytes(task.uri) as file:
        parquet = pq.ParquetFile(file)
        ended = pc.fill_null(pc.equal(parquet.read(columns=["superseded_on"]).column(0), pa.scalar(task.day)), False)
        rows = np.setdiff1d(np.flatnonzero(ended.to_numpy()), absent)
        return natural_keys(_rows_of(task.uri, rows, task.source), task.source)


@dataclass(frozen=True)
class JudgeTask:
    """A stored file some of whose facts are absent from a delivery.

    Attributes:
        uri: URI of the file.
        rank: Among the files of the comparison.
        batch: The batch that its facts belong to.
        delivery: The batch from which some are absent.
        absent: By file, of each bucket: see :class:`sf_spark.staging.comparison.BucketOutcome`.
        source: The source.
        silence: What the delivery says nothing about.
        new: Hashed natural keys of the delivery's new facts, sorted.
        ended_on: Facts that ended on this day stay ended: a sub-batch shares the day with the delivery that ended them.
            None: this delivery itself ended what ended on its day.
    """

    uri: str
    rank: int
    batch: str
    delivery: str
    absent: Sequence[Parts]
    source: Source
    silence: Silence
    new: np.ndarray
    ended_on: date | None = None


@dataclass(frozen=True)
class Judged:
    """What the absences in a file mean.

    Attributes:
        ended: Rows of the facts that end.
        corrected: Rows of held-back facts that new facts may replace.
        corrected_keys: Their hashed natural keys.
        held_keys: Hashed natural keys of the other facts that are held back.
        outside: Number of absent facts of companies outside the perimeter.
        facts_held_back: The other facts that are held back: see ``HELD_BACK``.
    """

    ended: np.ndarray
    corrected: np.ndarray
    corrected_keys: np.ndarray
    held_keys: np.ndarray
    outside: int
    facts_held_back: pa.Table


def judge(task: JudgeTask) -> Judged:
    """Decide which absent facts of a file end, and which are held back."""
    source, silence = task.source, task.silence
    rows = np.sort(row_of(np.concatenate([np.empty(0, np.uint64), *(part.part(task.rank) for part in task.absent)])))
    table = _rows_of(task.uri, rows, source)
    key = table.column(source.key_column).cast(pa.string())
    outside = _outside(key, silence.inside)
    reason = np.full(len(rows), "", dtype="<U20")
    for why, which in (
        (silence.all_of_it, np.full(len(rows), bool(silence.all_of_it))),
        ("damaged_key", _nearly_delivered(table, key, silence)),
        ("damaged_line", _named(table, key, silence)),
        ("outside_perimeter", outside),
    ):
        reason[which] = why
    is_held = (reason != "") & ~_ended_on(table, task.ended_on)
    keys = natural_keys(table.filter(pa.array(is_held)), source)
    found = _among(keys, task.new)
    held_back = np.flatnonzero(is_held)
    listed = held_back[~found]
    return Judged(
        rows[~is_held],
        rows[held_back[found]],
        keys[found],
        keys[~found],
        int(np.count_nonzero(outside)),
        _listed(table.take(pa.array(listed[:_MOST_LISTED])), reason[listed[:_MOST_LISTED]], task),
    )


def replaced(judged: Sequence[Judged], new: np.ndarray) -> list[np.ndarray]:
    """The held-back facts that new facts replace: rows, by file.

    Args:
        judged: Outcome of :func:`judge` for each file.
        new: Hashed natural keys of the new facts.
    """
    keys = np.concatenate([np.empty(0, np.uint64), *(one.corrected_keys for one in judged)])
    distinct, needed = np.unique(keys, return_counts=True)
    delivered, counts = np.unique(new, return_counts=True)
    enough = distinct[counts[np.searchsorted(delivered, distinct)] >= needed]
    return [one.corrected[_among(one.corrected_keys, enough)] for one in judged]


def _rows_of(uri: str, rows: np.ndarray, source: Source) -> pa.Table:
    with open_bytes(uri) as file:
        parquet = pq.ParquetFile(file)
        wanted = {source.key_column, *source.natural_key, "superseded_on", "_file", "_line"}
        if ACCOUNT in parquet.schema_arrow.names:
            wanted.add(ACCOUNT)
        return parquet.read(columns=sorted(wanted)).take(pa.array(rows))


def _ended_on(table: pa.Table, day: date | None) -> np.ndarray:
    if day is None:
        return np.zeros(len(table), np.bool_)
    return pc.fill_null(pc.equal(table.column("superseded_on"), pa.scalar(day)), False).to_numpy()


def _outside(key: pa.ChunkedArray, inside: np.ndarray | None) -> np.ndarray:
    if inside is None:
        return np.zeros(len(key), np.bool_)
    siren = pc.utf8_slice_codeunits(key, 0, 9).cast(pa.int64()).to_numpy()
    if len(inside) == 0:
        return np.ones(len(key), np.bool_)
    return inside[np.minimum(np.searchsorted(inside, siren), len(inside) - 1)] != siren


def _named(table: pa.Table, key: pa.ChunkedArray, silence: Silence) -> np.ndarray:
    found = pc.is_in(key, silence.keys)
    if len(silence.sirens):
        found = pc.or_(found, pc.is_in(pc.utf8_slice_codeunits(key, 0, 9), silence.sirens))
    if len(silence.accounts) and ACCOUNT in table.column_names:
        found = pc.or_(found, pc.is_in(table.column(ACCOUNT).cast(pa.string()), silence.accounts))
    return found.to_numpy()


def _nearly_delivered(table: pa.Table, key: pa.ChunkedArray, silence: Silence) -> np.ndarray:
    account = table.column(ACCOUNT).cast(pa.string()) if ACCOUNT in table.column_names else None
    return may_be_damaged(key, account, silence.strangers)


def _among(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    if len(ordered) == 0:
        return np.zeros(len(values), np.bool_)
    return ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values


def _listed(table: pa.Table, reason: np.ndarray, task: JudgeTask) -> pa.Table:
    def always(text: str) -> pa.Array:
        return pa.repeat(pa.scalar(text), len(table))

    columns = {
        "source": always(task.source.name),
        "_batch": always(task.delivery),
        "key": table.column(task.source.key_column),
        "reason": pa.array(reason.tolist(), pa.string()),
        "_fact_batch": always(task.batch),
        "_fact_file": table.column("_file"),
        "_fact_line": table.column("_line"),
    }
    return pa.table(columns).cast(HELD_BACK)
