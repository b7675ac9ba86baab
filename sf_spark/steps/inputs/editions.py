"""The published editions, from the last commit of ``lists/detection``, and their figures in ``monitoring/lists``.

Every commit names all editions so far, also those without rows, which have no partition.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from sf_spark.errors import SfSparkError
from sf_spark.lake.files import open_table, replace_rows
from sf_spark.lake.ledger import find_build
from sf_spark.lake.tables import literal_list, location
from sf_spark.publication.editions import Edition
from sf_spark.publication.list_columns import LEFT, STATUSES
from sf_spark.schema import LISTS_DETECTION, MONITORING_LISTS

_OF_ROWS = {"list": "name", "corrects": "corrects", "edition_reason": "reason", "previous": "previous"}
_SAME = ("periode", "horizon", "model_name", "model_version", "run_id")
_FIGURES = pa.schema(
    [
        *(("list", pa.string()), ("periode", pa.date32()), ("horizon", pa.int32()), ("edition", pa.int32())),
        *((name, pa.string()) for name in ("corrects", "edition_reason", "previous")),
        *((name, pa.string()) for name in ("model_name", "model_version", "run_id")),
        *((name, pa.int64()) for name in ("capacity", "scored", "on_list", *STATUSES)),
        ("churn", pa.float64()),
    ]
)


def published_editions(lake: str) -> list[Edition]:
    """All editions of the lists, in the order of months, horizons and numbers.

    Raises:
        SfSparkError: When the lists were written by an earlier version of the package, without editions.
    """
    return editions_in(lake, open_table(location(lake, LISTS_DETECTION)))


def editions_in(lake: str, stored: DeltaTable | None) -> list[Edition]:
    """The editions of an opened table, at its version: see :func:`published_editions`."""
    if stored is None:
        return []
    if "edition" not in {field.name for field in stored.schema().fields}:
        raise SfSparkError(
            f"{LISTS_DETECTION.path} in {lake} was written by an earlier version, whose lists were written again at "
            "each run: move its folder away, and publish makes the lists of the scored months"
        )
    build = find_build(lake, LISTS_DETECTION, stored)
    records = {} if build is None else build.settings.get("editions", {})
    found = {name: Edition.from_record(record) for name, record in records.items()}
    partitions = set(stored.get_add_actions(flatten=True).column("partition.list").to_pylist())
    for edition in _of_rows(stored, partitions - found.keys()):
        found[edition.name] = edition
    return sorted(found.values(), key=lambda each: (each.periode, each.horizon, each.number))


def note_figures(lake: str, editions: Sequence[Edition], complete: bool = False) -> list[dict[str, Any]]:
    """Write the figures of editions that ``monitoring/lists`` lacks or has otherwise, from the published rows.

    Args:
        lake: Root of the tables.
        editions: The editions.
        complete: Whether these are all: figures of any other, as after a restored table, are removed.

    Returns:
        The written rows: counts by status, ``on_list``, and ``churn``: companies that entered or left, as a share of
        those on either list; null for the first list of a horizon.
    """
    folder = location(lake, MONITORING_LISTS)
    stored = open_table(folder)
    noted = {} if stored is None else {row["list"]: row for row in stored.to_pyarrow_table().to_pylist()}
    names = [edition.name for edition in editions]
    counts = _counts(lake, names) if names else {}
    rows = [figures(edition, counts.get(edition.name, {})) for edition in editions]
    changed = [row for row in rows if row != noted.get(row["list"])]
    gone = sorted(set(noted) - set(names)) if complete else []
    if changed or gone:
        these = literal_list([*(row["list"] for row in changed), *gone])
        replace_rows(folder, pa.Table.from_pylist(changed, schema=_FIGURES), f"list in ({these})")
    return changed


def figures(edition: Edition, counts: dict[str, int]) -> dict[str, Any]:
    """The row of an edition in ``monitoring/lists``.

    Args:
        edition: The edition.
        counts: Companies by status; a status without companies may be absent.
    """
    by_status = {status: counts.get(status, 0) for status in STATUSES}
    both = sum(by_status.values())
    moved = by_status["nouvelle"] + by_status[LEFT]
    churn = moved / both if edition.previous and both else None
    record = edition.record()
    return {
        **{column: record[name] or None for column, name in _OF_ROWS.items()},
        **{name: record[name] for name in _SAME},
        "periode": edition.periode,
        "edition": edition.number,
        "capacity": edition.capacity,
        "scored": edition.scored,
        "on_list": both - by_status[LEFT],
        **by_status,
        "churn": churn,
    }


def _counts(lake: str, names: list[str]) -> dict[str, dict[str, int]]:
    table = open_table(location(lake, LISTS_DETECTION))
    assert table is not None  # its editions were just read
    rows = table.to_pyarrow_table(columns=["list", "status"], filters=[("list", "in", names)])
    counted = rows.group_by(["list", "status"]).aggregate([([], "count_all")]).to_pylist()
    found: dict[str, dict[str, int]] = {}
    for row in counted:
        found.setdefault(row["list"], {})[row["status"]] = row["count_all"]
    return found


def _of_rows(stored: DeltaTable, names: Iterable[str]) -> list[Edition]:
    """Editions that no build names, as in a table copied over another, read from their rows."""
    wanted = sorted(names)
    if not wanted:
        return []
    columns = [*_OF_ROWS, *_SAME, "edition"]
    rows = stored.to_pyarrow_table(columns=columns, filters=[("list", "in", wanted)])
    distinct = rows.group_by(columns).aggregate([]).to_pylist()
    return [_of_row(row) for row in distinct]


def _of_row(row: dict[str, Any]) -> Edition:
    texts = {name: row[column] or "" for column, name in _OF_ROWS.items()}
    found: dict[str, Any] = {**texts, **{name: row[name] for name in _SAME}, "number": row["edition"]}
    return Edition(**found)
