"""Compare the columns of a stored table, perhaps of another version of the package, with those to write now.

what differs                                   what happens
it lacks a column, or a field of one           it is added; null in existing rows
it has an extra column                         the column stays; null in new rows
a column has another type                      refused in one line, before anything is written
it is partitioned by another column            refused likewise
"""

import json
from collections.abc import Iterator
from typing import Any

from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError

from sf_spark.errors import ConcurrentWriteError, OtherColumnsError

WRITE_ANEW = "move this folder away and run the job again: it writes the table anew"
INGEST_ANEW = "ingest the deliveries into a new lake"
_WIDER = {  # number types that Arrow writes into a wider column without loss
    "short": ("integer", "long"),
    "integer": ("long",),
    "float": ("double",),
}


def check_columns(
    folder: str, stored: DeltaTable, schema: Schema, partition: str | None, remedy: str, numbers_widen: bool = False
) -> None:
    """Refuse a table that cannot hold the rows to write.

    Args:
        folder: Folder of the table.
        stored: The table.
        schema: Schema of the rows.
        partition: The partition column.
        remedy: What the user can do.
        numbers_widen: Whether the writer may put an int into a long column.

    Raises:
        OtherColumnsError: It names what was found, what is expected and the remedy.
    """
    found = [
        f"{name}: expected {wanted}, found {stored_type}"
        for name, stored_type, wanted in _clashes(_struct(stored.schema()), _struct(schema))
        if not (numbers_widen and stored_type in _WIDER.get(wanted, ()))
    ]
    old, new = ", ".join(stored.metadata().partition_columns), partition or ""
    found += [f"partitioned by {old or 'no column'}, expected {new or 'no column'}"] if old != new else []
    if found:
        raise OtherColumnsError(
            f"{folder} was written by another version of the package ({'; '.join(found)}): {remedy}"
        )


def widen(stored: DeltaTable, schema: Schema) -> None:
    """Add missing columns to a table, null in all rows, in a separate commit; the table is then read again.

    A killed run may leave the columns behind: the next one finds them.

    Raises:
        ConcurrentWriteError: When another job has changed the table meanwhile.
    """
    have = {field.name for field in stored.schema().fields}
    lacking = [Field(field.name, field.type) for field in schema.fields if field.name not in have]
    if not lacking:
        return
    before = stored.version()
    try:
        stored.alter.add_columns(lacking)
    except CommitFailedError as error:
        raise ConcurrentWriteError(f"another job has changed {stored.table_uri} meanwhile: {error}") from error
    if stored.version() != before + 1:  # a commit in between would no longer be detected
        raise ConcurrentWriteError(f"another job has changed {stored.table_uri} meanwhile")


def _struct(schema: Schema) -> dict[str, Any]:
    return dict(json.loads(schema.to_json()))


def _clashes(stored: Any, wanted: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, stored type and wanted type of fields that both have and that differ; nullability does not count."""
    if isinstance(stored, str) or isinstance(wanted, str) or stored["type"] != wanted["type"]:
        if stored != wanted:
            yield name, _shown(stored), _shown(wanted)
    elif stored["type"] == "struct":
        fields = {field["name"]: field["type"] for field in stored["fields"]}
        for field in wanted["fields"]:
            if field["name"] in fields:
                inside = f"{name}.{field['name']}" if name else field["name"]
                yield from _clashes(fields[field["name"]], field["type"], inside)
    else:
        for part in ("elementType", "keyType", "valueType"):
            if part in wanted:
                yield from _clashes(stored[part], wanted[part], name)


def _shown(kind: Any) -> str:
    return kind if isinstance(kind, str) else str(kind["type"])
