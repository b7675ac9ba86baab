"""Delta tables as the files that their log names, for writers that are not Spark: one commit makes theirs visible.

Tables stay at reader version 1, so any engine opens them.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pyarrow as pa
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from sf_spark.errors import SfSparkError


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
    return DeltaTable.is_deltatable(folder)


def files_of(folder: str, partition: str) -> list[TableFile]:
    """The files of a table as its log names them.

    Args:
        folder: Of the table.
        partition: Its partition column.

    Raises:
        SfSparkError: When a file alone does not say what the table holds (deletion vectors, renamed columns).
    """
    table = DeltaTable(folder)
    version = table.protocol().min_reader_version
    if version > 1:
        raise SfSparkError(
            f"the files of {folder} do not say alone what the table holds (Delta reader version {version}, expected: 1)"
        )
    there = table.get_add_actions(flatten=True)
    columns = [
        there.column(name).to_pylist() for name in ("path", "size_bytes", "num_records", f"partition.{partition}")
    ]
    return [
        TableFile(unquote(path), size, -1 if rows is None else rows, str(value))
        for path, size, rows, value in zip(*columns, strict=True)
    ]


def commit_files(
    folder: str, schema: pa.Schema, partition: str, added: Sequence[TableFile], removed: Iterable[TableFile]
) -> None:
    """Put files into a table and take others out, in one commit; the table is created when absent.

    Args:
        folder: Of the table.
        schema: Of its rows, the partition column included.
        partition: The partition column.
        added: Files that lie in the folder, and that no table names yet.
        removed: Files that the table names.
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
    if not is_table(folder):
        create_table_with_add_actions(folder, kept, adds, mode="error", partition_by=[partition])
        return
    removes = [
        RemoveAction(quote(file.path, safe="/=-_.~"), True, _now(), file.size, {partition: file.partition})
        for file in removed
    ]
    table = DeltaTable(folder)
    table.create_write_transaction([*adds, *removes], "append", kept, partition_by=[partition])


def replace_rows(
    folder: str, rows: pa.Table | pa.RecordBatchReader, predicate: str, partition: str | None = None
) -> None:
    """Replace the rows that match a predicate by others that do, in one commit; the table is created when absent."""
    partitions = [partition] if partition else None
    if not is_table(folder):
        write_deltalake(folder, rows, partition_by=partitions)
    else:
        # A table of an earlier version of the package may lack columns: they are null there.
        write_deltalake(
            folder, rows, mode="overwrite", predicate=predicate, partition_by=partitions, schema_mode="merge"
        )


def _now() -> int:
    return int(time.time() * 1000)
