"""Cases of a false "up to date": each time, the job finds what is stale by itself, and writes only that."""

import hashlib
import shutil
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.lake import code
from sf_spark.steps import build_panel as panel_step
from sf_spark.steps.show_builds import show_builds
from tests.steps.conftest import DERIVED, DUES, PANELS, SIGNALS, Rows, SmallLake, dues

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)


def written_again(said: list[str], table: str) -> str:
    return next((line for line in said if line.startswith(f"{table}:") and "up to date" not in line), "")


def test_what_was_built_is_there_and_is_not_written_again(lake: SmallLake) -> None:
    before = {table: lake.version(table) for table in DERIVED}
    for said in (lake.panels(), lake.signals(), lake.labels()):
        assert "up to date" in said[-1]
    assert {table: lake.version(table) for table in DERIVED} == before


def test_a_copied_lake_follows_the_correction_that_came_before_the_copy(built: SmallLake, tmp_path: Path) -> None:
    first = built.copied(tmp_path / "first")
    first.deliver("2402_01", DUES, dues(100, 100, 100, 40))
    first.ingest()
    copy = first.copied(tmp_path / "copy")  # its logs are younger than the correction
    january = {name for name in copy.files(PANELS[0]) if name in _files_of(copy, PANELS[0], JANUARY)}
    said = copy.panels()
    for table in PANELS:
        assert "2402_01 of cotisation came after it was written" in written_again(said, table)
        assert {row["cotisation"] for row in copy.rows(table) if row["periode"] == FEBRUARY} & {40.0, 81.0, 42.0}
    assert january and january == _files_of(copy, PANELS[0], JANUARY)  # earlier months stay as they are
    assert "up to date" in copy.panels()[-1]
    assert "panel/etablissement was changed from 2024-02 on" in written_again(copy.signals(), SIGNALS[0])


def _files_of(lake: SmallLake, table: str, month: date) -> set[str]:
    stored = DeltaTable(f"{lake.settings.lake}/{table}").get_add_actions(flatten=True)
    pairs = zip(stored.column("path").to_pylist(), stored.column("partition.periode").to_pylist(), strict=True)
    return {Path(path).name for path, day in pairs if day == month}


def test_another_cutoff_day_and_back_again(lake: SmallLake) -> None:
    at_20 = {table: lake.rows(table) for table in PANELS}
    early = lake.with_settings("cutoff_day=15")
    said = early.panels()
    assert all("cutoff_day was 20, is 15" in written_again(said, table) for table in PANELS)
    # October's contributions are known on 20 November: too late for its row when the cut-off is the 15th.
    assert _first_contribution(at_20[PANELS[0]]) == date(2023, 11, 1)
    assert _first_contribution(early.rows(PANELS[0])) == date(2023, 12, 1)
    assert all("cutoff_day was 15, is 20" in written_again(lake.panels(), table) for table in PANELS[:1])
    assert {table: lake.rows(table) for table in PANELS} == at_20


def _first_contribution(rows: Rows) -> date:
    return min(row["periode"] for row in rows if row["cotisation"] is not None)


@pytest.mark.long  # a third panel; which months are written again does not depend on the cut-off day
def test_another_cutoff_day_gives_what_a_new_lake_has(lake: SmallLake, tmp_path: Path, spark: SparkSession) -> None:
    early = lake.with_settings("cutoff_day=15")
    early.panels()
    fresh = SmallLake(spark, tmp_path / "fresh", ("cutoff_day=15",))
    shutil.copytree(lake.folder / "landing", fresh.folder / "landing")
    fresh.ingest()
    fresh.panels()
    assert {table: early.rows(table) for table in PANELS} == {table: fresh.rows(table) for table in PANELS}


def test_an_ingest_that_finishes_while_the_panel_is_built(lake: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.deliver("2403", DUES, dues(100, 100, 100, 70, 70))
    lake.take("2403")
    lake.deliver("2403_01", DUES, dues(100, 100, 100, 70, 10))
    read = panel_step.delivered

    def meanwhile(*arguments: object) -> object:
        found = read(*arguments)  # type: ignore[arg-type]
        lake.take("2403_01")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(panel_step, "delivered", meanwhile)
        lake.panels()
    march = [row["cotisation"] for row in lake.rows(PANELS[0]) if row["periode"] == date(2024, 3, 1)]
    assert march == [70.0, 71.0, 72.0]  # the rows when the job read
    said = lake.panels()
    assert "2403_01 of cotisation came after it was written" in written_again(said, PANELS[0])
    march = [row["cotisation"] for row in lake.rows(PANELS[0]) if row["periode"] == date(2024, 3, 1)]
    assert march == [10.0, 11.0, 12.0]


def test_a_month_more_is_written_alone_and_is_what_a_whole_build_gives(lake: SmallLake) -> None:
    before = {table: _files(lake, table) for table in (*PANELS, *SIGNALS)}
    lake.deliver("2403", DUES, dues(100, 100, 100, 70, 70))
    lake.ingest()
    lake.panels(), lake.signals()
    for table, files in before.items():
        now = _files(lake, table)
        assert files.items() <= now.items()  # the same files, the same bytes
        assert {uri.split("periode=")[1].split("/")[0] for uri in now.keys() - files} == {"2024-03-01"}
    refreshed = {table: lake.rows(table) for table in before}
    lake.panels(rebuild=True), lake.signals(rebuild=True)
    for table, rows in refreshed.items():
        assert lake.rows(table) == rows
        assert not _files(lake, table).keys() & before[table].keys()


def _files(lake: SmallLake, table: str) -> dict[str, str]:
    uris = DeltaTable(f"{lake.settings.lake}/{table}").file_uris()
    return {uri: hashlib.sha256(Path(uri).read_bytes()).hexdigest() for uri in uris}


def test_a_kernel_changed_by_one_line(lake: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    source = code.source_of

    def changed(name: str) -> str:
        return source(name) + ("\nONE_LINE_MORE = True\n" if name == "sf_spark.signals.kernel" else "")

    assert "up to date" in lake.signals()[-1]
    monkeypatch.setattr(code, "source_of", changed)
    said = lake.signals()
    assert all("code has changed: sf_spark.signals.kernel" in written_again(said, table) for table in SIGNALS)
    assert "up to date" in lake.signals()[-1]
    assert "up to date" in lake.panels()[-1]  # which does not use it


def test_a_log_cleaned_up_by_delta(lake: SmallLake, capsys: pytest.CaptureFixture[str]) -> None:
    for table in DERIVED:
        _clean_up(lake, table)
    for said in (lake.panels(), lake.signals(), lake.labels()):
        assert "up to date" in said[-1]  # the build is looked up by the files that the table holds
    shutil.rmtree(f"{lake.settings.lake}/monitoring/builds")
    capsys.readouterr()
    show_builds(lake.settings, print)
    assert capsys.readouterr().out.count("nothing says what it was made of") == len(DERIVED)


def _clean_up(lake: SmallLake, table: str) -> None:
    """What Delta leaves of a log after its retention: a checkpoint, and no word of who made what."""
    stored = DeltaTable(f"{lake.settings.lake}/{table}")
    stored.create_checkpoint()
    log = Path(lake.settings.lake, table, "_delta_log")
    for path in log.glob("*.json"):
        if int(path.stem) < stored.version():
            path.unlink()
    last = log / f"{stored.version():020d}.json"
    last.write_text("\n".join(line for line in last.read_text().splitlines() if not line.startswith('{"commitInfo"')))


def test_a_table_put_back_to_an_earlier_version_is_known_again(lake: SmallLake) -> None:
    lake.with_settings("labels.horizons=[6]").labels()
    assert "labels.horizons was [6], is [12, 18, 24]" in written_again(lake.labels(), "labels/entreprise")
    DeltaTable(f"{lake.settings.lake}/labels/entreprise").restore(1)
    assert "up to date" in lake.with_settings("labels.horizons=[6]").labels()[-1]
    assert "labels.horizons was [6]" in written_again(lake.labels(), "labels/entreprise")


def test_a_table_laid_out_anew_or_vacuumed_is_the_same(lake: SmallLake) -> None:
    for table in (*PANELS, "staged/cotisation"):
        stored = DeltaTable(f"{lake.settings.lake}/{table}")
        stored.optimize.compact()
        stored.optimize.z_order([*stored.schema().to_arrow().names[:1]])
        stored.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    for said in (lake.panels(), lake.signals(), lake.labels()):
        assert "up to date" in said[-1]


def test_the_command_says_what_each_table_was_made_of(lake: SmallLake, capsys: pytest.CaptureFixture[str]) -> None:
    show_builds(lake.with_settings("cutoff_day=15").settings, print)
    shown = capsys.readouterr().out.strip()
    blocks = dict(block.split("\n", 1) for block in shown.split("\n\n"))
    assert "made of staged/cotisation version 2" in blocks["panel/etablissement"]
    assert "deliveries 2401 to 2402 (2) of 2 sources" in blocks["panel/etablissement"]
    assert "STALE: panel/etablissement: cutoff_day was 20, is 15" in blocks["panel/etablissement"]
    assert "up to date" in blocks["signals/entreprise"]
    assert "not in" in blocks["predictions/entreprise"] or "it does not exist" in blocks["predictions/entreprise"]
