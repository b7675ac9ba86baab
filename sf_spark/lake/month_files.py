"""One Delta commit for files that workers have written: all of them become visible, or none.

The table stays at reader version 1: any engine reads it. A repeat of the same transaction is recognised and changes
nothing; a run that died before its commit leaves files that no table names, and the next try writes them again.
"""

import json
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from sf_spark.errors import SfSparkError

PARTITION = "periode"
_TRIES = 5


def is_committed(folder: str, transaction: str) -> bool:
    """True when the table already holds what this transaction wrote."""
    return DeltaTable.is_deltatable(folder) and DeltaTable(folder).transaction_version(transaction) is not None


def version_of(folder: str) -> int:
    """The number of a table's last commit, read from its log alone: Spark would start a job."""
    return DeltaTable(folder).version()


def files_of_months(folder: str, first: date, last: date) -> list[tuple[Path, date, int]]:
    """The files of some months, both included, as the log names them, with the month and the number of rows of each.

    Raises:
        SfSparkError: When a file alone does not say what the table holds (deletion vectors, renamed columns).
    """
    table = DeltaTable(folder)
    if table.protocol().min_reader_version > 1:
        raise SfSparkError(
            f"the files of {folder} do not say alone what the table holds (Delta reader version "
            f"{table.protocol().min_reader_version}, expected: 1): use --set signals.engine=sql"
        )
    there = table.get_add_actions(flatten=True)
    names = ("path", f"partition.{PARTITION}", "num_records")
    return [
        (path, day, rows if rows is not None else pq.read_metadata(path).num_rows)
        for name, day, rows in zip(*(there.column(name).to_pylist() for name in names), strict=True)
        if first <= day <= last
        for path in (Path(folder) / unquote(name),)
    ]


def commit_months(
    folder: str,
    key: str,
    signals: Sequence[str],
    files: Iterable[dict[str, object]],
    replaced: tuple[str, str] | None,
    transaction: str,
) -> None:
    """Make written files the content of some months of a table, in one commit.

    Args:
        folder: Of the table.
        key: The id column.
        signals: The float columns.
        files: What the workers wrote: ``path, periode, bytes, rows, low, high``.
        replaced: First and last month (ISO dates) whose earlier files go; None: the whole table, its columns too.
        transaction: Names the commit.
    """
    schema = Schema.from_arrow(
        pa.schema([(key, pa.string()), (PARTITION, pa.date32()), *((name, pa.float32()) for name in signals)])
    )
    adds = [_add(file, key) for file in files]
    properties = CommitProperties(app_transactions=[Transaction(transaction, 1)])
    if replaced is None or not DeltaTable.is_deltatable(folder):
        create_table_with_add_actions(
            folder, schema, adds, mode="overwrite", partition_by=[PARTITION], commit_properties=properties
        )
        return
    for attempt in range(1, _TRIES + 1):
        table = DeltaTable(folder)
        actions: list[AddAction | RemoveAction] = [*adds, *_removes(table, replaced)]
        try:
            table.create_write_transaction(
                actions, "append", schema, partition_by=[PARTITION], commit_properties=properties
            )
            return
        except CommitFailedError:  # somebody else wrote meanwhile: look again, and commit again
            if attempt == _TRIES:
                raise
            time.sleep(attempt)


def sweep(folder: str, transaction: str) -> None:
    """Remove files that a killed run of the same transaction left: none of them is named by a table yet."""
    for path in Path(folder).glob(f"{PARTITION}=*/part-{transaction}-*.parquet"):
        path.unlink()


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


def _removes(table: DeltaTable, replaced: tuple[str, str]) -> list[RemoveAction]:
    first, last = replaced
    there = table.get_add_actions(flatten=True)
    now = int(time.time() * 1000)
    return [
        RemoveAction(path, True, now, size, {PARTITION: str(day)})
        for path, day, size in zip(
            *(there.column(name).to_pylist() for name in ("path", f"partition.{PARTITION}", "size_bytes")), strict=True
        )
        if first <= str(day) <= last
    ]
