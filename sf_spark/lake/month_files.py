"""Commit the files that workers have written for a table by month: all become visible, or none.

The table stays at reader version 1, so any engine can read it. File names are unique to each attempt, so a repeated
task, or a run killed before its commit, leaves files that no table names, which VACUUM removes.
"""

import json
import time
from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from sf_spark.errors import ConcurrentWriteError, SfSparkError
from sf_spark.lake.committing import TRANSACTION, note_commit
from sf_spark.lake.files import is_table, table_at
from sf_spark.lake.planning import Plan
from sf_spark.lake.storage import file_system
from sf_spark.lake.stores import delta_options
from sf_spark.lake.tables import location

PARTITION = "periode"


def files_of_months(folder: str, version: int | None, first: date, last: date) -> list[tuple[str, date, int]]:
    """The files of a range of months, from the log, with the month and the number of rows of each.

    Args:
        folder: Folder of the table.
        version: Version to read; None: the latest.
        first: First month.
        last: Last month.

    Raises:
        SfSparkError: When the files alone are not the content of the table (deletion vectors, renamed columns).
    """
    table = table_at(folder, version)
    if table.protocol().min_reader_version > 1:
        raise SfSparkError(
            f"the files of {folder} are not its whole content (Delta reader version "
            f"{table.protocol().min_reader_version}, expected: 1): write the table again without them"
        )
    actions = table.get_add_actions(flatten=True)
    names = ("path", f"partition.{PARTITION}", "num_records")
    return [
        (path, day, rows if rows is not None else _rows_of(path))
        for name, day, rows in zip(*(actions.column(name).to_pylist() for name in names), strict=True)
        if first <= day <= last
        for path in (f"{folder}/{unquote(name)}",)
    ]


def commit_months(plan: Plan, key: str, signals: Sequence[str], files: Iterable[dict[str, object]]) -> None:
    """Make written files the content of the stale months of a table, in one commit.

    Args:
        plan: See :meth:`sf_spark.lake.planning.Plan.writing`: the files of its months and of later ones are removed. If
            it writes from the beginning, the whole table is replaced, with its columns.
        key: The id column.
        signals: The float columns.
        files: Files of the workers: ``path, periode, bytes, rows, low, high``.

    Raises:
        ConcurrentWriteError: When another job has changed the table since the plan was made.
    """
    schema = Schema.from_arrow(
        pa.schema([(key, pa.string()), (PARTITION, pa.date32()), *((name, pa.float32()) for name in signals)])
    )
    adds = [_add(file, key) for file in files]
    # Two commits of one transaction name exclude each other: see sf_spark.lake.committing.
    transaction = Transaction(TRANSACTION, plan.version + 1)
    properties = CommitProperties({"userMetadata": plan.build.as_text()}, app_transactions=[transaction])
    folder, first = location(plan.lake, plan.table), plan.build.written[0]
    try:
        if plan.stored is None:
            create_table_with_add_actions(
                folder,
                schema,
                adds,
                mode="error",
                partition_by=[PARTITION],
                storage_options=delta_options(folder),
                commit_properties=properties,
            )
        else:
            removes = [] if first is None else _removes(plan.stored, first)
            plan.stored.create_write_transaction(
                [*adds, *removes],
                "overwrite" if first is None else "append",
                schema,
                partition_by=[PARTITION],
                commit_properties=properties,
            )
    except CommitFailedError as error:
        raise ConcurrentWriteError(f"another job has changed {plan.table.path} meanwhile: {error}") from error
    except DeltaError as error:
        if plan.stored is None and is_table(folder):
            raise ConcurrentWriteError(f"another job has made {plan.table.path} meanwhile") from error
        raise
    note_commit(plan)


def _rows_of(path: str) -> int:
    system, place = file_system(path)
    return int(pq.read_metadata(place, filesystem=system).num_rows)


def _add(file: dict[str, object], key: str) -> AddAction:
    stats = {
        "numRecords": file["rows"],
        "minValues": {key: file["low"]},
        "maxValues": {key: file["high"]},
        "nullCount": {key: 0},
    }
    now = int(time.time() * 1000)
    return AddAction(
        str(file["path"]), int(str(file["bytes"])), {PARTITION: str(file["periode"])}, now, True, json.dumps(stats)
    )


def _removes(table: DeltaTable, first: date) -> list[RemoveAction]:
    actions = table.get_add_actions(flatten=True)
    now = int(time.time() * 1000)
    return [
        RemoveAction(path, True, now, size, {PARTITION: str(day)})
        for path, day, size in zip(
            *(actions.column(name).to_pylist() for name in ("path", f"partition.{PARTITION}", "size_bytes")),
            strict=True,
        )
        if day >= first
    ]
