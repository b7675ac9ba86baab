"""The same with real processes and SIGKILL: as soon as a commit is there, before the next one."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.steps.conftest import DUES, PANELS, SIGNALS, SmallLake, dues

ROOT = Path(__file__).resolve().parents[2]
AFTER = {
    "build_panel": PANELS[0],
    "build_signals": SIGNALS[0],
    "build_labels": "labels/entreprise",
}

pytestmark = pytest.mark.long


@pytest.mark.parametrize("job", AFTER)
def test_a_killed_job_run_again_leaves_what_an_uninterrupted_one_leaves(
    lake: SmallLake, built: SmallLake, tmp_path: Path, job: str
) -> None:
    other = built.copied(tmp_path / "uninterrupted")
    for each in (lake, other):
        each.deliver("2402_01", DUES, dues(100, 100, 100, 40))
        each.ingest()
    other.panels(), other.signals(), other.labels()
    if job != "build_panel":
        lake.panels()
    if job == "build_labels":
        lake.signals()
    first = lake.version(AFTER[job]) + 1
    command = [str(ROOT / "spark-submit.sh"), f"jobs/{job}.py", "--env", "test"]
    for name in ("lake", "landing", "truth"):
        command += ["--set", f"{name}={lake.folder / name}"]
    command += ["--set", "signals.families=[cotisations]"]
    _kill_after_commit(command, Path(lake.settings.lake, AFTER[job], "_delta_log", f"{first:020d}.json"))
    done = subprocess.run(
        [*command, "--set", "signals.rows_per_task=1000"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    lake.panels(), lake.signals(), lake.labels()
    for table in (*PANELS, *SIGNALS, "labels/entreprise"):
        assert lake.rows(table) == other.rows(table), table


def _kill_after_commit(command: list[str], commit: Path) -> None:
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        deadline = time.monotonic() + 600
        while not commit.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert commit.exists()
        process.send_signal(signal.SIGKILL)
