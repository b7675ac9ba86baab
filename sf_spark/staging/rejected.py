"""The table ``quarantine``: the rejected lines, word for word, with their reasons."""

from collections.abc import Iterable

import pyarrow as pa

from sf_spark.lake.files import is_table, replace_rows, table_at
from sf_spark.lake.tables import literal_list, location
from sf_spark.schema import QUARANTINE
from sf_spark.settings import Settings

_REASON = pa.struct([("code", pa.string()), ("column", pa.string()), ("message", pa.string())])
_QUARANTINE = pa.schema(
    [
        ("source", pa.string()),
        ("_batch", pa.string()),
        ("_file", pa.string()),
        ("_line", pa.int64()),
        ("raw", pa.string()),
        ("reasons", pa.list_(_REASON)),
    ]
)


def write_rejected(
    settings: Settings, batch: str, read: Iterable[tuple[str, str]], rejects: Iterable[tuple[str, str, pa.Table]]
) -> None:
    """Store the rejected lines of all sources in one commit, replacing those of an earlier run.

    Args:
        settings: All settings.
        batch: The batch.
        read: Source and name of each file that was read.
        rejects: Source, name of the file, and its rejected lines: ``_line, raw, reasons``.
    """
    done, rejects = list(read), list(rejects)
    if not done:
        return
    sources, files = sorted({source for source, _ in done}), sorted({file for _, file in done})
    these = f"source in ({literal_list(sources)}) and _batch = '{batch}' and _file in ({literal_list(files)})"
    folder = location(settings.lake, QUARANTINE)
    if not rejects and not (is_table(folder) and _holds(folder, batch, files)):
        return
    rows = pa.concat_tables([_QUARANTINE.empty_table(), *(_labelled(batch, *each) for each in rejects)])
    replace_rows(folder, rows, these, QUARANTINE.partition)


def _labelled(batch: str, source: str, file: str, rejects: pa.Table) -> pa.Table:
    labels = [pa.repeat(pa.scalar(text), len(rejects)) for text in (source, batch, file)]
    columns = [*labels, *(rejects.column(name) for name in ("_line", "raw", "reasons"))]
    return pa.table(columns, names=_QUARANTINE.names).cast(_QUARANTINE)


def _holds(folder: str, batch: str, files: list[str]) -> bool:
    """Whether quarantine holds lines of these files."""
    quarantined = table_at(folder).to_pyarrow_table(columns=["_file"], filters=[("_batch", "=", batch)])
    return bool(set(quarantined.column("_file").to_pylist()) & set(files))
