"""Rows as the workers read them are the rows that Spark reads, derived measures included."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import SfSparkError
from sf_spark.lake.month_files import files_of_months
from sf_spark.signals.measures import DERIVED
from sf_spark.signals.panel_files import PanelFile, Reading, read_rows
from tests.oracles.signals_in_sql import derived

JANUARY, FEBRUARY, MARCH = date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)
NOVEMBER = 2024 * 12 + 10
SECTION = [*"ABCDEFGHIJKLMNOPQRSTUV", "W", "AB", "a", "", None]
DIVISION = [1, 99, None]


def write_panel(folder: Path, month: date, **columns: pa.Array) -> None:
    periode = pa.array([month] * len(next(iter(columns.values()))), pa.date32())
    table = pa.table({**columns, "periode": periode})
    write_deltalake(str(folder), table, mode="append", partition_by=["periode"], schema_mode="merge")


def test_sector_and_legal_category_become_the_same_numbers_in_both_engines(spark: SparkSession, tmp_path: Path) -> None:
    categories = ["1000", "5499", "", "1", None]
    columns = {
        "siren": pa.array([f"{n:09d}" for n in range(len(SECTION))]),
        "section": pa.array(SECTION, pa.string()),
        "division": pa.array([DIVISION[n % len(DIVISION)] for n in range(len(SECTION))], pa.int32()),
        "categorie_juridique": pa.array([categories[n % len(categories)] for n in range(len(SECTION))], pa.string()),
    }
    write_panel(tmp_path, JANUARY, **columns)
    files = [PanelFile("siren", path, 0) for path, _, _ in files_of_months(str(tmp_path), None, JANUARY, JANUARY)]
    read = pa.Table.from_batches(list(read_rows(files, Reading(DERIVED, {"siren": frozenset(DERIVED)}))))
    ours = {-row["id"]: tuple(row[name] for name in DERIVED) for row in read.to_pylist()}
    panel = derived(spark.read.format("delta").load(str(tmp_path)))
    numbers = panel.select(F.col("siren").cast("long"), *(F.col(name).cast("double") for name in DERIVED)).collect()
    assert ours == {row[0]: tuple(row)[1:] for row in numbers}
    assert [ours[n][1] for n in range(len(SECTION))] == [*range(1, 23), *[None] * 5]  # A = 1 ... V = 22
    assert [ours[n][0] for n in range(3)] == [1, 99, None]


def test_a_file_without_a_measure_and_a_measure_that_is_not_wanted_are_unknown(tmp_path: Path) -> None:
    siret = pa.array(["00000000100011", "00000000100029"])
    write_panel(tmp_path, JANUARY, siret=siret, effectif=pa.array([7, None], pa.int32()))
    write_panel(tmp_path, FEBRUARY, siret=siret, effectif=pa.array([8, 0], pa.int32()), dette=pa.array([0.25, None]))
    found = files_of_months(str(tmp_path), None, JANUARY, FEBRUARY)
    files = [PanelFile("siret", path, NOVEMBER + 1 + day.month) for path, day, _ in sorted(found, key=lambda f: f[1])]
    reading = Reading(("bilan", "dette", "effectif"), {"siret": frozenset({"dette", "effectif"})})
    rows = [tuple(row.values()) for batch in read_rows(files, reading) for row in batch.to_pylist()]
    assert rows == [
        (100_011, NOVEMBER + 2, None, None, 7.0),
        (100_029, NOVEMBER + 2, None, None, None),
        (100_011, NOVEMBER + 3, None, 0.25, 8.0),
        (100_029, NOVEMBER + 3, None, None, 0.0),
    ]


def test_only_the_files_of_the_months_asked_for_that_the_table_still_names(tmp_path: Path) -> None:
    for month in (JANUARY, FEBRUARY, MARCH):
        write_panel(tmp_path, month, siren=pa.array(["000000001", "000000002"]))
    DeltaTable(str(tmp_path)).delete("periode = '2025-02-01'")
    found = files_of_months(str(tmp_path), None, FEBRUARY, MARCH)
    assert [(day, rows) for _, day, rows in found] == [(MARCH, 2)]
    assert all(Path(path).is_file() for path, _, _ in found)


def test_a_table_whose_files_hold_deleted_rows_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    rows = spark.createDataFrame([("000000001", JANUARY), ("000000002", JANUARY)], "siren string, periode date")
    writer = rows.coalesce(1).write.format("delta").option("delta.enableDeletionVectors", "true")
    writer.partitionBy("periode").save(str(tmp_path))
    spark.sql(f"DELETE FROM delta.`{tmp_path}` WHERE siren = '000000001'")
    with pytest.raises(SfSparkError, match="reader version 3, expected: 1"):
        files_of_months(str(tmp_path), None, JANUARY, JANUARY)
