"""Delta tables as the files in their log, for writers other than Spark: one commit makes their files visible.

Tables stay at reader version 1, so any engine opens them.
"""

import contextlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from sf_spark.errors import ConcurrentWriteError, SfSparkError
from sf_spark.lake.columns import INGEST_ANEW, WRITE_ANEW, check_columns, widen
from sf_spark.lake.stores import delta_options

_TRANSACTION = "sf_spark"
_TRIES = 5


@dataclass(frozen=True)
class TableFile:
    """A Parquet file of a table.

    Attributes:
        path: Path relative to the table's folder.
        size: Size in bytes.
        rows: Number of rows; -1 if the log does not say.
        partition: The value of the partition column.
    """

    path: str
    size: int
    rows: int
    partition: str


def is_table(folder: str) -> bool:
    """True when the folder holds a Delta table."""
    return DeltaTable.is_deltatable(folder, delta_options(folder))


def table_at(folder: str, version: int | None = None) -> DeltaTable:
    """Open a table at a version, or the latest one, in a folder or a store."""
    return DeltaTable(folder, version, storage_options=delta_options(folder))


def open_table(folder: str) -> DeltaTable | None:
    """Open the latest version of a table; None if it does not exist yet.

    Raises:
        SfSparkError: When its log cannot be read.
    """
    if not is_table(folder):
        return None
    try:
        return table_at(folder)
    except DeltaError as error:
        reason = " ".join(str(error).split())[:200]
        raise SfSparkError(
            f"the log of {folder} cannot be read: {reason}; put back its _delta_log from a copy"
        ) from None


def files_of(table: DeltaTable, partition: str) -> list[TableFile]:
    """The files of a table, from its log.

    Args:
        table: The table.
        partition: Its partition column.

    Raises:
        SfSparkError: When the files alone are not the content of the table (deletion vectors, renamed columns).
    """
    version = table.protocol().min_reader_version
    if version > 1:
        raise SfSparkError(
            f"the files of {table.table_uri} are not its whole content (Delta reader version {version}, expected: 1)"
        )
    actions = table.get_add_actions(flatten=True)
    names = ("path", "size_bytes", "num_records", f"partition.{partition}")
    columns = [actions.column(name).to_pylist() for name in names]
    return [
        TableFile(unquote(path), size, -1 if rows is None else rows, str(value))
        for path, size, rows, value in zip(*columns, strict=True)
    ]


def commit_files(
    folder: str,
    table: DeltaTable | None,
    schema: pa.Schema,
    partition: str,
    added: Sequence[TableFile],
    removed: Iterable[TableFile],
) -> None:
    """Add files to a table and remove others, in one commit; the table is created when absent.

    Args:
        folder: Folder of the table.
        table: The table as it was read; None if it did not exist.
        schema: Schema of its rows, the partition column included.
        partition: The partition column.
        added: Files in the folder that no table names yet.
        removed: Files of the table.

    Raises:
        ConcurrentWriteError: When another job has changed the table since it was read.
        OtherColumnsError: When its columns have other types.
    """
    adds = [
        AddAction(
            quote(file.path, safe="/=-_.~"),
            file.size,
            {partition: file.partition},
            _now(),
            True,
            json.dumps({"numRecords": file.rows}),
        )
        for file in added
    ]
    kept = Schema.from_arrow(schema)
    # The commit was computed from the table as read. Two commits with the same transaction name exclude each other,
    # even if they only add files, which Delta would allow otherwise.
    properties = CommitProperties(app_transactions=[Transaction(_TRANSACTION, time.time_ns())])
    try:
        if table is None:
            table = _made(folder, kept, partition)
        else:  # a commit of files does not check columns
            check_columns(folder, table, kept, partition, INGEST_ANEW)
            widen(table, kept)
        removes = [
            RemoveAction(quote(file.path, safe="/=-_.~"), True, _now(), file.size, {partition: file.partition})
            for file in removed
        ]
        table.create_write_transaction(
            [*adds, *removes], "append", kept, partition_by=[partition], commit_properties=properties
        )
    except CommitFailedError as error:
        raise ConcurrentWriteError(f"another job has changed {folder} meanwhile: {error}") from error


def _made(folder: str, schema: Schema, partition: str) -> DeltaTable:
    """Create an empty table, so that two jobs that create it at the same time exclude each other like on an old one."""
    with contextlib.suppress(DeltaError):  # another job was faster
        DeltaTable.create(folder, schema, mode="error", partition_by=[partition], storage_options=delta_options(folder))
    table = DeltaTable(folder, storage_options=delta_options(folder))
    if table.version() > 0:
        raise ConcurrentWriteError(f"another job has made {folder} meanwhile")
    return table


def replace_rows(folder: str, rows: pa.Table, predicate: str, partition: str | None = None) -> None:
    """Replace the rows that match a predicate, in one commit; the table is created when absent.

    Raises:
        ConcurrentWriteError: When other jobs change the table at every attempt.
        OtherColumnsError: When columns of the table are of other types.
    """
    partitions, options = [partition] if partition else None, delta_options(folder)
    for attempt in range(1, _TRIES + 1):
        try:
            stored = open_table(folder)
            if stored is None:
                write_deltalake(folder, rows, partition_by=partitions, mode="error", storage_options=options)
            else:
                schema = Schema.from_arrow(rows.schema)
                check_columns(folder, stored, schema, partition, WRITE_ANEW, numbers_widen=True)
                widen(stored, schema)  # first, because the predicate may name a new column
                write_deltalake(
                    stored,
                    rows,
                    mode="overwrite",
                    predicate=predicate,
                    partition_by=partitions,
                    schema_mode="merge",
                    storage_options=options,
                )
            return
        # Another job wrote rows of another predicate, or created the table, at the same time.
        except (DeltaError, ConcurrentWriteError) as error:
            if not isinstance(error, (CommitFailedError, ConcurrentWriteError)) and "already exists" not in str(error):
                raise
            if attempt == _TRIES:
                raise ConcurrentWriteError(f"{folder} cannot be written: {error}") from error
            time.sleep(attempt / 10)


def append_rows(folder: str, rows: pa.Table) -> None:
    """Append rows in one commit; the table is created when absent, and missing columns are added.

    Raises:
        OtherColumnsError: When columns of the table are of other types.
    """
    if (stored := open_table(folder)) is not None:
        check_columns(folder, stored, Schema.from_arrow(rows.schema), None, WRITE_ANEW, numbers_widen=True)
    write_deltalake(folder, rows, mode="append", schema_mode="merge", storage_options=delta_options(folder))


def _now() -> int:
    return int(time.time() * 1000)
