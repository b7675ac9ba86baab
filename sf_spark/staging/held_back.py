"""The table of the facts that the latest delivery of a source holds back from ending."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from sf_spark.lake.files import is_table, replace_rows, table_at
from sf_spark.lake.tables import literal_list, location
from sf_spark.schema import HELD_BACK_FACTS
from sf_spark.settings import Settings
from sf_spark.staging.absence import HELD_BACK


def held_back_before(settings: Settings, source: str) -> int:
    """The number of facts that the last delivery of a source held back because of damage."""
    folder = location(settings.lake, HELD_BACK_FACTS)
    if not is_table(folder):
        return 0
    rows = table_at(folder).to_pyarrow_table(columns=["reason"], filters=[("source", "=", source)])
    return sum(reason != "outside_perimeter" for reason in rows.column("reason").to_pylist())


def write_held_back(settings: Settings, sources: Sequence[str], facts: Iterable[pa.Table]) -> None:
    """List the facts held back by the deliveries of some sources.

    A delivery releases the facts held back by an earlier one, or holds them back again.
    """
    folder, tables = location(settings.lake, HELD_BACK_FACTS), [table for table in facts if len(table)]
    if sources and (tables or is_table(folder)):
        these = f"source in ({literal_list(sources)})"
        replace_rows(folder, pa.concat_tables([HELD_BACK.empty_table(), *tables]), these, HELD_BACK_FACTS.partition)
