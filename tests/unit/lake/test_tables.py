"""Tables read as the files in their log hold what Delta's own reader finds: at a version, of some months, widened."""

from collections.abc import Sequence
from datetime import date

import pytest
from deltalake import Field
from pyspark.sql import DataFrame, SparkSession

from sf_spark.lake import staged, tables
from sf_spark.lake.files import table_at
from sf_spark.lake.tables import as_files, read_version, replace_all
from sf_spark.schema import Table

TABLE = Table("panel/essai", ("siren",), "periode")
JANUARY, FEBRUARY, MARCH = (date(2024, month, 1) for month in (1, 2, 3))
ROWS = [(JANUARY, "a", 1), (JANUARY, "é ;", None), (FEBRUARY, "a", 2), (None, "nowhere", 3)]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Version 0: the rows. Version 1: a column more. Version 2: one row of March that has it."""
    folder = str(tmp_path_factory.mktemp("tables") / "un lac [é]#")
    replace_all(spark.createDataFrame(ROWS, "periode date, siren string, dette int"), folder, TABLE)
    table_at(f"{folder}/{TABLE.path}").alter.add_columns([Field("effectif", "long")])
    march = spark.createDataFrame([(MARCH, "b", 4, 5)], "periode date, siren string, dette int, effectif long")
    march.write.format("delta").mode("append").save(f"{folder}/{TABLE.path}")
    return folder


def delta(spark: SparkSession, lake: str, version: int) -> DataFrame:
    return spark.read.format("delta").option("versionAsOf", version).load(f"{lake}/{TABLE.path}")


def in_order(rows: DataFrame) -> list[str]:
    return sorted(map(repr, rows.collect()))


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("months", [None, (), (JANUARY,), (FEBRUARY, MARCH), (date(2030, 1, 1),)])
@pytest.mark.parametrize("most", [32, 0])  # 0: Delta's reader
def test_rows_and_columns_are_those_of_delta(
    spark: SparkSession,
    lake: str,
    version: int,
    months: Sequence[date] | None,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "_FEW_FILES", most)
    expected = delta(spark, lake, version)
    expected = expected if months is None else expected.where(expected["periode"].isin(*months))
    found = read_version(spark, lake, TABLE, version, months)
    assert found.columns == expected.columns
    assert [field.dataType for field in found.schema] == [field.dataType for field in expected.schema]
    assert in_order(found) == in_order(expected)


def test_only_the_files_of_the_months_are_listed_and_many_are_left_to_delta(spark: SparkSession, lake: str) -> None:
    folder = f"{lake}/{TABLE.path}"
    whole, one = as_files(spark, folder, table_at(folder)), as_files(spark, folder, table_at(folder), (MARCH,))
    assert whole is not None and one is not None
    assert len(one.inputFiles()) == 1 < len(whole.inputFiles())
    assert as_files(spark, folder, table_at(folder), most=1) is None
    assert as_files(spark, folder, table_at(folder), (date(2030, 1, 1),)) is None


def test_files_that_lie_elsewhere_are_left_to_delta_and_never_read_as_none(
    spark: SparkSession, lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged, "staged", lambda source: TABLE)
    wanted = delta(spark, lake, 2)
    monkeypatch.setattr(staged, "as_files", lambda *arguments: None)  # as for a clone whose log names absolute paths
    assert in_order(staged.read_or_empty(spark, lake, "essai", "siren string", 2)) == in_order(wanted)
