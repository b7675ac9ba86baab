"""The whole flow where nothing is shared but a store: landing, lake and models on S3, runs in PostgreSQL.

    python -m tests.cluster.remote

Starts moto's S3 server, PostgreSQL, a Spark master and two workers on this machine, on loopback. The workers run in
their own folders, with a Python without this package, and no settings of the store in their environment: they get these
from the driver. Then the same deliveries go through a local folder, and the lists are compared; finally that folder is
renamed, and must still work.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from sysconfig import get_path

from conf.resolve_jars import main as resolve_jars
from sf_spark.errors import SfSparkError
from sf_spark.lake.storage import copy_files, files_below
from tests.cluster.demo import (
    DELIVERIES,
    ROOT,
    compare_lists,
    interrupt,
    job_command,
    reporter,
    run_job,
    submit_options,
)
from tests.cluster.servers import KEYS, postgresql, s3_server
from tests.cluster.standalone import SIGNALS, standalone_cluster

WORK = ROOT / "build" / "remote"
BUCKET = "partenaires"
STORE = f"s3a://{BUCKET}/essai"
WORKERS = 2
ON_CLUSTER = ("spark.sql.shuffle.partitions=4",)

Report = Callable[[str], None]


def main() -> int:
    """Run it all: 0 when the lists are the same; else 1 (2: something is not installed), with one clear line."""
    for number in SIGNALS:
        signal.signal(number, interrupt)  # so that started processes are also stopped then
    try:
        demonstrate(WORK, reporter("test-remote"))
    except SfSparkError as error:
        print(f"test-remote: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("test-remote: interrupted; what it started is stopped", file=sys.stderr)
        return 1
    return 0


def demonstrate(work: Path, report: Report) -> None:
    """Run the flow on a store, then in a folder, then in the renamed folder.

    Raises:
        SfSparkError: When a server does not start, a job fails, or the lists differ.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory(prefix="sf_spark-workers-") as worker_root,
        s3_server(BUCKET, work) as s3,
        postgresql(work) as database,
    ):
        os.environ |= {**KEYS, "AWS_ENDPOINT_URL": s3, "AWS_EC2_METADATA_DISABLED": "true"}
        os.environ |= {"DELTA_JARS": str(jars(work)), "PYSPARK_PYTHON": str(python_without_us(Path(worker_root)))}
        report(f"S3 at {s3}, PostgreSQL at {database}")
        on_cluster(Path(worker_root), work, s3, database, report)
        copy_files(f"{STORE}/landing", str(work / "landing"))
        here = (f"landing={work / 'landing'}", f"lake={work / 'local' / 'lake'}")
        seconds = run_job(job_command("pipeline", "local", here), work)
        report(f"{seconds:.0f} s on this machine")
        compare_lists(f"{STORE}/lake", str(work / "local" / "lake"), report)
    moved(work, report)


def on_cluster(worker_root: Path, work: Path, s3: str, database: str, report: Report) -> None:
    """Run all jobs of a month, on two workers that share nothing but the store."""
    places = tuple(f"{name}={STORE}/{name}" for name in ("landing", "lake", "truth"))
    run_job(job_command("generate", "local", (*places, *DELIVERIES)), work)
    settings = (*places, f"tracking_uri={database}", *ON_CLUSTER)
    with standalone_cluster("2g", work, [worker_root / f"worker-{rank}" for rank in range(1, WORKERS + 1)]) as master:
        submit = [*submit_options(master), *_hadoop(s3)]
        report(f"master {master} and {WORKERS} workers are up (logs: {work / 'logs'})")
        seconds = run_job(job_command("pipeline", "cluster", settings, submit), work)
        report(f"{seconds:.0f} s on the cluster")
        again = run_job(job_command("pipeline", "cluster", settings, submit), work)
        report(f"{again:.0f} s once more")
        audit = run_job([*job_command("audit", "cluster", settings, submit), "--months", "1", "--seed", "1"], work)
        report(f"{audit:.0f} s for the audit of a month")
        export = run_job([*job_command("export", "cluster", settings, submit), "--service", "national"], work)
        report(f"{export:.0f} s for an export")
    models = [path for path in files_below(f"{STORE}/mlruns") if path.endswith("MLmodel")]
    exports = [path for path in files_below(f"{STORE}/lake/exports") if path.endswith((".csv", "export.json"))]
    if not models or len(exports) != 2:
        raise SfSparkError(f"{STORE} holds {len(models)} models and {len(exports)} exported files")
    report(f"{len(models)} models and {len(exports)} exported files in {STORE}")


def moved(work: Path, report: Report) -> None:
    """Rename the finished folder; scoring and training continue there, and the old path stays empty."""
    (work / "local").rename(work / "renamed")
    settings = (f"lake={work / 'renamed' / 'lake'}",)
    for job in ("train", "score", "publish"):
        run_job(job_command(job, "local", settings), work)
    if (work / "local").exists():
        raise SfSparkError(f"something was written at the old place, {work / 'local'}")
    report("a renamed folder trains, scores and publishes")


def jars(work: Path) -> Path:
    """A folder with Delta's jars and those of the connector, like that of an installation."""
    connector = ROOT / ".jars" / "s3a"
    if code := resolve_jars(connector, "s3a"):
        raise SfSparkError(f"the connector's jars cannot be fetched (code {code})")
    folder = work / "jars"
    folder.mkdir()
    for jar in (*(ROOT / ".jars").glob("*.jar"), *connector.glob("*.jar")):
        (folder / jar.name).symlink_to(jar.resolve())
    return folder


def python_without_us(worker_root: Path) -> Path:
    """A Python with the installed packages but without this one, which workers get from the driver."""
    environment = worker_root / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (packages,) = environment.glob("lib/python3*/site-packages")
    # Adds the folder to the path without its .pth files, which lead to the checkout.
    (packages / "packages.pth").write_text(get_path("purelib") + "\n")
    return environment / "bin" / "python"


def _hadoop(s3: str) -> list[str]:
    """Spark's own options for the address of a store."""
    options = {"spark.hadoop.fs.s3a.endpoint": s3, "spark.hadoop.fs.s3a.path.style.access": "true"}
    return [part for key, value in options.items() for part in ("--conf", f"{key}={value}")]


if __name__ == "__main__":
    sys.exit(main())
