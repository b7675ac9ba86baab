"""What a pipeline has finished: one row a step, so that an interrupted run goes on where it stopped."""

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark import __version__
from sf_spark.lake.tables import append_once, exists, read_table
from sf_spark.landing.files import find_batch, list_batches, list_files
from sf_spark.schema import MONITORING_STEPS
from sf_spark.settings import Settings

_SCHEMA = "run string, step string, started_at timestamp, finished_at timestamp, seconds double"
# These change where or how fast a run goes, not what it writes.
_WITHOUT_EFFECT = {"spark", "master", "jars", "env", "lake", "landing", "truth"}


def run_name(settings: Settings, steps: list[str]) -> str:
    """A name that is the same for the same deliveries, settings and version of the package."""
    files = [
        (batch, file.name, file.sha256)
        for batch in list_batches(settings.landing)
        for file in list_files(find_batch(settings.landing, batch), batch)
    ]
    told = settings.model_dump(mode="json", exclude=_WITHOUT_EFFECT)
    text = json.dumps([__version__, steps, files, told, _code_digest()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def finished_steps(spark: SparkSession, lake: str, run: str) -> set[str]:
    """The steps that a run has finished."""
    if not exists(spark, lake, MONITORING_STEPS):
        return set()
    rows = read_table(spark, lake, MONITORING_STEPS).where(F.col("run") == run).select("step").distinct().collect()
    return {row["step"] for row in rows}


def run_step(spark: SparkSession, lake: str, run: str, step: str, action: Callable[[], int | None]) -> int:
    """Run a step and note that it has finished; a step that fails is not noted."""
    started, clock = datetime.now(UTC), time.monotonic()
    code = action() or 0
    if code == 0:
        row = (run, step, started, datetime.now(UTC), time.monotonic() - clock)
        frame = spark.createDataFrame([row], _SCHEMA).coalesce(1)
        append_once(frame, lake, MONITORING_STEPS, f"step/{run}/{step}/{started.isoformat()}")
    return code


def _code_digest() -> str:
    """A digest of the package's own code: a changed rule makes finished steps stale."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    if package.is_dir():  # inside a zip on a cluster the version stands for the code
        for path in sorted([*package.rglob("*.py"), *package.parent.glob("conf/models/*.yml")]):
            digest.update(path.read_bytes())
    return digest.hexdigest()
