"""The duration of each run of a job: one row a run, in ``monitoring/runs``."""

import uuid
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from sf_spark.lake.files import append_rows, open_table
from sf_spark.lake.tables import location
from sf_spark.schema import MONITORING_RUNS

# The jobs of a refresh; the pipeline records its steps under these names.
TIMED = (
    *("ingest", "build_panel", "build_signals", "build_labels", "train", "score", "publish", "monitor"),
    *("audit", "pipeline"),
)
_SCHEMA = pa.schema(
    [
        *(("run", pa.string()), ("job", pa.string()), ("started_at", pa.timestamp("us", tz="UTC"))),
        *(("seconds", pa.float64()), ("exit_code", pa.int32())),
    ]
)


def note_run(lake: str, job: str, seconds: float, exit_code: int) -> None:
    """Record a run that has just ended."""
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    row = {"run": uuid.uuid4().hex, "job": job, "started_at": started, "seconds": seconds, "exit_code": exit_code}
    append_rows(location(lake, MONITORING_RUNS), pa.Table.from_pylist([row], schema=_SCHEMA))


def runs_by_job(lake: str) -> dict[str, list[float]]:
    """Seconds of the successful runs of each job, earliest first."""
    stored = open_table(location(lake, MONITORING_RUNS))
    rows = [] if stored is None else stored.to_pyarrow_table().sort_by("started_at").to_pylist()
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["exit_code"] == 0:
            found.setdefault(row["job"], []).append(row["seconds"])
    return found
