"""Compare two lakes row by row, whatever the order of the rows and the layout of the files.

    python -m tests.compare_lakes OLD NEW

Every Delta table of either lake is compared: the names and types of its columns (not their order), and its rows with
their multiplicity. Numbers are compared bit by bit (0.0 is not -0.0; all NaN are equal), also in nested columns; the
entries of a map have no order. One line a table, then the first rows that differ. Exit code 1 on any difference.

Rows are read in batches and remembered as 64 bits each: two tables of ten million rows take little more than a
gigabyte. Rows that differ are read again to be shown.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from numpy.typing import NDArray

# Times, durations and runs: different each time.
LEFT_OUT: Mapping[str, frozenset[str]] = {
    "deliveries": frozenset({"started_at", "finished_at"}),
    "monitoring/builds": frozenset({"content", "table_id", "version", "noted_at", "read", "commit", "build"}),
    "monitoring/audit": frozenset({"audited_at"}),
    "predictions/entreprise": frozenset({"run_id"}),
    "lists/detection": frozenset({"run_id"}),
    "monitoring/lists": frozenset({"run_id"}),
    "monitoring/runs": frozenset({"run", "started_at", "seconds"}),
    "monitoring/adjustments": frozenset({"tried_at"}),
}
# Columns that identify a row for people, where the table has them.
_KEYS = ("source", "_batch", "_file", "_line", "siret", "siren", "numero_compte", "periode", "name", "step", "horizon")
_SHOWN, _BATCH_ROWS = 5, 100_000

Hashes = NDArray[np.uint64]


@dataclass
class TableComparison:
    """The comparison of a table: rows on each side, and differences."""

    table: str
    rows: tuple[int, int] = (0, 0)
    findings: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether there is no difference."""
        return not self.findings

    def line(self) -> str:
        """One line for people."""
        counts = f"{self.rows[0]} rows" if self.rows[0] == self.rows[1] else f"{self.rows[0]} and {self.rows[1]} rows"
        return f"{'equal    ' if self.equal else 'DIFFERENT'} {self.table}: {counts}"


def compare_lakes(old: Path, new: Path, left_out: Mapping[str, frozenset[str]] = LEFT_OUT) -> list[TableComparison]:
    """Compare every table of two lakes; see the module.

    Args:
        old: Root of one lake.
        new: Root of the other.
        left_out: By table, the columns that are not compared.
    """
    return list(_comparisons(old, new, left_out))


def compare_tables(old: Path, new: Path, table: str, left_out: frozenset[str] = frozenset()) -> TableComparison:
    """Compare one table of two lakes, column by column where both have it in the same type."""
    found = TableComparison(table)
    sides = [_Side(DeltaTable(str(root / table)), left_out) for root in (old, new)]
    ours, theirs = (side.types for side in sides)
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            found.findings.append(f"column {name} is in {'OLD' if name in ours else 'NEW'} only")
        elif ours[name] != theirs[name]:
            found.findings.append(f"column {name} is {ours[name]} in OLD, {theirs[name]} in NEW")
    shared = [name for name in ours if ours[name] == theirs.get(name)]
    hashes = [side.hashes(shared) for side in sides]
    found.rows = (len(hashes[0]), len(hashes[1]))
    missing, extra = _surplus(*hashes)
    if len(missing) or len(extra):
        found.findings.append(
            f"{int(missing['n'].sum())} rows of OLD are not in NEW, {int(extra['n'].sum())} of NEW are not in OLD"
        )
        keys = [name for name in _KEYS if name in shared]
        found.findings += _shown(sides[0].rows(shared, keys, missing), sides[1].rows(shared, keys, extra), keys)
    return found


def _comparisons(old: Path, new: Path, left_out: Mapping[str, frozenset[str]]) -> Iterator[TableComparison]:
    tables_by_lake = [_tables(root) for root in (old, new)]
    for table in sorted(tables_by_lake[0] | tables_by_lake[1]):
        if all(table in tables for tables in tables_by_lake):
            yield compare_tables(old, new, table, left_out.get(table, frozenset()))
        else:
            yield TableComparison(table, findings=[f"is in {'OLD' if table in tables_by_lake[0] else 'NEW'} only"])


def _tables(root: Path) -> set[str]:
    return {log.parent.relative_to(root).as_posix() for log in root.rglob("_delta_log") if log.is_dir()}


class _Side:
    """One side of a comparison: a table read in batches."""

    def __init__(self, table: DeltaTable, left_out: frozenset[str]) -> None:
        self._data = table.to_pyarrow_dataset()
        self.types = {name: _plain(kind) for name, kind in _fields(self._data.schema) if name not in left_out}

    def hashes(self, columns: Sequence[str]) -> Hashes:
        """A hash for each row, in the order of reading."""
        found = [_hash_rows(batch, columns) for batch in self._batches(columns)]
        return np.concatenate(found) if found else np.empty(0, np.uint64)

    def rows(self, columns: Sequence[str], keys: Sequence[str], wanted: NDArray[Any]) -> list[dict[str, Any]]:
        """Some of the wanted rows, with their multiplicity: those whose keys have the lowest hashes.

        So both sides show the same keys, wherever their files hold them.
        """
        counts = {int(value): int(n) for value, n in wanted}
        ranked: list[tuple[int, dict[str, Any]]] = []
        for batch in self._batches(columns) if counts else ():
            hashes, order = _hash_rows(batch, columns), _hash_rows(batch, keys or columns)
            places = np.flatnonzero(np.isin(hashes, wanted["hash"]))
            for place in places[np.argsort(order[places], kind="stable")][: 20 * _SHOWN]:
                if counts[int(hashes[place])] > 0:
                    counts[int(hashes[place])] -= 1
                    ranked.append((int(order[place]), batch.slice(int(place), 1).to_pylist()[0]))
            ranked = sorted(ranked, key=lambda entry: entry[0])[: 20 * _SHOWN]
        return [row for _, row in ranked]

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Few batches ahead: a wide table must not fill the memory.
        reader = self._data.to_batches(
            columns=list(columns), batch_size=_BATCH_ROWS, batch_readahead=2, fragment_readahead=1
        )
        return (batch for batch in reader if batch.num_rows)


def _surplus(ours: Hashes, theirs: Hashes) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows that each side has in excess: ``hash, n``."""
    if len(ours) == len(theirs):
        ours, theirs = np.sort(ours), np.sort(theirs)
        if np.array_equal(ours, theirs):
            return _counted(ours[:0], ours[:0]), _counted(ours[:0], ours[:0])
    values, counts = np.unique(ours, return_counts=True)
    others, other_counts = np.unique(theirs, return_counts=True)
    return _more(values, counts, others, other_counts), _more(others, other_counts, values, counts)


def _more(values: Hashes, counts: NDArray[Any], others: Hashes, other_counts: NDArray[Any]) -> NDArray[Any]:
    available = np.zeros(len(values), np.int64)
    if len(others):
        place = np.minimum(np.searchsorted(others, values), len(others) - 1)
        available = np.where(others[place] == values, other_counts[place], 0)
    surplus = counts - available
    return _counted(values[surplus > 0], surplus[surplus > 0])


def _counted(values: Hashes, counts: NDArray[Any]) -> NDArray[Any]:
    table = np.empty(len(values), [("hash", np.uint64), ("n", np.int64)])
    table["hash"], table["n"] = values, counts
    return table


def _shown(missing: list[dict[str, Any]], extra: list[dict[str, Any]], keys: Sequence[str]) -> list[str]:
    """The first rows that differ; for a key that is unique on both sides, only the columns that differ."""
    by_key: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    for side, rows in enumerate((missing, extra)):
        for row in rows:
            key = ", ".join(f"{name}={row[name]!r}" for name in keys)
            by_key.setdefault(key, ([], []))[side].append(row)
    found = []
    for key, (ours, theirs) in sorted(by_key.items())[:_SHOWN]:
        found.append(f"  {key or 'a row'}")
        names = list((ours or theirs)[0])
        if len(ours) == len(theirs) == 1:
            names = [name for name in names if repr(ours[0][name]) != repr(theirs[0][name])]
        else:
            names = [name for name in names if name not in keys]
        for word, rows in (("OLD", ours), ("NEW", theirs)):
            found += [f"    {word}: " + ", ".join(f"{name}={row[name]!r}" for name in names) for row in rows[:_SHOWN]]
            found += [] if rows else [f"    {word}: not there"]
    return found


def _fields(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return [(entry.name, entry.type) for entry in schema]


def _plain(kind: pa.DataType) -> str:
    """The name of a type, the same for all encodings of the same values."""
    is_ = pa.types
    if is_.is_dictionary(kind):
        return _plain(kind.value_type)
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind):
        return "string"
    if is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_binary_view(kind):
        return "binary"
    if is_.is_map(kind):
        return f"map<{_plain(kind.key_type)}, {_plain(kind.item_type)}>"
    if _is_list(kind):
        return f"list<{_plain(kind.value_type)}>"
    if is_.is_struct(kind):
        return f"struct<{', '.join(f'{entry.name}: {_plain(entry.type)}' for entry in kind)}>"
    return str(kind)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


# A row's hash combines those of its columns, mixed with their position. Overflow is intended: modulo 2^64.
_GOLDEN, _NULL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x6A09E667F3BCC909)


def _hash_rows(batch: pa.RecordBatch, columns: Sequence[str]) -> Hashes:
    return _together([_hash(batch.column(name)) for name in columns], batch.num_rows)


def _together(parts: Sequence[Hashes], size: int) -> Hashes:
    found = np.zeros(size, np.uint64)
    for part in parts:
        found = _mix(found * np.uint64(31) + _mix(part) + _GOLDEN)
    return found


def _mix(values: Hashes) -> Hashes:
    """Every bit of the input changes about half of those of the output (the finish of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _hash(values: pa.Array) -> Hashes:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _hash(values.dictionary_decode())
    if pa.types.is_struct(kind):
        found = _together([_hash(part) for part in values.flatten()], len(values))
    elif pa.types.is_map(kind) or _is_list(kind):
        found = _hash_nested(values)
    else:
        found = _hash_simple(values)
    return np.where(_is_null(values), _NULL, _mix(found + _GOLDEN))


def _hash_nested(values: pa.Array) -> Hashes:
    """Sums over the elements, each mixed with its place; those of a map have none."""
    if pa.types.is_fixed_size_list(values.type):
        values = values.cast(pa.list_(values.type.value_type))
    offsets = np.asarray(values.offsets, np.int64)
    lengths = np.where(_is_null(values), 0, np.diff(offsets))
    inside = np.repeat(np.arange(len(values)), lengths)
    place = np.arange(len(inside)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    taken = pa.array(np.repeat(offsets[:-1], lengths) + place)
    if pa.types.is_map(values.type):
        parts = [_hash(values.keys.take(taken)), _hash(values.items.take(taken))]
        elements = _together(parts, len(inside))
    else:
        elements = _mix(_hash(values.values.take(taken)) + _mix(place.astype(np.uint64)))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(elements, dtype=np.uint64)])
    ends = np.cumsum(lengths)
    return _mix(sums[ends] - sums[ends - lengths]) + lengths.astype(np.uint64)


def _hash_simple(values: pa.Array) -> Hashes:
    kind = _plain(values.type)
    if kind in ("string", "binary"):
        return _hash_bytes(values.cast(pa.large_string() if kind == "string" else pa.large_binary()))
    if pa.types.is_floating(values.type):
        width = values.type.bit_width // 8
        numbers = values.fill_null(0).to_numpy(zero_copy_only=False)
        bits = numbers.view(f"u{width}").astype(np.uint64)
        return np.where(np.isnan(numbers), np.uint64(0x7FF8000000000000), bits)
    if pa.types.is_decimal(values.type):
        return _hash_bytes(values.cast(pa.string()).cast(pa.large_string()))
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    elif not pa.types.is_integer(values.type) and not pa.types.is_null(values.type):
        values = values.view(pa.int32() if values.type.bit_width == 32 else pa.int64())  # days, times
    if pa.types.is_null(values.type):
        return np.zeros(len(values), np.uint64)
    return values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64)


def _hash_bytes(values: pa.Array) -> Hashes:
    found = pl.Series(pl.from_arrow(values)).hash(seed=20)
    return found.to_numpy().astype(np.uint64)


def _is_null(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.is_null().to_numpy(zero_copy_only=False), np.bool_)


def main(arguments: Sequence[str] | None = None, report: Callable[[str], None] = print) -> int:
    """Compare two lakes; 1 when they differ, or when there is nothing to compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    options = parser.parse_args(arguments)
    tables = differing = 0
    for found in _comparisons(options.old, options.new, LEFT_OUT):
        tables, differing = tables + 1, differing + (not found.equal)
        report("\n".join([found.line(), *(f"  {finding}" for finding in found.findings)]))
    report(f"{tables} tables, {differing} different" if tables else f"no table in {options.old} or {options.new}")
    return 1 if differing or not tables else 0


if __name__ == "__main__":
    sys.exit(main())
