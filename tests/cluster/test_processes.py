"""Processes of the cluster demonstration: detected as up, detected as down, always stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sf_spark.errors import SfSparkError
from tests.cluster import demo
from tests.cluster.standalone import process_group, stop_group, wait_for

FAMILY = (  # a parent and a child that ignore SIGTERM
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print('child', child.pid, flush=True)\n"
    "time.sleep(60)\n"
)


def is_running(pid: int) -> bool:
    """Also False for a zombie."""
    if Path("/proc/self/stat").exists():  # Linux, where `ps` may not be installed
        stat = Path(f"/proc/{pid}/stat")
        answer = stat.read_text().rpartition(")")[2].strip() if stat.exists() else ""
    else:
        answer = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(answer) and not answer.startswith("Z")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_whole_group_ends_with_its_block(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with process_group(python(FAMILY), tmp_path, log) as process:
        child = int(wait_for(process, log, r"child (\d+)\n", "it did not start").group(1))
        assert is_running(process.pid) and is_running(child)
        stop_group(process, grace=0.5)
        assert not is_running(process.pid) and not is_running(child)
    stop_group(process)  # stopping it again is no error


def test_the_group_ends_when_its_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), process_group(python("import time; time.sleep(60)"), tmp_path) as process:
        raise KeyboardInterrupt
    assert process.poll() == -signal.SIGTERM


def test_stopping_leaves_other_processes_and_handlers_alone(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with process_group(python("import time; time.sleep(60)"), tmp_path) as other:
        with process_group(python("pass"), tmp_path) as process:
            process.wait()
        assert is_running(other.pid)
        assert os.getpgid(other.pid) == other.pid
    assert signal.getsignal(signal.SIGINT) == before


def test_a_process_that_stops_early_is_an_error_of_one_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        process_group(python("print('no port'); exit(3)"), tmp_path, log) as process,
        pytest.raises(SfSparkError) as error,
    ):
        wait_for(process, log, "up", "the master did not start")
    assert str(error.value) == f"the master did not start: it stopped with code 3 (log: {log})"


def test_a_process_that_never_answers_is_an_error_of_one_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    still = python("import time; time.sleep(60)")
    with process_group(still, tmp_path, log) as process, pytest.raises(SfSparkError) as error:
        wait_for(process, log, "up", "worker-1 did not register with the master", patience=1)
    assert str(error.value) == f"worker-1 did not register with the master within 1 s (log: {log})"


def test_what_a_process_says_last_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with process_group(python("print('up at spark://x:1')"), tmp_path, log) as process:
        process.wait()
        assert wait_for(process, log, r"up at (\S+)", "it did not start").group(1) == "spark://x:1"


def test_a_failed_job_is_named(tmp_path: Path) -> None:
    job = tmp_path / "pipeline.py"
    job.write_text("import sys; sys.exit(len(sys.argv))")
    assert demo.run_job(python("pass"), tmp_path) < 60
    with pytest.raises(SfSparkError, match="^pipeline.py failed on this machine with code 1: its own message"):
        demo.run_job([sys.executable, str(job)], tmp_path)
    with pytest.raises(SfSparkError, match="^pipeline.py failed on the cluster with code 3: "):
        demo.run_job([sys.executable, str(job), "--master", "spark://127.0.0.1:7077"], tmp_path)


def test_commands_are_those_a_user_would_type() -> None:
    command = demo.job_command("pipeline", "cluster", ["lake=/l"], demo.submit_options("spark://127.0.0.1:7077"))
    root = str(demo.ROOT)
    methods = [part for setting in demo.METHODS for part in ("--set", setting)]
    assert command == [
        f"{root}/spark-submit.sh",
        *("--master", "spark://127.0.0.1:7077", "--driver-memory", "2g"),
        *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1"),
        *("--conf", "spark.executor.memory=1g", "--conf", "spark.cores.max=2"),
        f"{root}/jobs/pipeline.py",
        *("--env", "cluster", "--set", "lake=/l"),
        *methods,
    ]
    assert demo.job_command("generate", "local", []) == [
        *(f"{root}/spark-submit.sh", f"{root}/jobs/generate.py", "--env", "local"),
        *methods,
    ]
