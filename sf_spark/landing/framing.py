"""Frame the records of a range: bytes, or the rows of a Parquet file, become text columns.

Records that are not well-framed are rejected here; all others are typed in :mod:`sf_spark.landing.reading`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from sf_spark.lake.storage import open_bytes
from sf_spark.landing.facts import position_of
from sf_spark.landing.hashing import hash_spans
from sf_spark.landing.machine import SPARE
from sf_spark.landing.opening import TextStream
from sf_spark.landing.parquet_rows import as_text, plain_columns, raw_rows
from sf_spark.landing.range_notes import RangeNotes
from sf_spark.landing.range_task import RangeOutcome, RangeTask
from sf_spark.landing.rejects import badly_framed
from sf_spark.landing.scan import CUT, ENCODING, Scanned, raw_text, scan_block
from sf_spark.landing.silent import of_damaged, of_gaps, of_several_lines
from sf_spark.landing.text_columns import TextColumns

_BLOCK = 4 << 20  # larger ones cost page faults, smaller ones calls


@dataclass(frozen=True)
class Records:
    """The well-framed records of a block.

    Attributes:
        text: One text column for each column that the source reads.
        cells: The columns of a wide file that name a month.
        raw_hash: Hash of the text of each record.
        block: Bytes that hold these texts ...
        spans: ... from (start) to (end).
    """

    text: pl.DataFrame
    cells: list[pa.Array]
    raw_hash: np.ndarray
    block: bytearray
    spans: np.ndarray

    def raw(self, row: int) -> str:
        """The text of a record."""
        start, end = self.spans[row]
        return raw_text(self.block, int(start), int(end))


class Framing:
    """Frames the records of one range, and counts those that it rejects."""

    def __init__(self, task: RangeTask, columns: TextColumns, outcome: RangeOutcome, notes: RangeNotes) -> None:
        self._task, self._columns, self._outcome, self._notes = task, columns, outcome, notes

    def blocks(self) -> Iterator[Records]:
        """The records of the range, block by block."""
        if self._task.packing == "parquet":
            yield self._row_group()
        else:
            yield from self._scanned()

    def _picks(self) -> np.ndarray | None:
        """Offsets in the range of the records asked for; None: all of them."""
        output = self._task.output
        if output is None or output.others or self._task.reading.source.gather is not None:
            return None
        return np.unique(position_of(output.places))

    def _scanned(self) -> Iterator[Records]:
        task, part, outcome = self._task, self._task.range, self._outcome
        with TextStream(task.uri, task.packing, task.encoding) as stream:
            base = part.begin if part.exact else part.begin - 1
            stream.skip(base)
            rest, ahead, line = b"", stream.read(_BLOCK), part.line
            started, picks = part.exact, self._picks()
            outcome.first = base
            while True:
                text, ahead = rest + ahead, stream.read(_BLOCK)
                at_end = not ahead
                start = 0
                if not started:  # the range begins inside this line, which belongs to the range before
                    feed = text.find(b"\n")
                    if feed < 0 and not at_end:
                        rest = text
                        continue
                    start = feed + 1 if feed >= 0 else len(text)
                    line += feed > 0
                    started, outcome.first = True, base + start
                block = bytearray(text)
                block += bytes(SPARE)
                stop = min(max(part.stop - base, start), len(text))
                due = None if picks is None else picks[picks >= base + start - part.begin] - (base - part.begin)
                scanned = scan_block(
                    *(block, start, stop, at_end, line, task.reading.delimiter, self._task.reading.source.lazy_quotes),
                    *(self._columns.wanted, None if due is None else due[due < stop]),
                )
                self._notes.ends_open = at_end and not scanned.more and bool(text) and not text.endswith(b"\n")
                if self._notes.looks_for_absence:
                    self._notes.silent(*of_gaps(block, scanned, start))
                yield self._framed(block, scanned, base - part.begin)
                base, rest, line = base + scanned.next, text[scanned.next :], scanned.line
                outcome.next, outcome.next_line = base, line
                if base >= part.stop or (at_end and not scanned.more):
                    return

    def _framed(self, block: bytearray, scanned: Scanned, offset: int) -> Records:
        """The records of a block; those that are not well-framed are rejected."""
        layout = self._task.reading.layout
        bad, kept, width = scanned.bad, np.arange(len(scanned.lines)), len(self._columns.wanted)
        self._outcome.ends_open |= self._notes.ends_open
        if self._notes.ends_open and self._task.context.ends_lines and _is_last(scanned.spans, bad):
            cut = [*scanned.spans[-1], scanned.lines[-1], CUT, width]
            bad, kept = np.concatenate([bad, np.array([cut], np.int64)]), kept[:-1]
        if layout.trailer:  # a line that ends the file and is no record
            ends = pl.Series([raw_text(block, *span) for span in bad[:, :2].tolist()], dtype=pl.String)
            bad = bad[~ends.str.contains(layout.trailer).to_numpy()]
            ends = pl.Series([raw_text(block, *span) for span in scanned.spans.tolist()], dtype=pl.String)
            kept = kept[~ends.str.contains(layout.trailer).to_numpy()[kept]]
        if len(bad):
            self._reject(block, bad, scanned.spans)
        if self._notes.looks_for_absence:
            self._notes.silent(*of_several_lines(block, scanned, self._task.reading.delimiter))
        columns = [pl.Series(column) for column in scanned.columns[: self._columns.texts]]
        place = pl.DataFrame({"_line": scanned.lines, "_at": (scanned.spans[:, 0] + offset).astype(np.uint32)})
        text = self._columns.text(place, columns)
        spans, cells = scanned.spans, scanned.columns[self._columns.texts :]
        if len(kept) < len(spans):
            text, spans, cells = text[kept], spans[kept], [column.take(pa.array(kept)) for column in cells]
        view = np.frombuffer(block, np.uint8)
        if self._columns.records != 1:
            spans = np.repeat(spans, self._columns.records, axis=0)
        return Records(text, cells, hash_spans(view, np.uint64(view.ctypes.data), spans), block, spans)

    def _reject(self, block: bytearray, bad: np.ndarray, spans: np.ndarray) -> None:
        """Reject the records that are not well-framed."""
        outcome, notes, width = self._outcome, self._notes, len(self._columns.wanted)
        outcome.is_cut |= notes.ends_open and not _is_last(spans, bad)
        rejects = badly_framed(block, bad, width)
        notes.reject(rejects)
        sizes = spans[:, 1] - spans[:, 0]
        notes.silent(*of_damaged(rejects["raw"], bad, width, int(sizes.max(initial=notes.longest))))
        outcome.read += len(bad)
        outcome.rejected += len(bad)
        outcome.undecodable += int(np.count_nonzero(bad[:, 3] & ENCODING))

    def _row_group(self) -> Records:
        """The rows of a Parquet file's row group, as the text that a delimited file would hold."""
        task, part = self._task, self._task.range
        months = [place for place, _ in task.reading.months]
        columns = [task.reading.columns[place] for place in (*self._columns.places, *months)]
        every = list(task.reading.columns)  # the raw text of a row includes the columns that nobody reads
        with open_bytes(task.uri) as file:
            parquet = pq.ParquetFile(file)
            groups = [part.row_group] if part.row_group >= 0 else []
            rows = plain_columns(parquet.read_row_groups(groups, columns=every).select(every), columns)
        rows.validate(full=True)  # text that is not UTF-8 would crash the process later
        table = pl.from_arrow(rows)
        assert isinstance(table, pl.DataFrame)
        frame = table.select(as_text(column, dtype) for column, dtype in table.schema.items())
        lines = np.arange(part.line, part.line + len(frame))
        place = pl.DataFrame({"_line": lines, "_at": np.arange(len(frame), dtype=np.uint32)})
        raw = raw_rows(frame, task.reading.delimiter)
        joined = bytearray("\n".join(raw.to_list()).encode())
        ends = np.cumsum(raw.str.len_bytes().to_numpy() + 1)
        spans = np.stack([ends - raw.str.len_bytes().to_numpy() - 1, ends - 1], axis=1).astype(np.int64)
        joined += bytes(SPARE)
        view = np.frombuffer(joined, np.uint8)
        wanted, cells = columns[: self._columns.texts], columns[self._columns.texts :]
        text = self._columns.text(place, [frame[column] for column in wanted])
        views = [frame[column].rechunk().to_arrow(compat_level=pl.CompatLevel.newest()) for column in cells]
        spans = np.repeat(spans, self._columns.records, axis=0)
        self._outcome.first, self._outcome.next, self._outcome.next_line = part.begin, part.stop, part.line + len(frame)
        return Records(text, views, hash_spans(view, np.uint64(view.ctypes.data), spans), joined, spans)


def _is_last(spans: np.ndarray, bad: np.ndarray) -> bool:
    """Whether the last record is well-framed."""
    return len(spans) > 0 and (len(bad) == 0 or spans[-1, 1] > bad[-1, 1])
