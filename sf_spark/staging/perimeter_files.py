"""A perimeter file that cannot be taken in also stops later batches, which would otherwise be read without perimeter.

How 2402_01 and 2403, without a perimeter file of their own, are read:

    perimeter file of 2402              2402_01 and 2403
    taken in                            with it
    failed                              not at all: they fail, by name
    failed, and taken in since          with it
    taken in, and another one lies      fail, by name: ingest has to be run for 2402
    there now
    failed, but 2403 has a good one     2402_01 fails; 2403 and later batches use that of 2403
"""

from typing import Any

from sf_spark.lake.files import is_table, table_at
from sf_spark.lake.tables import location
from sf_spark.landing.files import DeliveredFile, find_batch, list_batches, list_files
from sf_spark.landing.names import finished_name
from sf_spark.schema import DELIVERIES
from sf_spark.settings import Settings
from sf_spark.sources import Source
from sf_spark.staging.deliveries import FAILED


def why_stopped(settings: Settings, batch: str, source: Source, files: list[DeliveredFile]) -> str:
    """Why nothing of a batch may be taken in, see above; '' when it may, or when it has perimeter files of its own.

    Args:
        settings: All settings.
        batch: ``AAMM`` or ``AAMM_NN``.
        source: The source of the perimeter files.
        files: Files of the batch.
    """
    if any(_is_of(file, source) for file in files):
        return ""
    rows = [row for row in _accounts(settings, source) if row["_batch"] <= batch]
    if not rows:
        return ""
    latest = max(row["_batch"] for row in rows)
    names = _failed([row for row in rows if row["_batch"] == latest]) or _changed(settings, latest, source, rows)
    if not names:
        return ""
    return (
        f"not read: the perimeter file {names[0]} of batch {latest} could not be taken in, and says whom the others "
        f"are for; put it right and take {latest} in, or deliver one with batch {batch}"
    )


def _failed(rows: list[dict[str, Any]]) -> list[str]:
    """The failed files, unless a later run took in one of the batch."""
    taken = max((row["started_at"] for row in rows if row["status"] != FAILED), default=None)
    failed = [row for row in rows if row["status"] == FAILED]
    return sorted(row["_file"] for row in failed if taken is None or row["finished_at"] >= taken)


def _changed(settings: Settings, batch: str, source: Source, rows: list[dict[str, Any]]) -> list[str]:
    """The files in a batch's folder, if it still exists, that are not taken in as they are now."""
    if batch not in list_batches(settings.landing):
        return []
    taken = {(row["_file"], row["sha256"]) for row in rows if row["_batch"] == batch and row["status"] != FAILED}
    delivered = [file for file in list_files(find_batch(settings.landing, batch), batch) if _is_of(file, source)]
    return sorted(file.name for file in delivered if (file.name, file.sha256) not in taken)


def _is_of(file: DeliveredFile, source: Source) -> bool:
    return source.delivers(finished_name(file.name))


def _accounts(settings: Settings, source: Source) -> list[dict[str, Any]]:
    folder = location(settings.lake, DELIVERIES)
    if not is_table(folder):
        return []
    columns = ["_batch", "_file", "sha256", "status", "started_at", "finished_at"]
    rows = table_at(folder).to_pyarrow_table(columns=columns, filters=[("source", "=", source.name)])
    return rows.to_pylist()
