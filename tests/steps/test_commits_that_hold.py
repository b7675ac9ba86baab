"""Jobs killed at any commit, or beside another job: what they leave is what one order of them would have left."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql.readwriter import DataFrameWriter

from sf_spark.errors import ConcurrentWriteError
from sf_spark.lake import committing, files, month_files
from sf_spark.signals.expression import Measure
from sf_spark.signals.worker import SignalRequest, write_part
from sf_spark.steps.outputs import signal_tables
from tests.steps.conftest import DERIVED, DUES, PANELS, SIGNALS, SmallLake, dues

PACKAGE = Path(__file__).resolve().parents[2] / "sf_spark"
# The calls that change Delta tables. A new one must be added here, to be killed below.
PRIMITIVES = {"create", "create_write_transaction", "create_table_with_add_actions", "write_deltalake", "save"}
COMMIT_POINTS = {
    "lake/committing.py": {"save"},  # derived tables by Spark
    "lake/files.py": {"create", "create_write_transaction", "write_deltalake"},  # staged tables, monitoring, logs
    "lake/month_files.py": {"create_write_transaction", "create_table_with_add_actions"},  # signals
    "lake/tables.py": {"save"},  # a table scored by hand
    "steps/outputs/export_files.py": {"write_deltalake", "save"},  # a folder of files, renamed when it is whole
}
JANUARY = 2024 * 12  # the index of a month
# A table that is scored by hand; exports, which their own tests kill. Nothing is made of either.
SAFE = {"lake/tables.py", "steps/outputs/export_files.py"}


class Killed(BaseException):
    """As a process ends: no handler of the package catches it."""


def commit_points() -> dict[str, set[str]]:
    """The primitives that each module of the package calls."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        calls = {_name(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
        if calls & PRIMITIVES:
            found[str(path.relative_to(PACKAGE))] = calls & PRIMITIVES
    return found


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_every_place_that_commits_is_known() -> None:
    assert commit_points() == COMMIT_POINTS


class Killer:
    """Kills once before and once after each commit: of a place in the code, on a table."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[tuple[str, str, str, str]] = set()
        for module, name in (
            (files, "write_deltalake"),
            (month_files, "create_table_with_add_actions"),
        ):
            place = f"lake/{module.__name__.rpartition('.')[2]}.py"
            monkeypatch.setattr(module, name, self._killing(place, name, getattr(module, name)))
        write = DeltaTable.create_write_transaction
        monkeypatch.setattr(
            DeltaTable, "create_write_transaction", self._killing("", "create_write_transaction", write)
        )
        create = DeltaTable.create
        monkeypatch.setattr(DeltaTable, "create", self._killing("lake/files.py", "create", create))
        monkeypatch.setattr(DataFrameWriter, "save", self._killing("lake/committing.py", "save", DataFrameWriter.save))

    def _killing(self, place: str, name: str, commit: Callable[..., Any]) -> Callable[..., Any]:
        def killing(*arguments: Any, **named: Any) -> Any:
            first = arguments[1] if name == "save" else arguments[0]
            folder = first.table_uri if isinstance(first, DeltaTable) else str(first)
            path = "/".join(folder.rstrip("/").split("/")[-2:])
            where = place or ("lake/month_files.py" if path.startswith("signals/") else "lake/files.py")
            self._die((where, name, path, "before"))
            done = commit(*arguments, **named)
            self._die((where, name, path, "after"))
            return done

        return killing

    def _die(self, point: tuple[str, str, str, str]) -> None:
        if point not in self.seen:
            self.seen.add(point)
            raise Killed(point)


def test_a_job_killed_before_and_after_each_commit_ends_as_one_that_was_not(
    lake: SmallLake, built: SmallLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = built.copied(tmp_path / "uninterrupted")
    for each in (lake, other):
        each.deliver("2402_01", DUES, dues(100, 100, 100, 40) + "671;14;x;c;202411;5;0;1\n")  # with a rejected line
        each.deliver("2402_01", "contexte_aides.csv", "type;code;drapeau\nsiren;012345678;aide\n")  # a new source
    _refresh(other)
    with monkeypatch.context() as patched:
        killer = Killer(patched)
        while not _survived(lake):
            assert len(killer.seen) < 200
    reached = {(place, name) for place, name, _, _ in killer.seen}
    expected = {(place, name) for place, names in COMMIT_POINTS.items() for name in names if place not in SAFE}
    # Tables that are there are not created: a new source creates one, and the signals of a new lake are another test.
    assert expected - {("lake/month_files.py", "create_table_with_add_actions")} <= reached
    assert {path for _, _, path, _ in killer.seen} >= {*DERIVED, "staged/cotisation", "monitoring/builds"}
    for table in (*DERIVED, "staged/cotisation", "quarantine"):
        assert lake.rows(table) == other.rows(table), table
    _assert_named_files_hold(lake)


def _refresh(lake: SmallLake) -> None:
    lake.ingest()
    lake.panels()
    lake.signals()
    lake.labels()


def _survived(lake: SmallLake) -> bool:
    try:
        _refresh(lake)
    except Killed:
        return False
    return True


def _assert_named_files_hold(lake: SmallLake) -> None:
    """Every file named by a log, in any version it still holds, exists with the recorded number of rows."""
    for table in (*DERIVED, "staged/cotisation"):
        last = DeltaTable(f"{lake.settings.lake}/{table}")
        for version in range(last.version() + 1):
            stored = DeltaTable(f"{lake.settings.lake}/{table}", version=version)
            counted = sum(stored.get_add_actions(flatten=True).column("num_records").to_pylist())
            assert stored.to_pyarrow_table().num_rows == counted, (table, version)


def test_signals_killed_between_their_two_commits_and_run_again_with_other_sizes_of_tasks(
    built: SmallLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = built.copied(tmp_path / "killed")
    wider = lake.with_settings("signals.families=[cotisations, effectifs]")
    commit = signal_tables.commit_months
    done: list[object] = []

    def once(*arguments: Any) -> None:
        if done:
            raise Killed
        done.append(True)
        commit(*arguments)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(signal_tables, "commit_months", once)
        wider.signals()
    first = {table: lake.rows(table) for table in SIGNALS}
    assert len(first[SIGNALS[1]][0]) > len(first[SIGNALS[0]][0])  # one has the new signals, the other has not
    monkeypatch.setattr(signal_tables, "_tasks", lambda *arguments: 7)
    wider.signals()
    assert lake.rows(SIGNALS[1]) == first[SIGNALS[1]]
    again = built.copied(tmp_path / "again").with_settings("signals.families=[cotisations, effectifs]")
    again.signals()
    for table in SIGNALS:
        assert lake.rows(table) == again.rows(table), table
    _assert_named_files_hold(lake)


def test_two_jobs_at_one_version_put_a_month_in_once(
    lake: SmallLake, built: SmallLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_turn = built.copied(tmp_path / "in turn")
    for each in (lake, in_turn):
        each.deliver("2403", DUES, dues(100, 100, 100, 70, 70))
        each.ingest()
    in_turn.panels(), in_turn.signals()
    for tables, run in ((PANELS, lake.panels), (SIGNALS, lake.signals)):
        with monkeypatch.context() as patched:
            _meanwhile(patched, tables, [run])
            assert any("trying once more" in line for line in run())
        for table in tables:
            assert lake.rows(table) == in_turn.rows(table), table


def _meanwhile(monkeypatch: pytest.MonkeyPatch, tables: tuple[str, ...], others: list[Callable[[], Any]]) -> None:
    """Runs one of these each time, between what a commit was made from and the commit."""
    module, name = (committing, "_save") if tables is PANELS else (signal_tables, "commit_months")
    commit = getattr(module, name)
    inside: list[bool] = []

    def late(*arguments: Any) -> None:
        if others and not inside:
            inside.append(True)
            others.pop(0)()
            inside.clear()
        commit(*arguments)

    monkeypatch.setattr(module, name, late)


def test_who_comes_second_twice_gives_way_by_name(lake: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [lake.with_settings(f"labels.horizons=[{n}]").labels for n in (3, 4)]
    _meanwhile(monkeypatch, PANELS, [*others])
    with pytest.raises(ConcurrentWriteError, match="another job has changed labels/entreprise"):
        lake.with_settings("labels.horizons=[6]").labels()
    assert "cible_4m" in lake.rows("labels/entreprise")[0]  # the winner's table, whole


def test_jobs_with_other_settings_at_a_time_leave_one_of_both_tables(
    lake: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meanwhile(monkeypatch, PANELS, [lake.with_settings("labels.horizons=[3]").labels])
    said = lake.with_settings("labels.horizons=[6]").labels()
    assert any("trying once more" in line for line in said)
    assert "cible_6m" in (row := lake.rows("labels/entreprise")[0]) and "cible_3m" not in row


def test_a_task_that_is_started_twice_writes_over_nothing(tmp_path: Path) -> None:
    request = SignalRequest(
        {"siren": [("effectif", Measure("effectif"))]},
        {"siren": str(tmp_path)},
        ("effectif",),
        JANUARY,
        JANUARY,
        JANUARY,
    )
    batch = pa.RecordBatch.from_pydict({"id": [-1], "mois": [JANUARY], "effectif": [12.0]})
    paths = [next(write_part([batch], request, 0)).to_pylist()[0]["path"] for _ in range(2)]
    assert paths[0] != paths[1]
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet")} == set(paths)
