"""Commits by month and their builds, without Spark, after a second job, a copy or a clean-up."""

import shutil
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from sf_spark.errors import ConcurrentWriteError, MissingTableError
from sf_spark.lake import month_files
from sf_spark.lake.contents import content_of, what_happened
from sf_spark.lake.ledger import find_build
from sf_spark.lake.month_files import commit_months
from sf_spark.lake.planning import Plan, Read, Recipe, plan
from sf_spark.schema import PANEL_ENTREPRISE, SIGNALS_DICTIONARY, SIGNALS_ENTREPRISE

TABLE = SIGNALS_ENTREPRISE
JANUARY, FEBRUARY, MARCH = (date(2024, month, 1) for month in (1, 2, 3))


def recipe(**changes: Any) -> Recipe:
    return Recipe(
        **{"table": TABLE, "settings": {"a": 1}, "code": ("sf_spark.domain.calendar",), "by_month": True} | changes
    )


def planned(lake: Path, last: date, **changes: Any) -> Plan:
    return plan(str(lake), recipe(**changes), Read(last=last))


def write(todo: Plan, *months: date, value: float = 1.0, first: date | None = None) -> None:
    """Commit one row for each of these months in place of all from ``first`` on."""
    files = [_written(Path(todo.lake, TABLE.path), month, value) for month in months]
    commit_months(todo.writing(first, months[-1] if months else first), "siren", ["x"], files)


def _written(folder: Path, month: date, value: float) -> dict[str, object]:
    path = f"periode={month}/part-00000-{uuid.uuid4().hex}.parquet"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"siren": ["1"], "x": pa.array([value], pa.float32())}), folder / path)
    size = (folder / path).stat().st_size
    return {"path": path, "periode": month.isoformat(), "bytes": size, "rows": 1, "low": "1", "high": "1"}


def rows(lake: Path) -> dict[date, float]:
    table = DeltaTable(str(lake / TABLE.path)).to_pyarrow_table()
    assert table.num_rows == len(set(table.column("periode").to_pylist()))
    return dict(zip(table.column("periode").to_pylist(), table.column("x").to_pylist(), strict=True))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A table of two months."""
    write(planned(tmp_path / "lake", FEBRUARY), JANUARY, FEBRUARY)
    return tmp_path / "lake"


def test_a_build_is_found_in_the_commit_that_it_describes(lake: Path) -> None:
    assert planned(lake, FEBRUARY).stale is None
    again = planned(lake, MARCH)
    assert again.stale is not None and again.stale.first == MARCH
    write(again, MARCH, value=3.0, first=MARCH)
    assert rows(lake) == {JANUARY: 1.0, FEBRUARY: 1.0, MARCH: 3.0}
    assert planned(lake, MARCH).stale is None
    table = DeltaTable(str(lake / TABLE.path))
    found = find_build(str(lake), TABLE, table)
    assert found is not None and (found.settings, found.written) == ({"a": 1}, (MARCH, MARCH))
    assert (table.protocol().min_reader_version, table.protocol().reader_features) == (1, None)


def test_months_that_are_gone_are_taken_away(lake: Path) -> None:
    todo = planned(lake, JANUARY)
    assert todo.stale is not None and todo.stale.first == FEBRUARY
    write(todo, first=FEBRUARY)
    assert rows(lake) == {JANUARY: 1.0}
    assert planned(lake, JANUARY).stale is None


@pytest.mark.parametrize("first", [MARCH, FEBRUARY, None])
def test_of_two_plans_of_one_version_the_second_is_refused(lake: Path, first: date | None) -> None:
    one, two = planned(lake, MARCH), planned(lake, MARCH)
    months = [month for month in (JANUARY, FEBRUARY, MARCH) if first is None or month >= first]
    write(one, *months, value=3.0, first=first)
    with pytest.raises(ConcurrentWriteError, match="signals/entreprise"):
        write(two, *months, value=4.0, first=first)
    assert {rows(lake)[month] for month in months} == {3.0}


def test_of_two_jobs_that_begin_a_table_the_second_is_refused(tmp_path: Path) -> None:
    one, two = planned(tmp_path, JANUARY), planned(tmp_path, JANUARY)
    write(one, JANUARY, value=3.0)
    with pytest.raises(ConcurrentWriteError, match="signals/entreprise"):
        write(two, JANUARY, value=4.0)
    assert rows(tmp_path) == {JANUARY: 3.0}


def test_a_plan_may_be_older_than_a_tables_new_layout(lake: Path) -> None:
    todo = planned(lake, MARCH)
    DeltaTable(str(lake / TABLE.path)).optimize.compact()
    write(todo, MARCH, first=MARCH)
    assert set(rows(lake)) == {JANUARY, FEBRUARY, MARCH}


def test_a_job_killed_before_it_has_written_the_mirror_is_found_by_the_log_and_noted_then(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(month_files, "note_commit", die)
        write(planned(lake, MARCH), MARCH, first=MARCH)
    noted = DeltaTable(str(lake / "monitoring/builds"))
    assert noted.to_pyarrow_table().num_rows == 1
    assert planned(lake, MARCH).stale is None
    noted.update_incremental()
    assert noted.to_pyarrow_table().num_rows == 2


def test_a_copy_a_vacuum_and_a_log_that_was_cleaned_up_keep_the_build(lake: Path, tmp_path: Path) -> None:
    write(planned(lake, MARCH), MARCH, first=MARCH)
    copy = tmp_path / "copy"
    shutil.copytree(lake, copy, copy_function=shutil.copyfile)
    table = DeltaTable(str(copy / TABLE.path))
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert planned(copy, MARCH).stale is None
    _forget_the_log(copy)
    assert planned(copy, MARCH).stale is None
    shutil.rmtree(copy / "monitoring")
    unknown = planned(copy, MARCH).stale
    assert unknown is not None and unknown.first is None  # better twice than a false "up to date"


def _forget_the_log(lake: Path) -> None:
    """What Delta leaves of a log after its retention: a checkpoint, and the commits behind it."""
    table = DeltaTable(str(lake / TABLE.path))
    table.create_checkpoint()
    for path in (lake / TABLE.path / "_delta_log").glob("*.json"):
        path.unlink()


def test_a_table_that_was_restored_has_the_build_of_then(lake: Path) -> None:
    write(planned(lake, MARCH), MARCH, first=MARCH)
    DeltaTable(str(lake / TABLE.path)).restore(0)
    todo = planned(lake, MARCH)
    assert todo.stale is not None and todo.stale.first == MARCH
    assert planned(lake, FEBRUARY).stale is None
    write(todo, MARCH, value=5.0, first=MARCH)
    assert rows(lake)[MARCH] == 5.0


def test_a_table_changed_by_hand_is_written_again(lake: Path) -> None:
    DeltaTable(str(lake / TABLE.path)).delete("periode = '2024-01-01'")
    todo = planned(lake, FEBRUARY)
    assert todo.stale is not None and todo.stale.first is None


def test_what_the_log_says_of_the_time_since(lake: Path) -> None:
    table = DeltaTable(str(lake / TABLE.path))
    before = content_of(table)
    assert what_happened(table, before) == "nothing"
    table.optimize.z_order(["siren"])
    assert what_happened(table, before) == "nothing"
    write(planned(lake, MARCH), MARCH, first=MARCH)
    table.update_incremental()
    assert what_happened(table, before) == "written"
    table.restore(0)
    assert what_happened(table, before) == "changed by hand"


def test_what_is_read_counts_by_month(lake: Path) -> None:
    reading = Recipe(SIGNALS_DICTIONARY, {}, ("sf_spark.domain.calendar",), tables=(TABLE,), by_month=True)
    other = plan(str(lake), reading, Read(last=FEBRUARY))
    folder = lake / SIGNALS_DICTIONARY.path
    _create(folder, other)
    assert plan(str(lake), reading, Read(last=FEBRUARY)).stale is None
    write(planned(lake, FEBRUARY, settings={"a": 2}), FEBRUARY, value=2.0, first=FEBRUARY)
    changed = plan(str(lake), reading, Read(last=FEBRUARY)).stale
    assert changed is not None and changed.first == FEBRUARY
    assert changed.reasons == ("signals/entreprise was changed from 2024-02 on",)


def _create(folder: Path, made: Plan) -> None:
    from deltalake import CommitProperties, write_deltalake

    metadata = {"userMetadata": made.writing(None, FEBRUARY).build.as_text()}
    write_deltalake(str(folder), pa.table({"name": ["x"]}), commit_properties=CommitProperties(metadata))


def test_a_table_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match="panel/entreprise is not in"):
        planned(tmp_path, JANUARY, tables=(PANEL_ENTREPRISE,))
