"""The state of the staged tables when they are read: their versions, and the deliveries taken in."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.errors import MissingTableError
from sf_spark.lake.contents import Content, content_of
from sf_spark.lake.files import open_table
from sf_spark.lake.tables import location
from sf_spark.schema import DELIVERIES, staged

# Content and effect of a delivery: a file taken in again with another perimeter has other numbers.
_COUNTED = ("sha256", "delivery", "lines_accepted", "lines_rejected", "lines_skipped", "facts_added", "facts_ended")


@dataclass(frozen=True)
class Delivered:
    """The state of the staged tables at one time.

    Attributes:
        contents: Content by source; None if it was never delivered.
        deliveries: For each source and batch, a digest of the delivery.
        last: The month of the last delivery of all sources.
    """

    contents: Mapping[str, Content | None]
    deliveries: Mapping[str, Mapping[str, str]]
    last: date

    @property
    def absent(self) -> frozenset[str]:
        """The sources that were never delivered."""
        return frozenset(source for source, content in self.contents.items() if content is None)

    def version(self, source: str) -> int | None:
        """The version of a staged table; None if it does not exist."""
        content = self.contents[source]
        return None if content is None else content.version


def delivered(lake: str, sources: Iterable[str]) -> Delivered:
    """The present state of the staged tables of some sources.

    The deliveries are read before the tables: a delivery taken in meanwhile is in the tables but not in the list, so it
    counts as new the next time.

    Raises:
        MissingTableError: When nothing has been taken in.
    """
    table = open_table(location(lake, DELIVERIES))
    rows = [] if table is None else [row for row in table.to_pyarrow_table().to_pylist() if row["status"] == "ok"]
    if not rows:
        raise MissingTableError(f"table {DELIVERIES.path} is not in {lake}: run ingest first")
    wanted = list(sources)
    opened = {source: open_table(location(lake, staged(source))) for source in wanted}
    return Delivered(
        contents={source: None if table is None else content_of(table) for source, table in opened.items()},
        deliveries=_digests(row for row in rows if row["source"] in opened),
        last=start_of(max(index_of(row["known_on"]) for row in rows)),
    )


def _digests(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        files[row["source"]][row["_batch"]].append(repr([row["_file"], *(row.get(name) for name in _COUNTED)]))
    return {
        source: {batch: hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:8] for batch, rows in b.items()}
        for source, b in files.items()
    }
