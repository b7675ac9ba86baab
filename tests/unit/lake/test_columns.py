"""Tables of another version of the package: missing columns are added, or the table is refused in one clear line."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, Schema, write_deltalake
from pyspark.sql import SparkSession

from sf_spark.errors import ConcurrentWriteError, OtherColumnsError
from sf_spark.lake.columns import check_columns, widen
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.contents import content_of, what_happened
from sf_spark.lake.files import TableFile, append_rows, commit_files, replace_rows, table_at
from sf_spark.lake.planning import Plan, Read, Recipe, plan
from sf_spark.schema import Table
from tests.unit.lake.test_files import written

TABLE = Table("small/predictions", ("siren", "periode"), "periode")
OLD = {"siren": ["1", "2"], "periode": ["2024-01", "2024-02"], "reasons": [[{"text": "a"}], [{"text": "b"}]]}


def table_of(folder: Path | str, rows: dict[str, list[Any]] | pa.Table, partition: str | None = None) -> DeltaTable:
    rows = rows if isinstance(rows, pa.Table) else pa.table(rows)
    write_deltalake(str(folder), rows, partition_by=[partition] if partition else None)
    return DeltaTable(str(folder))


def rows_of(folder: Path | str) -> list[dict[str, Any]]:
    return sorted(DeltaTable(str(folder)).to_pyarrow_table().to_pylist(), key=repr)


def planned(lake: Path) -> Plan:
    return plan(str(lake), Recipe(TABLE, {}, ("sf_spark.schema",)), Read()).writing(None, None)


def test_a_partial_commit_by_spark_widens_the_table_and_keeps_its_other_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder = tmp_path / TABLE.path
    table_of(folder, {**OLD, "score": [1.5, 2.5]}, "periode")
    named = "siren string, periode string, reasons array<struct<text: string, weight: double>>, horizon int"
    rows = spark.createDataFrame([("3", "2024-02", [("c", 0.5)], 12)], named)
    # No row of the table has the horizon of the predicate: all of them stay.
    commit_rows(rows, planned(tmp_path), "periode = '2024-02' and horizon = 12")
    kept = [
        {"siren": siren, "periode": month, "reasons": [{"text": text, "weight": None}], "score": score, "horizon": None}
        for siren, month, text, score in (("1", "2024-01", "a", 1.5), ("2", "2024-02", "b", 2.5))
    ]
    new = {"siren": "3", "periode": "2024-02", "reasons": [{"text": "c", "weight": 0.5}], "score": None, "horizon": 12}
    assert rows_of(folder) == [*kept, new]
    assert DeltaTable(str(folder)).protocol().min_reader_version == 1  # any engine opens it
    assert planned(tmp_path).before is not None


def test_a_partial_commit_by_spark_refuses_other_types_before_anything_is_written(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder = tmp_path / TABLE.path
    table_of(folder, {**OLD, "level": [1, 2]}, "periode")
    named = "siren string, periode string, reasons array<struct<text: int>>, level string, horizon int"
    rows = spark.createDataFrame([("3", "2024-02", [(5,)], "fort", 12)], named)
    with pytest.raises(OtherColumnsError) as error:
        commit_rows(rows, planned(tmp_path), "periode = '2024-02'")
    assert str(error.value) == (
        f"{folder} was written by another version of the package (reasons.text: expected integer, found string; "
        "level: expected string, found long): move this folder away and run the job again: it writes the table anew"
    )
    assert DeltaTable(str(folder)).version() == 0
    folder.rename(tmp_path / "away")  # as it says
    commit_rows(rows, planned(tmp_path), "periode = '2024-02'")
    assert [row["level"] for row in rows_of(folder)] == ["fort"]


def test_a_table_that_is_replaced_as_a_whole_takes_the_new_columns(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / TABLE.path
    table_of(folder, {**OLD, "level": [1, 2]}, "periode")
    rows = spark.createDataFrame([("3", "2024-02", "fort")], "siren string, periode string, level string")
    commit_rows(rows, planned(tmp_path))
    assert rows_of(folder) == [{"siren": "3", "periode": "2024-02", "level": "fort"}]


def test_a_staged_table_gains_the_columns_that_files_bring(tmp_path: Path) -> None:
    first = written(tmp_path, "_batch=2402/a.parquet", "1")
    columns = [("siren", pa.string()), ("_batch", pa.string())]
    commit_files(str(tmp_path), None, pa.schema(columns), "_batch", [first], [])
    read = table_at(str(tmp_path))
    later = file_of(tmp_path, "_batch=2403/b.parquet", {"siren": ["2"], "ape_naf25": ["62.01Y"]})
    commit_files(
        str(tmp_path), read, pa.schema([*columns[:1], ("ape_naf25", pa.string()), columns[1]]), "_batch", [later], []
    )
    assert rows_of(tmp_path) == [
        {"siren": "1", "_batch": "2402", "ape_naf25": None},
        {"siren": "2", "_batch": "2403", "ape_naf25": "62.01Y"},
    ]


def test_a_staged_table_refuses_files_of_other_types(tmp_path: Path) -> None:
    schema = pa.schema([("siren", pa.string()), ("_batch", pa.string())])
    commit_files(str(tmp_path), None, schema, "_batch", [written(tmp_path, "_batch=2402/a.parquet", "1")], [])
    other = file_of(tmp_path, "_batch=2403/b.parquet", {"siren": [2]})
    with pytest.raises(OtherColumnsError, match=r"siren: expected long, found string\): ingest the deliveries into"):
        commit_files(
            str(tmp_path),
            table_at(str(tmp_path)),
            pa.schema([("siren", pa.int64()), ("_batch", pa.string())]),
            "_batch",
            [other],
            [],
        )
    assert rows_of(tmp_path) == [{"siren": "1", "_batch": "2402"}]


def file_of(folder: Path, path: str, columns: dict[str, list[Any]]) -> TableFile:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / path)
    return TableFile(path, (folder / path).stat().st_size, 1, path.split("=")[1].split("/")[0])


def test_rows_that_are_replaced_may_be_named_by_a_new_column(tmp_path: Path) -> None:
    table_of(tmp_path, {"list": ["a"], "n": pa.array([1], pa.int64())})
    rows = pa.table({"list": ["a"], "n": pa.array([2], pa.int32()), "horizon": [12]})
    for _ in range(2):
        replace_rows(str(tmp_path), rows, "list = 'a' and horizon = 12")
    assert rows_of(tmp_path) == [{"list": "a", "n": 1, "horizon": None}, {"list": "a", "n": 2, "horizon": 12}]


@pytest.mark.parametrize("value", ["1", 1.5])  # that the engine would take for 1
def test_rows_of_other_types_are_refused(tmp_path: Path, value: object) -> None:
    table_of(tmp_path, {"n": [0]})
    rows = pa.table({"n": [value]})
    with pytest.raises(OtherColumnsError, match="n: expected .*, found long"):
        append_rows(str(tmp_path), rows)
    with pytest.raises(OtherColumnsError, match="n: expected .*, found long"):
        replace_rows(str(tmp_path), rows, "n = 1")
    assert rows_of(tmp_path) == [{"n": 0}]


def test_a_table_that_is_laid_out_otherwise_is_refused(tmp_path: Path) -> None:
    stored = table_of(tmp_path, {"source": ["a"], "n": [0]})
    with pytest.raises(OtherColumnsError, match="partitioned by no column, expected source"):
        check_columns(str(tmp_path), stored, stored.schema(), "source", "do something")


def test_what_a_type_says_about_null_does_not_count(tmp_path: Path) -> None:
    stored = table_of(tmp_path, {"n": [[0]]})
    never_null = pa.schema([pa.field("n", pa.list_(pa.field("element", pa.int64(), nullable=False)), nullable=False)])
    check_columns(str(tmp_path), stored, Schema.from_arrow(never_null), None, "do something")


def test_a_column_more_is_no_change_of_rows_and_loses_no_commit_of_another_job(tmp_path: Path) -> None:
    stored = table_of(tmp_path, {"n": [0]})
    before, late = content_of(stored), DeltaTable(str(tmp_path))
    wider = Schema.from_arrow(pa.schema([("n", pa.int64()), ("m", pa.string())]))
    widen(stored, wider)
    assert what_happened(DeltaTable(str(tmp_path)), before) == "nothing"
    with pytest.raises(ConcurrentWriteError, match="another job has changed"):
        widen(late, wider)
