"""A Spark standalone cluster on this machine, from the installed PySpark alone, and process groups that always end.

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
GRACE = 15.0  # seconds to end politely
_OURS = ("AWS_", "PYTHON", "SF_SPARK", "MLFLOW")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_DEPLOY = "org.apache.spark.deploy"
_ANYWHERE = ("--host", HOST, "--port", "0", "--webui-port", "0")  # 0: a free port, chosen by the one who binds it
_MASTER_UP = r"Starting Spark master at (spark://\S+)"
_WORKER_UP = r"Successfully registered with master"

Process = subprocess.Popen[bytes]
Wait = Callable[[str, str], re.Match[str]]


@contextmanager
def standalone_cluster(memory: str, work: Path, places: Sequence[Path]) -> Iterator[str]:
    """Start a master and workers of one core each; give the master's address; stop them all at the end.

    Args:
        memory: Of each worker: ``2g``.
        work: Folder for logs and the master's scratch files.
        places: The folder of each worker, where it stands and leaves its files.

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
    """Run a part of the cluster; gives a function that waits for a line of its log."""
    path = work / "logs" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    place = place or work
    with process_group([str(SPARK_HOME / "bin" / "spark-class"), *command], place, path, bare=True) as process:
        yield lambda line, what: wait_for(process, path, line, f"the {name} did not {what}")


def wait_for(process: Process, log: Path, line: str, failure: str, patience: float = PATIENCE) -> re.Match[str]:
    """Wait until the log of a process holds a line (a regular expression).

    Raises:
        SfSparkError: With the failure and where the log is, when the process stops or time is up.
    """
    deadline = time.monotonic() + patience
    while True:
        code = process.poll()  # before the log is read: what a process writes last counts
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
    """Run a command as the leader of a process group of its own, which is gone when the block ends.

    Args:
        command: What to run.
        work: Folder for Spark's scratch files.
        log: Where its output goes; None: to ours.
        bare: Whether it stands in ``work``, and sees nothing of ours: no package, no way to a store.
        user: Who runs it; None: who runs us.
    """
    ours = {name: value for name, value in os.environ.items() if not (bare and name.startswith(_OURS))}
    environment = ours | {
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": HOST,  # web pages too listen here only
        "SPARK_LOCAL_DIRS": str(work / "scratch"),
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",  # a second door, on a port that may be taken
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
    """End a process and all of its group: politely, then for good. Nothing happens to a group that is gone."""
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS
    }  # no half measures on a second Ctrl-C
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
        process.poll()  # a leader that ended must be collected, or its group seems to live on
        os.killpg(process.pid, 0)
        time.sleep(0.1)
