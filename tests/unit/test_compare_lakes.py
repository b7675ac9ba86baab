"""The comparison of two lakes finds every kind of difference, and none in order or layout."""

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tests.compare_lakes import LEFT_OUT, compare_lakes, main

TABLE = "staged/debit"
REASON = pa.struct([("code", pa.string()), ("column", pa.string())])
SCHEMA = pa.schema(
    [
        ("siret", pa.string()),
        ("_batch", pa.string()),
        ("_line", pa.int64()),
        ("montant", pa.float64()),
        ("jour", pa.date32()),
        ("instant", pa.timestamp("us", tz="UTC")),
        ("actif", pa.bool_()),
        ("exact", pa.decimal128(20, 4)),
        ("_identity", pa.struct([("first", pa.int64()), ("rank", pa.int32())])),
        ("reasons", pa.list_(REASON)),
        ("money", pa.map_(pa.string(), pa.float64())),
    ]
)
Rows = list[dict[str, Any]]


def given_rows() -> Rows:
    return [
        {
            "siret": f"{n:014d}" if n else None,
            "_batch": "2401" if n % 2 else "2402",
            "_line": n,
            "montant": None if n % 5 == 0 else n / 7,
            "jour": date(2024, 1, 1 + n),
            "instant": datetime(2024, 1, 1, n, tzinfo=UTC),
            "actif": n % 3 == 0,
            "exact": None if n % 4 == 0 else f"{n}.2500",
            "_identity": {"first": -n, "rank": 1} if n % 7 else None,
            "reasons": [{"code": "bad_date", "column": "jour"}, {"code": str(n), "column": None}][: n % 3],
            "money": None if n % 6 == 0 else {"part_ouvriere": float(n), "part_patronale": 2.0},
        }
        for n in range(20)
    ]


def as_table(rows: Rows, schema: pa.Schema = SCHEMA) -> pa.Table:
    columns = []
    for entry in schema:
        values = [row[entry.name] for row in rows]
        if pa.types.is_map(entry.type):
            values = [None if value is None else list(value.items()) for value in values]
        if pa.types.is_decimal(entry.type):
            columns.append(pa.array(values, pa.string()).cast(entry.type))
        else:
            columns.append(pa.array(values, entry.type))
    return pa.table(columns, schema=schema)


def write(lake: Path, table: pa.Table, files: int = 1, name: str = TABLE, **options: Any) -> None:
    step = -(-len(table) // files) or 1
    for start in range(0, max(len(table), 1), step):
        write_deltalake(str(lake / name), table.slice(start, step), mode="append", **options)


@pytest.fixture
def lakes(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "old", tmp_path / "new"


def findings(lakes: tuple[Path, Path]) -> list[str]:
    return [finding for comparison in compare_lakes(*lakes) for finding in comparison.findings]


def test_order_and_files_and_partitions_do_not_count(lakes: tuple[Path, Path]) -> None:
    rows = [*given_rows(), *given_rows()[:3]]
    write(lakes[0], as_table(rows))
    write(lakes[1], as_table(rows[::-1]), files=4, partition_by=["_batch"])
    (found,) = compare_lakes(*lakes)
    assert (found.table, found.rows, found.findings) == (TABLE, (23, 23), [])
    assert main([str(lake) for lake in lakes], lambda text: None) == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("siret", "00000000000008 "),
        ("siret", None),
        ("_line", 70),
        ("montant", 1.0000000000000002),
        ("montant", None),
        ("jour", date(2024, 1, 10)),
        ("jour", None),
        ("instant", datetime(2024, 1, 1, 8, 0, 0, 1, tzinfo=UTC)),
        ("actif", True),
        ("actif", None),
        ("exact", "8.2501"),
        ("_identity", {"first": -8, "rank": 2}),
        ("_identity", None),
        ("_identity", {"first": None, "rank": 1}),
        ("reasons", []),
        ("reasons", None),
        ("reasons", [{"code": "8", "column": None}, {"code": "bad_date", "column": "jour"}]),
        ("reasons", [{"code": "bad_date", "column": "jour"}, {"code": "8", "column": ""}]),
        ("money", {"part_ouvriere": 8.0, "part_patronale": 2.5}),
        ("money", {"part_ouvriere": 8.0}),
        ("money", {}),
        ("money", None),
    ],
)
def test_a_changed_value_is_seen_and_shown(lakes: tuple[Path, Path], column: str, value: Any) -> None:
    rows = given_rows()
    rows[8] |= {"montant": 1.0, "exact": "8.2500"}
    write(lakes[0], as_table(rows))
    rows[8] = rows[8] | {column: value}
    write(lakes[1], as_table(rows), files=3)
    first, *shown = findings(lakes)
    assert first == "1 rows of OLD are not in NEW, 1 of NEW are not in OLD"
    assert any("_line=8" in line for line in shown) and any(column in line for line in shown)
    assert main([str(lake) for lake in lakes], lambda text: None) == 1


def test_values_that_move_to_another_row_or_column_are_seen(lakes: tuple[Path, Path]) -> None:
    schema = pa.schema([("a", pa.int64()), ("b", pa.int64())])
    write(lakes[0], as_table([{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": None, "b": 0}], schema))
    write(lakes[1], as_table([{"a": 2, "b": 1}, {"a": 3, "b": 4}, {"a": 0, "b": None}], schema))
    assert findings(lakes)[0] == "2 rows of OLD are not in NEW, 2 of NEW are not in OLD"


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda rows: rows[:-1], "1 rows of OLD are not in NEW, 0 of NEW are not in OLD"),
        (lambda rows: [*rows, rows[4]], "0 rows of OLD are not in NEW, 1 of NEW are not in OLD"),
        # As many rows as before: one is doubled instead of another.
        (lambda rows: [*rows[:-1], rows[4]], "1 rows of OLD are not in NEW, 1 of NEW are not in OLD"),
        (lambda rows: [], "20 rows of OLD are not in NEW, 0 of NEW are not in OLD"),
    ],
)
def test_missing_and_doubled_rows_are_seen(
    lakes: tuple[Path, Path], change: Callable[[Rows], Rows], finding: str
) -> None:
    write(lakes[0], as_table(given_rows()))
    write(lakes[1], as_table(change(given_rows())))
    assert findings(lakes)[0] == finding


def test_the_rows_shown_are_the_same_on_either_side(lakes: tuple[Path, Path]) -> None:
    """Of many differing rows, five keys are shown, with the differences of each."""
    schema = pa.schema([("_line", pa.int64()), ("x", pa.int64())])
    write(lakes[0], as_table([{"_line": n, "x": 1} for n in range(3000)], schema))
    write(lakes[1], as_table([{"_line": n, "x": 2} for n in range(2999, -1, -1)], schema), files=3)
    first, *shown = findings(lakes)
    assert first == "3000 rows of OLD are not in NEW, 3000 of NEW are not in OLD"
    assert shown[1::3] == ["    OLD: x=1"] * 5 and shown[2::3] == ["    NEW: x=2"] * 5


def test_types_and_columns_are_compared(lakes: tuple[Path, Path]) -> None:
    rows = [{"siret": "1", "n": 1, "gone": 1}, {"siret": "2", "n": 2, "gone": 1}]
    kinds = [("siret", pa.string()), ("gone", pa.int32())]
    write(lakes[0], as_table(rows, pa.schema([*kinds, ("n", pa.int32())])))
    write(lakes[1], as_table(rows, pa.schema([kinds[0], ("n", pa.int64())])))
    assert findings(lakes) == ["column gone is in OLD only", "column n is int32 in OLD, int64 in NEW"]


def test_a_type_inside_a_nested_column_is_compared(lakes: tuple[Path, Path]) -> None:
    for lake, kind in zip(lakes, (pa.int32(), pa.int64()), strict=True):
        schema = pa.schema([("siret", pa.string()), ("_identity", pa.struct([("rank", kind)]))])
        write(lake, as_table([{"siret": "1", "_identity": {"rank": 1}}], schema))
    (finding,) = findings(lakes)
    assert finding == "column _identity is struct<rank: int32> in OLD, struct<rank: int64> in NEW"


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_ways_to_hold_text_do_not_count(lakes: tuple[Path, Path], kind: pa.DataType) -> None:
    rows = given_rows()
    write(lakes[0], as_table(rows))
    place = SCHEMA.get_field_index("siret")
    siret = pa.array([row["siret"] for row in rows], pa.string())
    column = siret.dictionary_encode() if pa.types.is_dictionary(kind) else siret.cast(kind)
    write(lakes[1], as_table(rows).set_column(place, "siret", column))
    assert findings(lakes) == []


def test_numbers_are_compared_by_their_bits_and_every_nan_is_nan(lakes: tuple[Path, Path]) -> None:
    schema = pa.schema([("_line", pa.int64()), ("x", pa.float64()), ("y", pa.float32())])
    (other_nan,) = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))
    write(lakes[0], as_table([{"_line": 1, "x": float("nan"), "y": 0.0}, {"_line": 2, "x": 0.0, "y": 0.5}], schema))
    write(lakes[1], as_table([{"_line": 1, "x": other_nan, "y": 0.0}, {"_line": 2, "x": -0.0, "y": 0.5}], schema))
    first, *shown = findings(lakes)
    assert first == "1 rows of OLD are not in NEW, 1 of NEW are not in OLD"
    assert shown == ["  _line=2", "    OLD: x=0.0", "    NEW: x=-0.0"]


def test_a_table_of_one_side_is_reported(lakes: tuple[Path, Path]) -> None:
    write(lakes[0], as_table(given_rows()))
    write(lakes[1], as_table(given_rows()))
    write(lakes[1], as_table(given_rows()), name="quarantine")
    assert [(c.table, c.findings) for c in compare_lakes(*lakes)] == [("quarantine", ["is in NEW only"]), (TABLE, [])]


def test_two_empty_folders_are_not_equal(lakes: tuple[Path, Path]) -> None:
    lines: list[str] = []
    assert main([str(lake) for lake in lakes], lines.append) == 1
    assert lines == [f"no table in {lakes[0]} or {lakes[1]}"]


def test_the_time_of_a_delivery_is_left_out_and_nothing_else(lakes: tuple[Path, Path]) -> None:
    schema = pa.schema([("_file", pa.string()), ("sha256", pa.string()), ("started_at", pa.int64())])
    for lake, (digest, start) in zip(lakes, (("a", 1), ("a", 2)), strict=True):
        row = {"_file": "f", "sha256": digest, "started_at": start}
        write(lake, as_table([row], schema), name="deliveries")
    assert findings(lakes) == []
    assert [c.equal for c in compare_lakes(*lakes, left_out={})] == [False]
    assert LEFT_OUT["deliveries"] == {"started_at", "finished_at"}
