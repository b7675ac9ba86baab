"""Compare two detection lists cell by cell, whatever the order of their rows."""

from collections.abc import Iterator, Mapping
from typing import Any

from pyarrow.fs import SubTreeFileSystem

from sf_spark.errors import SfSparkError
from sf_spark.lake.files import table_at
from sf_spark.lake.stores import file_system
from sf_spark.lake.tables import location
from sf_spark.schema import LISTS_DETECTION

TOLERANCE = 1e-9
RUN_NAMES = ("run_id",)  # identifies the run, not its result

Cells = Mapping[str, Any]
Lists = dict[tuple[str, ...], Cells]


def read_lists(lake: str) -> Lists:
    """All rows of ``lists/detection``, by list and siren.

    Raises:
        SfSparkError: When the table is empty, so that there is nothing to compare.
    """
    place = location(lake, LISTS_DETECTION)
    system, path = file_system(place)
    # deltalake's file system is a Python object: an Arrow thread that releases it while Python exits aborts.
    rows = table_at(place).to_pyarrow_table(filesystem=SubTreeFileSystem(path, system)).to_pylist()
    if not rows:
        raise SfSparkError(f"{LISTS_DETECTION.path} in {lake} has no row: there is nothing to compare")
    return {tuple(row[name] for name in LISTS_DETECTION.key): row for row in rows}


def differences(left: Lists, right: Lists) -> list[str]:
    """The differences of two lists, one line for each row or cell, sorted by list and siren; numbers may differ by
    1e-9.

    Args:
        left: Rows by key.
        right: Rows by key.
    """
    found = []
    for key in sorted(left.keys() | right.keys()):
        name = " ".join(key)
        if key not in left or key not in right:
            found.append(f"{name}: only in the {'first' if key in left else 'second'}")
            continue
        columns = [column for column in left[key] if column not in RUN_NAMES]
        for column in columns:
            found += [f"{name}: {text}" for text in _unequal(column, left[key][column], right[key].get(column))]
    return found


def _unequal(path: str, left: Any, right: Any) -> Iterator[str]:
    """Compare values of any depth: structs by field, arrays by place."""
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        for field in left:
            yield from _unequal(f"{path}.{field}", left[field], right[field])
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for place, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _unequal(f"{path}[{place}]", one, other)
    elif isinstance(left, float) and isinstance(right, float):
        if not abs(left - right) <= TOLERANCE and left != right:
            yield f"{path}: {left!r} and {right!r}"
    elif left != right:
        yield f"{path}: {left!r} and {right!r}"
