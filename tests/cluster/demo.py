"""The same pipeline on a Spark cluster and on a laptop, and their detection lists compared.

    python -m tests.cluster.demo

Starts a master and two workers on this machine and works in ``build/cluster-demo/`` of the checkout: one landing, a
lake for each run, the cluster's logs.
"""

import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from sf_spark.errors import SfSparkError
from tests.cluster.same_lists import differences, read_lists
from tests.cluster.standalone import HOST, SIGNALS, process_group, standalone_cluster

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "cluster-demo"
WORKERS = 2
SHOWN = 10  # number of differences printed

# Many predictable failures, so that a model passes the gate with few companies.
DELIVERIES = (
    *("generate.entreprises=800", "generate.annees=5", "generate.monthly_deliveries=1"),
    *("generate.failure_rate=0.12", "generate.announced_share=0.95"),
)
# This shows where a model is trained, not which one is best.
METHODS = ("train.models=rule_2016,gradient_boosting", "train.horizon=12", "train.horizons=[12]")
# For two cores, 200 tasks for each shuffle are too many.
ON_CLUSTER = ("spark.sql.shuffle.partitions=8",)


def main() -> int:
    """Run the demonstration: 0 when both lists are the same; else 1, with one clear line."""
    for number in SIGNALS:
        signal.signal(number, interrupt)  # so that started processes are also stopped then
    try:
        demonstrate(WORK, reporter("cluster-demo"))
    except SfSparkError as error:
        print(f"cluster-demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster-demo: interrupted; what it started is stopped", file=sys.stderr)
        return 1
    return 0


def demonstrate(work: Path, report: Callable[[str], None]) -> None:
    """Run the pipeline on a cluster, then here, on the same deliveries, and compare.

    Raises:
        SfSparkError: When the cluster does not start, a job fails, or the lists differ.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    sources = (f"landing={work / 'landing'}", f"truth={work / 'truth'}", *DELIVERIES)
    run_job(job_command("generate", "local", sources), work)
    with standalone_cluster("2g", work, [work / "workers" / str(rank) for rank in range(1, WORKERS + 1)]) as master:
        report(f"master {master} and {WORKERS} workers of one core are up (logs: {work / 'logs'})")
        lake = f"lake={work / 'cluster' / 'lake'}"
        command = job_command("pipeline", "cluster", (*sources, lake, *ON_CLUSTER), submit_options(master))
        seconds = run_job(command, work)
    report(f"{seconds:.0f} s on the cluster, now stopped; next, the same on this machine alone")
    seconds = run_job(job_command("pipeline", "local", (*sources, f"lake={work / 'local' / 'lake'}")), work)
    compare_lists(str(work / "cluster" / "lake"), str(work / "local" / "lake"), report)
    report(f"{seconds:.0f} s on this machine")


def compare_lists(one: str, other: str, report: Callable[[str], None]) -> None:
    """Compare the lists of two lakes.

    Raises:
        SfSparkError: When they differ; the first differences are printed.
    """
    first, second = read_lists(one), read_lists(other)
    found = differences(first, second)
    if found:
        print("\n".join(found[:SHOWN]))
        raise SfSparkError(f"the lists of {one} and {other} differ in {len(found)} places")
    lists = sorted({name for name, _ in first})
    report(f"the lists are the same: {', '.join(lists)}, {len(first)} rows, every column")


def submit_options(master: str) -> list[str]:
    """The options of spark-submit: an executor of 1 GB on each worker, the driver here, on loopback."""
    conf = {
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.executor.memory": "1g",
        "spark.cores.max": str(WORKERS),
    }
    options = ["--master", master, "--driver-memory", "2g"]
    return options + [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]


def job_command(job: str, env: str, settings: Sequence[str], submit: Sequence[str] = ()) -> list[str]:
    """The command line of a job, as a user would type it."""
    given = [part for setting in (*settings, *METHODS) for part in ("--set", setting)]
    return [str(ROOT / "spark-submit.sh"), *submit, str(ROOT / "jobs" / f"{job}.py"), "--env", env, *given]


def run_job(command: Sequence[str], work: Path) -> float:
    """Run a job to its end; returns its seconds.

    Raises:
        SfSparkError: When it fails; its own message is above.
    """
    started = time.monotonic()
    with process_group(command, work) as process:
        code = process.wait()
    if code:
        script = next((part for part in command if part.endswith(".py")), command[0])
        where = "the cluster" if "--master" in command else "this machine"
        raise SfSparkError(f"{Path(script).name} failed on {where} with code {code}: its own message is above")
    return time.monotonic() - started


def interrupt(number: int, frame: FrameType | None) -> None:
    """Treat any signal like Ctrl-C."""
    raise KeyboardInterrupt


def reporter(name: str) -> Callable[[str], None]:
    """Progress lines: seconds since the start, name, text."""
    start = time.monotonic()
    return lambda text: print(f"[{time.monotonic() - start:6.1f} s] {name}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
