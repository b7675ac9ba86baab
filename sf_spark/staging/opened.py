"""Open a delivered file: its header read, its layout known, its text cut into ranges."""

from dataclasses import dataclass, replace

import pyarrow.parquet as pq

from sf_spark.lake.storage import open_bytes
from sf_spark.landing.files import DeliveredFile
from sf_spark.landing.header import Header
from sf_spark.landing.opening import Text, reading, unpacked
from sf_spark.landing.range_task import Context, RangeTask
from sf_spark.landing.ranges import Range, ranges_of, row_groups_of
from sf_spark.landing.recognition import Reading
from sf_spark.settings import IngestSettings
from sf_spark.sources import Source
from sf_spark.staging.deliveries import FileAccount

_WHOLE = 1 << 40  # bytes: more than any file


@dataclass
class OpenedFile:
    """A file whose header was understood: how to read it."""

    account: FileAccount
    reading: Reading
    ranges: list[Range]
    text: Text
    context: Context

    def tasks(self, first_rank: int) -> list[RangeTask]:
        """The ranges as tasks, ranked from a first rank on."""
        text = self.text
        return [
            RangeTask(
                *(text.uri, self.account.file.name, text.packing, text.encoding, self.reading),
                *(replace(part, rank=first_rank + place), self.context),
            )
            for place, part in enumerate(self.ranges)
        ]


def cut(
    file: DeliveredFile, source: Source, header: Header, found: Reading, ingest: IngestSettings, unpacked_to: str
) -> tuple[Text, list[Range]]:
    """The text to read, unpacked where ranges need it, and its ranges; of a Parquet file, the row groups.

    Args:
        file: The file.
        source: Its source; one that gathers lines needs the whole file at once.
        header: Its header.
        found: How to read it.
        ingest: The sizes of ranges.
        unpacked_to: The file to unpack it to.
    """
    text = Text(file.uri, file.packing, found.layout.encoding)
    if file.packing == "parquet":
        return text, _row_groups(file)
    size = _WHOLE if source.gather else ingest.wide_range_bytes if source.wide else ingest.range_bytes
    text = unpacked(text, size, unpacked_to)
    return text, ranges_of(text.uri, text.packing, text.encoding, header, bool(found.layout.first_record), size)


def _row_groups(file: DeliveredFile) -> list[Range]:
    with reading(), open_bytes(file.uri) as opened:
        footer = pq.ParquetFile(opened).metadata
    return row_groups_of([footer.row_group(rank).num_rows for rank in range(footer.num_row_groups)])
