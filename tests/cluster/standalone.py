"""A Spark standalone cluster on this machine, from the installed PySpark, and process groups that always end.

Everything listens on loopback, on ports that are free, and stops when its block ends, by the ids of its processes.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pyspark

from sf_spark.errors import SfSparkError

SPARK_HOME = Path(pyspark.__file__).parent
HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds for a JVM to start and register on a busy laptop
GRACE = 15.0  # seconds to end after SIGTERM
_OURS = ("AWS_", "PYTHON", "SF_SPARK", "MLFLOW")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_DEPLOY = "org.apache.spark.deploy"
_ANYWHERE = ("--host", HOST, "--port", "0", "--webui-port", "0")  # 0: a free port, chosen on bind
_MASTER_UP = r"Starting Spark master at (spark://\S+)"
_WORKER_UP = r"Successfully registered with master"

Process = subprocess.Popen[bytes]
Wait = Callable[[str, str], re.Match[str]]


@contextmanager
def standalone_cluster(memory: str, work: Path, places: Sequence[Path]) -> Iterator[str]:
    """Start a master and workers of one core each; give the master's address; stop them all at the end.

    Args:
        memory: Memory of each worker: ``2g``.
        work: Folder for logs and the master's scratch files.
        places: The working folder of each worker.

    Raises:
        SfSparkError: When one of them stops or does not answer in time.
    """
    with ExitStack() as stack:
        master_log = stack.enter_context(_daemon("master", [f"{_DEPLOY}.master.Master", *_ANYWHERE], work))
        master = master_log(_MASTER_UP, "start").group(1)
        logs = []
        for rank, place in enumerate(places, start=1):
            place.mkdir(parents=True, exist_ok=True)
            size = ["--cores", "1", "--memory", memory, "--work-dir", str(place / "work")]
            command = [f"{_DEPLOY}.worker.Worker", *_ANYWHERE, *size, master]
            logs.append(stack.enter_context(_daemon(f"worker-{rank}", command, work, place)))
        for log in logs:
            log(_WORKER_UP, "register with the master")
        yield master


@contextmanager
def _daemon(name: str, command: Sequence[str], work: Path, place: Path | None = None) -> Iterator[Wait]:
    """Run a daemon of the cluster; yields a function that waits for a line of its log."""
    path = work / "logs" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    place = place or work
    with process_group([str(SPARK_HOME / "bin" / "spark-class"), *command], place, path, bare=True) as process:
        yield lambda line, what: wait_for(process, path, line, f"the {name} did not {what}")


def wait_for(process: Process, log: Path, line: str, failure: str, patience: float = PATIENCE) -> re.Match[str]:
    """Wait until the log of a process holds a line (a regular expression).

    Raises:
        SfSparkError: When the process stops or time is up; it names the failure and the log.
    """
    deadline = time.monotonic() + patience
    while True:
        code = process.poll()  # before reading the log, so that the last lines of an ended process count
        if found := re.search(line, log.read_text(encoding="utf-8", errors="replace")):
            return found
        if code is not None:
            raise SfSparkError(f"{failure}: it stopped with code {code} (log: {log})")
        if time.monotonic() > deadline:
            raise SfSparkError(f"{failure} within {patience:.0f} s (log: {log})")
        time.sleep(0.2)


@contextmanager
def process_group(
    command: Sequence[str], work: Path, log: Path | None = None, bare: bool = False, user: str | None = None
) -> Iterator[Process]:
    """Run a command as the leader of a new process group, which is stopped when the block ends.

    Args:
        command: The command.
        work: Folder for Spark's scratch files.
        log: File for its output; None: ours.
        bare: Whether to run it in ``work`` without our environment: no package, no settings of a store.
        user: Its user; None: ours.
    """
    ours = {name: value for name, value in os.environ.items() if not (bare and name.startswith(_OURS))}
    environment = ours | {
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": HOST,  # web pages also listen here only
        "SPARK_LOCAL_DIRS": str(work / "scratch"),
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",  # a second server, on a port that may be taken
        "PYSPARK_PYTHON": ours.get("PYSPARK_PYTHON", sys.executable),
    }
    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb")) if log else None
        both = subprocess.STDOUT if log else None
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=out,
            stderr=both,
            start_new_session=True,
            cwd=work if bare else None,
            user=user,
        )
        try:
            yield process
        finally:
            stop_group(process)


def stop_group(process: Process, grace: float = GRACE) -> None:
    """Stop a process and its whole group: SIGTERM, then SIGKILL. A group that has ended is ignored."""
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS
    }  # a second Ctrl-C must not interrupt this
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
                _await_end(process, grace)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _await_end(process: Process, seconds: float) -> None:
    """Wait for the whole group; raises ProcessLookupError as soon as it is gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        process.poll()  # reap an ended leader, or its group seems to be alive
        os.killpg(process.pid, 0)
        time.sleep(0.1)
