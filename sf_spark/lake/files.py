"""Delta tables as the files that their log names, for writers that are not Spark: one commit makes theirs visible.

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
        path: From the table's folder, as it lies there.
        size: In bytes.
        rows: How many it holds; -1 where the log does not say.
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
    """The table that is there, at a version or as it stands now, wherever it is."""
    return DeltaTable(folder, version, storage_options=delta_options(folder))


def open_table(folder: str) -> DeltaTable | None:
    """A table as it stands now; None where there is none yet."""
    return table_at(folder) if is_table(folder) else None


def files_of(table: DeltaTable, partition: str) -> list[TableFile]:
    """The files of a table as its log names them.

    Args:
        table: The table.
        partition: Its partition column.

    Raises:
        SfSparkError: When a file alone does not say what the table holds (deletion vectors, renamed columns).
    """
    version = table.protocol().min_reader_version
    if version > 1:
        raise SfSparkError(
            f"the files of {table.table_uri} do not say alone what the table holds (Delta reader version {version}, "
            "expected: 1)"
        )
    there = table.get_add_actions(flatten=True)
    names = ("path", "size_bytes", "num_records", f"partition.{partition}")
    columns = [there.column(name).to_pylist() for name in names]
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
    """Put files into a table and take others out, in one commit; the table is created when absent.

    Args:
        folder: Of the table.
        table: The table as it was read; None where there was none.
        schema: Of its rows, the partition column included.
        partition: The partition column.
        added: Files that lie in the folder, and that no table names yet.
        removed: Files that the table names.

    Raises:
        ConcurrentWriteError: When another job has changed the table since it was read.
        OtherColumnsError: When its columns are of other types.
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
    # What is committed was computed from the table as it was read. Two commits with one transaction name exclude one
    # another, also where they only add files, which Delta lets pass otherwise.
    properties = CommitProperties(app_transactions=[Transaction(_TRANSACTION, time.time_ns())])
    try:
        if table is None:
            table = _made(folder, kept, partition)
        else:  # a commit of files looks at no column
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
    """A new table, without rows: two jobs that make one at the same time then exclude one another as on an old one."""
    with contextlib.suppress(DeltaError):  # another job was a moment faster
        DeltaTable.create(folder, schema, mode="error", partition_by=[partition], storage_options=delta_options(folder))
    table = DeltaTable(folder, storage_options=delta_options(folder))
    if table.version() > 0:
        raise ConcurrentWriteError(f"another job has made {folder} meanwhile")
    return table


def replace_rows(folder: str, rows: pa.Table, predicate: str, partition: str | None = None) -> None:
    """Replace the rows that match a predicate by others that do, in one commit; the table is created when absent.

    Raises:
        ConcurrentWriteError: When other jobs change the table each time that it is tried.
        OtherColumnsError: When columns of the table are of other types.
    """
    partitions, options = [partition] if partition else None, delta_options(folder)
    for attempt in range(1, _TRIES + 1):
        try:
            there = open_table(folder)
            if there is None:
                write_deltalake(folder, rows, partition_by=partitions, mode="error", storage_options=options)
            else:
                schema = Schema.from_arrow(rows.schema)
                check_columns(folder, there, schema, partition, WRITE_ANEW, numbers_widen=True)
                widen(there, schema)  # before, as the predicate may name a new column
                write_deltalake(
                    there,
                    rows,
                    mode="overwrite",
                    predicate=predicate,
                    partition_by=partitions,
                    schema_mode="merge",
                    storage_options=options,
                )
            return
        # Rows of another predicate, or the table itself, written at the same time.
        except (DeltaError, ConcurrentWriteError) as error:
            if not isinstance(error, (CommitFailedError, ConcurrentWriteError)) and "already exists" not in str(error):
                raise
            if attempt == _TRIES:
                raise ConcurrentWriteError(f"{folder} cannot be written: {error}") from error
            time.sleep(attempt / 10)


def append_rows(folder: str, rows: pa.Table) -> None:
    """Add rows in one commit; the table is created when absent, and gains the columns that it lacks.

    Raises:
        OtherColumnsError: When columns of the table are of other types.
    """
    if (there := open_table(folder)) is not None:
        check_columns(folder, there, Schema.from_arrow(rows.schema), None, WRITE_ANEW, numbers_widen=True)
    write_deltalake(folder, rows, mode="append", schema_mode="merge", storage_options=delta_options(folder))


def _now() -> int:
    return int(time.time() * 1000)
