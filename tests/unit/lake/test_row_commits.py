"""Tables whose rows have a digest: a commit writes new, changed and removed rows, and no other file."""

from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from sf_spark.errors import ConcurrentWriteError
from sf_spark.lake import row_commits
from sf_spark.lake.planning import Plan, Read, Recipe, plan
from sf_spark.lake.row_commits import Written, commit_changed
from sf_spark.schema import Table

TABLE = Table("small/cards", ("k",), "p")
Rows = dict[str, tuple[str | None, str]]  # key -> partition, digest
TEN = {f"{n}{m}": (f"p{n}", f"digest {n}{m}") for n in range(10) for m in range(4)}


def frame(spark: SparkSession, rows: Rows, extra: str = "") -> DataFrame:
    named = f"k string, p string, empreinte string{extra}"
    return spark.createDataFrame([(key, *values, *([1] if extra else [])) for key, values in rows.items()], named)


def planned(lake: Path, **settings: int) -> Plan:
    return plan(str(lake), Recipe(TABLE, settings, ("sf_spark.schema",)), Read())


def written(spark: SparkSession, lake: Path, rows: Rows, step: int, extra: str = "") -> Written:
    return commit_changed(frame(spark, rows, extra), planned(lake, step=step), "k", lambda text: None)


def stored(lake: Path) -> Rows:
    rows = DeltaTable(f"{lake}/small/cards").to_pyarrow_table().to_pylist()
    return {row["k"]: (row["p"], row["empreinte"]) for row in rows}


@pytest.fixture(scope="module")
def first(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("rows")
    assert written(spark, lake, TEN, 0) == Written(rows=40, changed=40, gone=0, files=10, new_files=10)
    assert stored(lake) == TEN
    return lake


def test_only_what_changed_is_written(spark: SparkSession, first: Path) -> None:
    rows = {
        **TEN,
        "00": ("p0", "other"),
        "11": ("p2", "digest 11"),  # has moved; its digest says so in a real card
        "99": (None, "new, in no partition"),
    }
    rows["11"] = ("p2", "moved")
    del rows["33"]
    files = set(DeltaTable(f"{first}/small/cards").file_uris())
    found = written(spark, first, rows, 1)
    assert stored(first) == rows
    assert (found.rows, found.changed, found.gone) == (40, 3, 1)
    kept = files & set(DeltaTable(f"{first}/small/cards").file_uris())
    assert len(kept) == 7  # those of p0, p1 and p3 lost a row; that of p2 did not
    again = written(spark, first, rows, 2)
    assert (again.changed, again.gone, again.new_files) == (0, 0, 0)
    assert planned(first, step=2).stale is None  # nothing was written, and the build is known all the same
    assert planned(first, step=3).stale is not None


def test_other_columns_or_too_many_changes_write_it_all(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(spark, tmp_path, TEN, 0)
    monkeypatch.setattr(row_commits, "MOST_KEYS", 1)
    rows = {**TEN, "00": ("p0", "other"), "11": ("p1", "other")}
    many = written(spark, tmp_path, rows, 1)
    assert (many.changed, many.files, many.new_files) == (2, 10, 10)
    other = written(spark, tmp_path, rows, 2, extra=", x int")
    assert (other.changed, other.new_files) == (40, 10)
    assert "x" in DeltaTable(f"{tmp_path}/small/cards").to_pyarrow_table().column_names


def test_a_job_that_came_first_is_not_written_over(spark: SparkSession, tmp_path: Path) -> None:
    written(spark, tmp_path, TEN, 0)
    late = planned(tmp_path, step=1)
    rows = {**TEN, "00": ("p0", "other")}
    written(spark, tmp_path, rows, 2)
    with pytest.raises(ConcurrentWriteError):
        commit_changed(frame(spark, {**TEN, "00": ("p0", "late")}), late, "k", lambda text: None)
    assert stored(tmp_path) == rows
