"""Two concurrent ingests give the result of one after the other, or one of them reports that it gave way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from sf_spark.settings import Settings
from sf_spark.staging import storing
from sf_spark.staging.intake import take_in
from tests.compare_lakes import compare_tables

A, B = "01234567800011", "98765432100010"
HEADER = "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due\n"
NAME = "sigfaible_cotisdues.csv"
Deliver = Callable[[str, str, str], None]


def due(siret: str, amount: int) -> str:
    return f"671;14;{siret};c;202411;5;0;{amount}\n"


def take(settings: Settings, batch: str) -> dict[str, str]:
    done = take_in(None, settings, batch, lambda line: None)  # type: ignore[arg-type]
    return {account.file.name: f"{account.status} {account.message}".strip() for account in done}


def meanwhile(monkeypatch: pytest.MonkeyPatch, others: list[Callable[[], Any]]) -> None:
    """Runs one of these each time, between what a commit was computed from and the commit."""
    commit = storing.commit_files
    inside: list[bool] = []

    def late(*arguments: Any) -> None:
        if others and not inside:
            inside.append(True)
            others.pop(0)()
            inside.clear()
        commit(*arguments)

    monkeypatch.setattr(storing, "commit_files", late)


def lakes(settings: Settings, tmp_path: Path) -> tuple[Settings, Settings]:
    """A lake written by two concurrent jobs, and one written by the same jobs in sequence."""
    return settings, settings.model_copy(update={"lake": str(tmp_path / "in turn")})


@pytest.mark.parametrize("first_batches", [(), ("2402",)])
def test_the_same_batch_twice_at_a_time_is_there_once(
    settings: Settings, tmp_path: Path, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, first_batches: tuple
) -> None:
    deliver("2402", NAME, HEADER + due(A, 1) + due(B, 2))
    deliver("2403", NAME, HEADER + due(A, 5) + due(B, 2))
    both, in_turn = lakes(settings, tmp_path)
    for batch in first_batches:
        take(both, batch), take(in_turn, batch)
    take(in_turn, "2403"), take(in_turn, "2403")
    with monkeypatch.context() as patched:
        meanwhile(patched, [lambda: take(both, "2403")])
        assert take(both, "2403") == {NAME: "ok"}
    for table in ("staged/cotisation", "deliveries"):
        left_out = frozenset({"started_at", "finished_at"})
        found = compare_tables(Path(both.lake), Path(in_turn.lake), table, left_out)
        # The second job saw its own facts as those of an earlier run.
        assert found.findings == []
    assert {row["du"] for row in in_force(both)} == {5.0, 2.0}


def test_two_batches_at_a_time_are_there_as_if_in_order(
    settings: Settings, tmp_path: Path, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("2402", NAME, HEADER + due(A, 1) + due(B, 2))
    deliver("2403", NAME, HEADER + due(A, 5))
    both, in_turn = lakes(settings, tmp_path)
    take(in_turn, "2402"), take(in_turn, "2403")
    with monkeypatch.context() as patched:
        meanwhile(patched, [lambda: take(both, "2402")])
        assert take(both, "2403") == {NAME: "ok"}
    assert compare_tables(Path(both.lake), Path(in_turn.lake), "staged/cotisation").findings == []


def test_who_comes_second_every_time_gives_way_by_name_and_leaves_no_file(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for batch in ("2402", "2403", "2404"):
        deliver(batch, NAME, HEADER + due(A, int(batch)))
    take(settings, "2402")
    with monkeypatch.context() as patched:
        meanwhile(patched, [lambda: take(settings, "2403"), lambda: take(settings, "2404")])
        (said,) = take(settings, "2403").values()
    assert said.startswith("failed another job has changed") and said.endswith("run ingest again")
    assert [row["du"] for row in in_force(settings)] == [2404.0]
    folder = Path(settings.lake) / "staged" / "cotisation"
    table = DeltaTable(str(folder))
    named = {Path(uri).name for uri in table.file_uris()} | {
        Path(action["remove"]["path"]).name for action in removed(folder)
    }
    assert {path.name for path in folder.rglob("*.parquet") if "_delta_log" not in path.parts} <= named


def in_force(settings: Settings) -> list[dict[str, Any]]:
    rows = DeltaTable(f"{settings.lake}/staged/cotisation").to_pyarrow_table().to_pylist()
    return [row for row in rows if row["superseded_on"] is None]


def removed(folder: Path) -> list[dict[str, Any]]:
    import json

    lines = [line for log in sorted(folder.glob("_delta_log/*.json")) for line in log.read_text().splitlines()]
    return [action for line in lines if "remove" in (action := json.loads(line))]
