"""The columns of a table that another version of the package has written, held against those that are written now.

what differs                                   what becomes of the table
it lacks a column, or a field of one           it gains it; null in the rows that stay
it has a column more                           the column stays; null in the new rows
a column is of another type                    refused in one line, before anything is written
it is laid out by another column               refused likewise
"""

import json
from collections.abc import Iterator
from typing import Any

from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError

from sf_spark.errors import ConcurrentWriteError, OtherColumnsError

WRITE_ANEW = "move this folder away and run the job again: it writes the table anew"
INGEST_ANEW = "ingest the deliveries into a new lake"
_WIDER = {  # numbers that a writer of Arrow puts into a wider column without a loss
    "short": ("integer", "long"),
    "integer": ("long",),
    "float": ("double",),
}


def check_columns(
    folder: str, there: DeltaTable, schema: Schema, partition: str | None, remedy: str, numbers_widen: bool = False
) -> None:
    """Refuse a table that cannot take what is written now.

    Args:
        folder: Of the table.
        there: The table.
        schema: Of the rows.
        partition: The column by which they are laid out.
        remedy: What its user can do.
        numbers_widen: Whether the writer puts an int into a column of longs.

    Raises:
        OtherColumnsError: It says what is there, what is wanted and what to do.
    """
    found = [
        f"{name}: {there_is} there, {wanted} wanted"
        for name, there_is, wanted in _clashes(_struct(there.schema()), _struct(schema))
        if not (numbers_widen and there_is in _WIDER.get(wanted, ()))
    ]
    old, new = ", ".join(there.metadata().partition_columns), partition or ""
    found += [f"laid out by {old or 'no column'} there, {new or 'no column'} wanted"] if old != new else []
    if found:
        raise OtherColumnsError(
            f"{folder} was written by another version of the package ({'; '.join(found)}): {remedy}"
        )


def widen(there: DeltaTable, schema: Schema) -> None:
    """Give a table the columns that it lacks, null in all rows, by a commit of its own; the table is then read anew.

    A killed run may leave the columns behind: the next one finds them.

    Raises:
        ConcurrentWriteError: When another job has changed the table meanwhile.
    """
    have = {field.name for field in there.schema().fields}
    lacking = [Field(field.name, field.type) for field in schema.fields if field.name not in have]
    if not lacking:
        return
    before = there.version()
    try:
        there.alter.add_columns(lacking)
    except CommitFailedError as error:
        raise ConcurrentWriteError(f"another job has changed {there.table_uri} meanwhile: {error}") from error
    if there.version() != before + 1:  # its commit would no longer be seen as one that came between
        raise ConcurrentWriteError(f"another job has changed {there.table_uri} meanwhile")


def _struct(schema: Schema) -> dict[str, Any]:
    return dict(json.loads(schema.to_json()))


def _clashes(there: Any, wanted: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, type there and type wanted of what both have and differs; what a type says about null does not count."""
    if isinstance(there, str) or isinstance(wanted, str) or there["type"] != wanted["type"]:
        if there != wanted:
            yield name, _shown(there), _shown(wanted)
    elif there["type"] == "struct":
        fields = {field["name"]: field["type"] for field in there["fields"]}
        for field in wanted["fields"]:
            if field["name"] in fields:
                inside = f"{name}.{field['name']}" if name else field["name"]
                yield from _clashes(fields[field["name"]], field["type"], inside)
    else:
        for part in ("elementType", "keyType", "valueType"):
            if part in wanted:
                yield from _clashes(there[part], wanted[part], name)


def _shown(kind: Any) -> str:
    return kind if isinstance(kind, str) else str(kind["type"])
