"""Store the facts of one delivery as versions: what appears, what ends, and what a repeat or a late batch changes.

Storing replaces the facts of an earlier run of the same batch in one commit. So the table is the same after a repeat,
after a kill, and when the files of a delivery come in several runs:

    source       batch                     the table afterwards
    snapshot     after the latest          changes are added, absent facts end
    snapshot     the latest, again         as after a single run: ends dated by an earlier run are undone first
    increment    any, in any order         each fact belongs to the first batch that holds it

Only fingerprints are compared; in wide files, the cells of each entity. A delivery that is compared with nothing is
written while it is read. Otherwise only the new facts are written, by reading their records once more.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from sf_spark.domain.calendar import batch_date
from sf_spark.errors import ConcurrentWriteError
from sf_spark.lake.files import TableFile, commit_files
from sf_spark.lake.storage import remove_files
from sf_spark.landing.range_task import Output
from sf_spark.landing.staged_schema import staged_schema
from sf_spark.staging.batch import PARTITION, Batch, FileRead, discard_file
from sf_spark.staging.comparing import Coverage, compare, size_of
from sf_spark.staging.comparison import BucketOutcome
from sf_spark.staging.judging import Absences, absences_of, returned_of
from sf_spark.staging.range_tasks import WriteTask, write_picked
from sf_spark.staging.silence import Silence, silence_of
from sf_spark.staging.snapshot_rule import SnapshotRule
from sf_spark.staging.stored import Edited, EditTask, Rows, edit_file
from sf_spark.staging.workers import run


@dataclass(frozen=True)
class Change:
    """What a delivery changed.

    Attributes:
        added: New facts.
        ended: Facts that it no longer holds.
        facts_held_back: Facts that it does not hold, but says nothing about.
        held_back: These facts, one by one: see :data:`sf_spark.staging.absence.HELD_BACK`.
        refused: Why nothing was stored; '' if it was stored.
    """

    added: int = 0
    ended: int = 0
    facts_held_back: int = 0
    held_back: tuple[pa.Table, ...] = ()
    refused: str = ""


def store(
    batch: Batch, reads: Sequence[FileRead], broken: Sequence[str], inside: np.ndarray | None, rule: SnapshotRule
) -> Change:
    """Write a delivery into its staged table, in one commit; without any change nothing is written.

    Args:
        batch: The delivery.
        reads: The files that were read.
        broken: Names of the files that could not be read.
        inside: SIREN of the companies inside the perimeter, as sorted numbers; None: no perimeter.
        rule: When a snapshot is too small to be complete.
    """
    compared = [*batch.earlier, *(batch.later if not batch.is_snapshot else [])]
    earlier = len(batch.earlier)
    coverage: Coverage = "all" if rule.damaged_header else "named"
    ended, outcomes = compare(batch, reads, compared[:earlier], compared[earlier:], batch.all_new, coverage)
    added = _write_new(batch, reads, outcomes)
    absences = Absences({}, [], 0, 0, 0)
    reasons = {
        "broken_file": bool(broken),
        "cut_file": any(outcome.is_cut for read in reads for outcome in read.outcomes),
        "partial": rule.says == "partial",
        "damaged_header": rule.damaged_header,
        "missing_file": rule.fewer_files,
    }
    all_of_it = next((why for why, holds in reasons.items() if holds), "")
    silent = [outcome.silent for read in reads for outcome in read.outcomes if outcome.silent is not None]
    left_out = [outcome.left_out for read in reads for outcome in read.outcomes if outcome.left_out is not None]
    silence = silence_of(silent, batch.source, inside, all_of_it)
    returned = np.empty(0, np.uint64)
    if batch.is_snapshot:
        returned = returned_of(batch, compared, ended, outcomes)
        absences = absences_of(batch, compared, outcomes, silence, added, left_out, returned)
        absent = absences.ended + absences.facts_held_back - absences.outside
        refused = "" if all_of_it else rule.refusal(batch, outcomes, absent, sum(ended))
        if refused:
            remove_files(batch.uri(file.path) for file in added)
            return Change(refused=refused)
    edits = _edit(batch, compared, ended, outcomes, absences.rows)
    # Held-back facts of earlier batches replace facts that an earlier run of this batch stored in their place.
    kept, listed = _kept_of_own(batch, reads, silence, added, np.concatenate([returned, absences.held_keys]))
    removed = [*batch.own, *(file for file, _ in edits)]
    added += [*(edited for _, edited in edits if edited.rows), *kept]
    if added or removed or batch.table is None:
        schema = staged_schema(batch.source, PARTITION)
        try:
            commit_files(batch.folder, batch.table, schema, PARTITION, added, removed)
        except ConcurrentWriteError:
            remove_files(batch.uri(file.path) for file in added)
            raise
    new = sum(outcome.new for outcome in outcomes)
    facts_held_back = absences.facts_held_back + sum(file.rows for file in kept)
    return Change(new, absences.ended, facts_held_back, (*absences.listed, *listed))


def _kept_of_own(
    batch: Batch,
    reads: Sequence[FileRead],
    silence: Silence,
    added: list[TableFile],
    returned: np.ndarray,
) -> tuple[list[TableFile], list[pa.Table]]:
    """Files of facts that an earlier run of the batch stored and that damage may now hide, and these facts.

    They stay, like those of earlier batches. The perimeter is not damage: facts outside a corrected one go.
    """
    silence = replace(silence, inside=None)
    if not batch.own or silence.is_nothing:
        return [], []
    _, outcomes = compare(batch, reads, batch.own, [], all_new=False, coverage="all")
    absences = absences_of(batch, batch.own, outcomes, silence, added, [], returned)
    todo = []
    for rank, file in enumerate(batch.own):
        absent = [Rows(o.absent, rank).read() for o in outcomes if size_of(o.absent, rank)]
        ended = [rows.read() for rows in absences.rows.get(rank, ())]
        kept = np.setdiff1d(np.concatenate([np.empty(0, np.int64), *absent]), np.concatenate([[-1], *ended]))
        if len(kept):
            target = batch.new_path()
            todo.append((target, EditTask(batch.uri(file.path), batch.uri(target), kept=kept)))
    done = run(batch.spark, edit_file, [task for _, task in todo], batch.is_small_comparison)
    files = [_edited(target, edited, batch.name) for (target, _), edited in zip(todo, done, strict=True)]
    return files, absences.listed


def _write_new(batch: Batch, reads: Sequence[FileRead], outcomes: list[BucketOutcome]) -> list[TableFile]:
    """The files of the new facts, written now unless they were written while the delivery was read."""
    files, todo = [], []
    for read in reads:
        for task, outcome, path in zip(read.tasks, read.outcomes, read.paths, strict=True):
            rank = task.range.rank
            picked = [found.picks for found in outcomes if size_of(found.picks, rank)]
            if not picked and path:
                files.append(TableFile(path, outcome.bytes, outcome.rows, batch.name))
            elif picked:
                discard_file(task)
                output = Output(batch.uri(batch.new_path()), batch.stamp(task.name), others=batch.all_new)
                todo.append(WriteTask(replace(task, output=output), tuple(picked)))
    for write, outcome in zip(todo, run(batch.spark, write_picked, todo, batch.is_small_text), strict=True):
        assert write.task.output is not None
        if outcome.rows:
            path = write.task.output.uri[len(batch.folder) + 1 :]
            files.append(TableFile(path, outcome.bytes, outcome.rows, batch.name))
    return files


def _edit(
    batch: Batch,
    compared: list[TableFile],
    has_ended: Sequence[int],
    outcomes: list[BucketOutcome],
    ending: dict[int, tuple[Rows, ...]],
) -> list[tuple[TableFile, TableFile]]:
    """The stored files in which facts end or leave, each with the file that replaces it."""
    todo = []
    for rank, file in enumerate(compared):
        ended = ending.get(rank, ())
        taken = tuple(Rows(o.taken, rank) for o in outcomes if size_of(o.taken, rank))
        is_later = file.partition > batch.name
        if not (ended or taken or is_later or has_ended[rank]):
            continue
        target = f"{PARTITION}={file.partition}/part-{uuid.uuid4().hex}.parquet"
        # A later batch is no longer a first delivery: its facts take its own date.
        known_on = batch_date(file.partition) if is_later else None
        day = batch.day if batch.is_snapshot else None
        task = EditTask(batch.uri(file.path), batch.uri(target), ended, taken, day, known_on)
        todo.append((file, target, task))
    done = run(batch.spark, edit_file, [task for _, _, task in todo], batch.is_small_comparison)
    return [
        (file, _edited(target, edited, file.partition))
        for (file, target, _), edited in zip(todo, done, strict=True)
        if edited.outcome != "unchanged"
    ]


def _edited(target: str, edited: Edited, partition: str) -> TableFile:
    return TableFile(target, edited.bytes, edited.rows, partition)
