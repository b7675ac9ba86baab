"""Bad arguments: exit code 2, one line, no stack trace; through the real command, and in this process."""

import subprocess
from pathlib import Path

import pytest

from jobs import ingest, pipeline
from sf_spark import cli

ROOT = Path(__file__).resolve().parents[2]
JOBS = {"ingest": ingest, "pipeline": pipeline}


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    (tmp_path / "landing" / "2403").mkdir(parents=True)
    return tmp_path / "landing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["jobs/nothing.py"], "unknown job 'jobs/nothing.py': choose jobs/"),
        (["nothing"], "unknown job 'nothing'"),
        ([], "name a job"),
        (["jobs/ingest.py", "--set", "landng=/x"], "unknown setting 'landng': did you mean 'landing'"),
    ],
)
def test_the_command_refuses_bad_input_in_one_line(arguments: list[str], message: str) -> None:
    command = [str(ROOT / "spark-submit.sh"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.strip().splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("job", "arguments", "message"),
    [
        ("ingest", ["--env", "prod"], "unknown environment 'prod'"),
        ("ingest", ["--wrong"], "unrecognized arguments: --wrong"),
        ("ingest", ["--set", "landing=/nowhere"], "landing folder '/nowhere' does not exist"),
        ("pipeline", ["--set", "landing=/nowhere"], "landing folder '/nowhere' does not exist"),
        ("ingest", ["--set", "landing={landing}", "--batch", "march"], "batch 'march' is not a batch name"),
        ("ingest", ["--set", "landing={landing}", "--batch", "2404"], "available: 2403"),
        ("ingest", ["--set", "landing={landing}", "--set", "lake=/dev/null/lake"], "lake '/dev/null/lake' cannot"),
    ],
)
def test_a_job_refuses_bad_input_before_spark_starts(
    landing: Path, capsys: pytest.CaptureFixture[str], job: str, arguments: list[str], message: str
) -> None:
    module = JOBS[job]
    argv = [argument.format(landing=landing) for argument in arguments]
    with pytest.raises(SystemExit) as left:
        cli.main(job, module.parser(), module.run, module.check, argv)
    assert left.value.code == 2
    said = capsys.readouterr()
    (line,) = said.err.strip().splitlines()
    assert line.startswith(f"{job}: ") and message in line
    assert said.out == ""
