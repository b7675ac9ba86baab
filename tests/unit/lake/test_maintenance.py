"""Maintenance: small files are compacted, needed versions stay readable, other files are removed."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from sf_spark.lake.contents import HOUSEKEEPING
from sf_spark.lake.maintenance import LOG_KEPT, Kept, crowded_partitions, maintain_table, versions_read

KEPT = Kept(days=7, log_days=3650)


def grow(folder: Path, months: list[str], partition: list[str] | None = None) -> DeltaTable:
    """One commit of one row for each month; all files are a year old."""
    for rank, month in enumerate(months):
        rows = pa.table({"month": [month], "rank": [rank]})
        write_deltalake(str(folder), rows, mode="append", partition_by=partition)
    for file in folder.rglob("*.parquet"):
        os.utime(file, (time.time() - 365 * 86_400,) * 2)
    return DeltaTable(str(folder))


def ranks(table: DeltaTable) -> list[int]:
    return sorted(table.to_pyarrow_table().column("rank").to_pylist())


def test_partitions_of_many_small_files_are_found(tmp_path: Path) -> None:
    table = grow(tmp_path, ["2026-01"] * 3 + ["2026-02"] * 2, ["month"])
    assert crowded_partitions(table, 1_000_000, 3) == ["2026-01"]
    assert crowded_partitions(table, 1_000_000, 2) == ["2026-01", "2026-02"]
    assert crowded_partitions(table, 100, 2) == []  # no file is small beside that
    assert crowded_partitions(grow(tmp_path / "whole", ["2026-01"] * 3), 1_000_000, 3) == [None]


def test_files_are_put_together_and_those_of_the_last_days_stay(tmp_path: Path) -> None:
    table = grow(tmp_path, ["2026-01"] * 4)
    done = maintain_table(table, KEPT, 1_000_000, 4, dry_run=False)
    assert (done.compacted, done.removed) == (4, 0)  # they were replaced just now
    now = DeltaTable(str(tmp_path))
    assert len(now.file_uris()) == 1 and ranks(now) == [0, 1, 2, 3]
    assert now.metadata().configuration[LOG_KEPT] == "interval 3650 days"
    assert ranks(DeltaTable(str(tmp_path), version=1)) == [0, 1]
    again = maintain_table(DeltaTable(str(tmp_path)), KEPT, 1_000_000, 4, dry_run=False)
    assert (again.compacted, again.removed) == (0, 0)


def test_what_a_killed_job_left_goes_and_a_dry_run_only_says_so(tmp_path: Path) -> None:
    table = grow(tmp_path, ["2026-01"] * 2)
    left = tmp_path / "part-0000-left.parquet"
    left.write_bytes(b"x")
    os.utime(left, (time.time() - 30 * 86_400,) * 2)
    young = tmp_path / "part-0000-being-written.parquet"
    young.write_bytes(b"x")
    before = table.version()
    done = maintain_table(table, KEPT, 1_000_000, 2, dry_run=True)
    assert done.removed == 1 and left.exists() and DeltaTable(str(tmp_path)).version() == before
    maintain_table(table, KEPT, 1_000_000, 9, dry_run=False)
    assert not left.exists() and young.exists()
    assert ranks(DeltaTable(str(tmp_path))) == [0, 1]


def test_a_version_that_a_build_needs_can_be_read_however_old_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path)
    table = grow(tmp_path, ["2026-01"])
    for rank in range(1, 4):  # each commit replaces all
        write_deltalake(folder, pa.table({"month": ["2026-01"], "rank": [rank]}), mode="overwrite")
    table = DeltaTable(folder)
    _log_of_last_year(tmp_path)
    table = DeltaTable(folder)
    done = maintain_table(table, Kept(7, 3650, (1, 99)), 1_000_000, 9, dry_run=False)
    assert done.kept_versions == (1,)
    assert done.removed == 2  # of versions 0 and 2
    assert ranks(DeltaTable(folder, version=1)) == [1] and ranks(DeltaTable(folder)) == [3]
    with pytest.raises(Exception, match="(?i)not found|no such file"):
        DeltaTable(folder, version=2).to_pyarrow_table()


def _log_of_last_year(folder: Path) -> None:
    """Dates what the log says of files that were replaced a year back."""
    import json

    past = int((time.time() - 365 * 86_400) * 1000)
    for path in (folder / "_delta_log").glob("*.json"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if "remove" in line:
                line["remove"]["deletionTimestamp"] = past
        path.write_text("\n".join(json.dumps(line) for line in lines))
    for file in folder.rglob("*.parquet"):
        os.utime(file, (past / 1000,) * 2)


def test_the_versions_that_builds_have_read() -> None:
    builds = [
        {"read": ["panel/entreprise 3", "signals/entreprise 5"]},
        {"read": ["panel/entreprise 4"]},
        {"read": None},
    ]
    assert versions_read(builds) == {"panel/entreprise": {3, 4}, "signals/entreprise": {5}}


def test_its_commits_are_housekeeping_which_makes_nothing_stale(tmp_path: Path) -> None:
    table = grow(tmp_path, ["2026-01"] * 4)
    before = table.version()
    maintain_table(table, KEPT, 1_000_000, 4, dry_run=False)
    done = [entry["operation"] for entry in DeltaTable(str(tmp_path)).history() if entry["version"] > before]
    assert {"SET TBLPROPERTIES", "OPTIMIZE"} <= set(done) <= set(HOUSEKEEPING)
