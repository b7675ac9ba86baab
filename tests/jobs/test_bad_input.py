"""Bad arguments through the real command: exit code 2, one line, no stack trace."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def submit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "spark-submit.sh"), *arguments], capture_output=True, text=True, timeout=60, cwd="/"
    )


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    (tmp_path / "landing" / "2403").mkdir(parents=True)
    return tmp_path / "landing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["jobs/nothing.py"], "unknown job 'jobs/nothing.py': there is jobs/"),
        (["nothing"], "unknown job 'nothing'"),
        ([], "name a job"),
        (["jobs/ingest.py", "--set", "landng=/x"], "unknown setting 'landng': did you mean 'landing'"),
        (["jobs/ingest.py", "--env", "prod"], "unknown environment 'prod'"),
        (["jobs/ingest.py", "--wrong"], "unrecognized arguments: --wrong"),
        (["jobs/ingest.py", "--set", "landing=/nowhere"], "landing folder '/nowhere' does not exist"),
        (["jobs/pipeline.py", "--set", "landing=/nowhere"], "landing folder '/nowhere' does not exist"),
        (["jobs/ingest.py", "--set", "landing={landing}", "--batch", "march"], "batch 'march' is not a batch name"),
        (["jobs/ingest.py", "--set", "landing={landing}", "--batch", "2404"], "batches there: 2403"),
        (
            ["jobs/ingest.py", "--set", "landing={landing}", "--set", "lake=/dev/null/lake"],
            "lake '/dev/null/lake' cannot",
        ),
    ],
)
def test_bad_input_is_exit_2_and_one_line(landing: Path, arguments: list[str], message: str) -> None:
    done = submit(*(argument.format(landing=landing) for argument in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
