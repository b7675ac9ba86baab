"""Read one range of a delivered file: scan, type, classify and name its records; write them on request.

A function of plain values, which runs in a worker or in the driver. It reads one file and may write one; tables are
committed elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from sf_spark.errors import BrokenFileError
from sf_spark.lake.storage import open_bytes
from sf_spark.landing.accounts import with_siret
from sf_spark.landing.fact_file import FactFile
from sf_spark.landing.facts import (
    NAME,
    Facts,
    facts_of,
    facts_of_months,
    position_of,
    ranked,
    record_of,
    records_of,
    staged_rows,
)
from sf_spark.landing.hashing import hash_spans, hash_texts
from sf_spark.landing.header import Reading
from sf_spark.landing.machine import SPARE
from sf_spark.landing.months import first_unreadable, headcounts
from sf_spark.landing.opening import TextStream, reading
from sf_spark.landing.parquet_rows import as_text, plain_columns, raw_rows
from sf_spark.landing.range_task import RangeOutcome, RangeTask
from sf_spark.landing.rejects import REJECTS, badly_framed
from sf_spark.landing.rules import Check
from sf_spark.landing.scan import CUT, ENCODING, NOT_WANTED, Scanned, raw_text, scan_block
from sf_spark.landing.silent import is_too_long, noted, of_damaged, of_gaps, of_nobody, of_several_lines, zero_key
from sf_spark.landing.source import Source
from sf_spark.landing.typed import (
    ACCEPTED,
    REJECTED,
    SKIPPED,
    Classified,
    classified,
    evaluated,
    lines_to_gather,
    reasons_of,
)

_BLOCK = 4 << 20  # larger ones cost page faults, smaller ones calls
_UNREADABLE_CELL = "_unreadable"
_A_HEADCOUNT = Check(
    pl.col(_UNREADABLE_CELL).is_not_null(), "bad_number", "eff*", pl.col(_UNREADABLE_CELL), "a headcount"
)
_WHOLE_SIRET = r"^[0-9]{14}\z"
_MONEY_UNIT = Decimal("0.0001")


def read_range(task: RangeTask) -> RangeOutcome:
    """Read the records that start in a range, and write what is asked for.

    Raises:
        BrokenFileError: When the file cannot be read to its end.
    """
    reader = _RangeReader(task)
    try:
        with reading():
            reader.run()
    except BrokenFileError:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # whatever it is, a panic of compiled code too, it fails this file only
        why = str(error).splitlines() or [""]
        raise BrokenFileError(f"cannot be read: {type(error).__name__}: {why[0][:200]}") from error
    return reader.outcome


@dataclass(frozen=True)
class _Records:
    """The well-framed records of a block: text columns, and where their raw text stands."""

    text: pl.DataFrame
    cells: list[pa.Array]
    raw_hash: np.ndarray
    block: bytearray
    spans: np.ndarray

    def raw(self, row: int) -> str:
        """The text of a record."""
        start, end = self.spans[row]
        return raw_text(self.block, int(start), int(end))


class _RangeReader:
    """The state of reading a range: counts so far, and what is to be written."""

    def __init__(self, task: RangeTask) -> None:
        self.task = task
        self.source: Source = task.reading.source
        self.outcome = RangeOutcome(money=dict.fromkeys(self.source.money, 0))
        self._rules = (task.reading.layout.clean or self.source.clean)()
        self._months = task.reading.days
        if self.source.wide:
            self._rules = replace(self._rules, checks=(*self._rules.checks, _A_HEADCOUNT))
        self._plan = _Plan(task.reading)
        self._ends_open = False  # whether the current block is the end of the file, and lacks a line end
        self._longest = 0  # bytes of the longest accepted record so far
        self._file = FactFile(task.output.uri) if task.output else None
        self._names: list[np.ndarray] = []
        self._rejects: list[pl.DataFrame] = []
        self._silent: list[pl.DataFrame] = []
        self._left_out: list[pl.DataFrame] = []
        self._gathering: list[pl.DataFrame] = []

    def run(self) -> None:
        if self.task.packing == "parquet":
            self._take(self._row_group())
        else:
            for records in self._scanned():
                self._take(records)
        if self.source.gather is not None:
            self._gather()
        if self._rejects:
            self.outcome.rejects = pl.concat(self._rejects).to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._silent:
            self.outcome.silent = pl.concat(self._silent).unique().to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._left_out:
            self.outcome.left_out = pl.concat(self._left_out).unique().to_arrow(compat_level=pl.CompatLevel.oldest())
        nothing = np.empty(0, record_of(len(self._months)) if self.source.wide else NAME)
        self.outcome.names = np.concatenate([nothing, *self._names])
        if self._file is not None:
            self._file.close()
            self.outcome.rows, self.outcome.bytes = self._file.rows, self._file.bytes

    @property
    def _looks_for_absence(self) -> bool:
        """Whether all records are read, so that the absence of a fact may end it."""
        return self.source.delivery == "snapshot" and (self.task.output is None or self.task.output.others)

    def _picks(self) -> np.ndarray | None:
        """Offsets in the range of the records asked for; None: all of them."""
        output = self.task.output
        if output is None or output.others or self.source.gather is not None:
            return None
        return np.unique(position_of(output.places))

    def _scanned(self) -> Iterator[_Records]:
        task, part, outcome = self.task, self.task.range, self.outcome
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
                    *(block, start, stop, at_end, line, task.reading.delimiter, self.source.lazy_quotes),
                    *(self._plan.wanted, None if due is None else due[due < stop]),
                )
                self._ends_open = at_end and not scanned.more and bool(text) and not text.endswith(b"\n")
                if self._looks_for_absence:
                    self._silent += of_gaps(block, scanned, start)
                yield self._framed(block, scanned, base - part.begin)
                base, rest, line = base + scanned.next, text[scanned.next :], scanned.line
                outcome.next, outcome.next_line = base, line
                if base >= part.stop or (at_end and not scanned.more):
                    return

    def _framed(self, block: bytearray, scanned: Scanned, offset: int) -> _Records:
        """The records of a block; those that are not well-framed are rejected."""
        layout, outcome = self.task.reading.layout, self.outcome
        bad, kept, width = scanned.bad, np.arange(len(scanned.lines)), len(self._plan.wanted)
        outcome.ends_open |= self._ends_open
        if self._ends_open and self.task.known.ends_lines and _is_last(scanned.spans, bad):
            cut = [*scanned.spans[-1], scanned.lines[-1], CUT, width]
            bad, kept = np.concatenate([bad, np.array([cut], np.int64)]), kept[:-1]
        if layout.trailer:  # a line that ends the file and is no record
            ends = pl.Series([raw_text(block, *span) for span in bad[:, :2].tolist()], dtype=pl.String)
            bad = bad[~ends.str.contains(layout.trailer).to_numpy()]
            ends = pl.Series([raw_text(block, *span) for span in scanned.spans.tolist()], dtype=pl.String)
            kept = kept[~ends.str.contains(layout.trailer).to_numpy()[kept]]
        if len(bad):
            outcome.is_cut |= self._ends_open and not _is_last(scanned.spans, bad)
            rejects = badly_framed(block, bad, width)
            self._reject(rejects)
            sizes = scanned.spans[:, 1] - scanned.spans[:, 0]
            self._silent += of_damaged(rejects["raw"], bad, width, int(sizes.max(initial=self._longest)))
            outcome.read += len(bad)
            outcome.rejected += len(bad)
            outcome.undecodable += int(np.count_nonzero(bad[:, 3] & ENCODING))
        if self._looks_for_absence:
            self._silent += of_several_lines(block, scanned, self.task.reading.delimiter)
        columns = [pl.Series(column) for column in scanned.columns[: self._plan.texts]]
        place = pl.DataFrame({"_line": scanned.lines, "_at": (scanned.spans[:, 0] + offset).astype(np.uint32)})
        text = self._plan.text(place, columns)
        spans, cells = scanned.spans, scanned.columns[self._plan.texts :]
        if len(kept) < len(spans):
            text, spans, cells = text[kept], spans[kept], [column.take(pa.array(kept)) for column in cells]
        view = np.frombuffer(block, np.uint8)
        repeats = self._plan.records
        if repeats != 1:
            spans = np.repeat(spans, repeats, axis=0)
        return _Records(text, cells, hash_spans(view, np.uint64(view.ctypes.data), spans), block, spans)

    def _row_group(self) -> _Records:
        """The rows of a Parquet file's row group, as the text that a delimited file would hold."""
        task, part = self.task, self.task.range
        months = [place for place, _ in task.reading.months]
        columns = [task.reading.columns[place] for place in (*self._plan.places, *months)]
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
        wanted, cells = columns[: self._plan.texts], columns[self._plan.texts :]
        text = self._plan.text(place, [frame[column] for column in wanted])
        views = [frame[column].rechunk().to_arrow(compat_level=pl.CompatLevel.newest()) for column in cells]
        self.outcome.first, self.outcome.next, self.outcome.next_line = part.begin, part.stop, part.line + len(frame)
        return _Records(text, views, hash_spans(view, np.uint64(view.ctypes.data), spans), joined, spans)

    def _take(self, records: _Records) -> None:
        """Type and count the records, name their facts, keep those to write."""
        numbers, text, known = np.empty((0, 0), np.int32), records.text, self.task.known
        if self.source.wide:
            numbers = headcounts(records.cells)
            text = text.with_columns(first_unreadable(numbers, records.cells).alias(_UNREADABLE_CELL))
        typed = evaluated(text, self._rules)
        if self.task.reading.layout.by_account and known.accounts is not None:
            typed = with_siret(typed, pl.DataFrame(known.accounts), self.source.account_date)
        if self.source.gather is not None:
            raw = [records.raw(row) for row in range(len(typed))]
            self._gathering.append(lines_to_gather(typed, raw, reasons_of(text, self._rules)))
            return
        found = classified(typed, self.source, known.inside, lambda rows: reasons_of(text[rows], self._rules))
        raw = [records.raw(int(row)) for row in found.wrong]
        self.outcome.is_cut |= self._ends_open and len(found.classes) > 0 and found.classes[-1] == REJECTED
        rows = typed.drop("_wrong", "_skip")
        self._count(rows, found, raw)
        self._note_silent(rows, found, records.raw)
        self._note_longer(records, found.classes)
        rows = rows.drop("_doubtful", strict=False)
        kept, rank, raw_hash = self._giving(found), self.task.range.rank, records.raw_hash
        if len(kept) < len(rows):  # nearly all are kept nearly always
            rows, raw_hash, numbers = rows[kept], raw_hash[kept], numbers[kept] if self.source.wide else numbers
        if not self.source.wide:
            facts = facts_of(rows, raw_hash, rank, self.source)
            self._keep(facts.names, lambda: facts)
            return
        named = records_of(rows, raw_hash, rank, numbers)
        self._keep(named, lambda: facts_of_months(rows, named, self._months))

    def _gather(self) -> None:
        """Gather lines into records, and take these."""
        known = self.task.known
        assert self.source.gather is not None and known.series is not None
        if not self._gathering:
            return
        gathered = self.source.gather(pl.concat(self._gathering), *known.series)
        typed = gathered.with_columns(
            (pl.col("_errors").list.len() > 0).alias("_wrong"),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("_at"),
            pl.lit(0, pl.UInt16).alias("_part"),
        )
        found = classified(typed, self.source, known.inside, lambda rows: typed["_errors"].gather(rows))
        # Nobody knows what a line without a SIRET may have said of its account.
        lines = pl.concat(self._gathering)
        unsure = lines.filter(~lines["siret"].str.contains(_WHOLE_SIRET).fill_null(False))
        doubtful = typed[self.source.key_column].is_in(unsure[self.source.key_column].implode())
        rows = typed.drop("_wrong", "_skip", "_errors", "_raw").with_columns(doubtful.alias("_doubtful"))
        self._count(rows, found, typed["_raw"].gather(found.wrong).to_list())
        self._note_silent(rows, found, lambda row: str(typed["_raw"][row]))
        kept = self._giving(found)
        rows = rows.drop("_doubtful")
        rows, raw = rows[kept], hash_texts(typed["_raw"].gather(kept))
        self.outcome.keys = rows[self.source.key_column].to_arrow()
        if known.outranked is not None:
            latest = (~rows[self.source.key_column].is_in(pl.Series(known.outranked).implode())).to_numpy()
            rows, raw = rows.filter(latest), raw[latest]
        facts = facts_of(rows, raw, self.task.range.rank, self.source)
        self._keep(facts.names, lambda: facts)

    def _giving(self, found: Classified) -> np.ndarray:
        """The rows that give facts: accepted ones, and rejected ones where the source keeps their values."""
        kept = found.classes == ACCEPTED
        if self.source.emits_rejected and self.task.known.takes_rejected:
            kept |= (found.classes == REJECTED) & found.has_valid_key
        return np.flatnonzero(kept)

    def _count(self, rows: pl.DataFrame, found: Classified, raw: list[str]) -> None:
        outcome = self.outcome
        outcome.read += len(rows)
        outcome.accepted += int(np.count_nonzero(found.classes == ACCEPTED))
        outcome.rejected += int(np.count_nonzero(found.classes == REJECTED))
        outcome.skipped += int(np.count_nonzero(found.classes == SKIPPED))
        accepted = np.flatnonzero(found.classes == ACCEPTED)
        for name in self.source.money:
            outcome.money[name] += _exact_sum(rows[name].gather(accepted))
        if self._looks_for_absence:
            for name, count in _filled(rows[accepted]).items():
                outcome.filled[name] = outcome.filled.get(name, 0) + count
        if len(found.wrong):
            lines = rows["_line"].gather(found.wrong)
            reasons = pl.DataFrame({"_line": lines, "raw": raw, "reasons": found.reasons}, schema=REJECTS)
            self._reject(reasons, found.classes[found.wrong] == REJECTED)

    def _note_silent(self, rows: pl.DataFrame, found: Classified, raw: Callable[[int], str]) -> None:
        """Note the keys of records that are rejected or left out by a rule: they say nothing about their facts."""
        by_account = self.task.reading.layout.by_account
        if self.source.delivery == "snapshot" and found.outside.any():
            column = "numero_compte" if by_account else self.source.key_column
            self._left_out.append(noted(column, rows[column].gather(np.flatnonzero(found.outside)).unique()))
        nobody = zero_key(rows[self.source.key_column], self.source)
        silent = (found.classes == REJECTED) | found.left_out | nobody
        if "_doubtful" in rows.columns:
            silent |= rows["_doubtful"].fill_null(False).to_numpy()
        if not silent.any():
            return
        key, names_one = self.source.key_column, found.has_valid_key & ~nobody
        self._silent.append(noted(key, rows[key].gather(np.flatnonzero(silent & names_one))))
        without = np.flatnonzero(silent & ~names_one)
        if by_account:
            account = rows["numero_compte"].gather(without)
            assert self.task.known.accounts is not None
            known = pl.Series(self.task.known.accounts.column("numero_compte").combine_chunks())
            is_known = account.is_in(known.implode()).fill_null(False).to_numpy()
            self._silent.append(noted("numero_compte", account.filter(is_known)))
            without = without[~is_known]  # an unknown number may be a damaged one
        self._silent.append(noted("", pl.Series([raw(int(row)) for row in without], dtype=pl.String)))

    def _note_longer(self, records: _Records, classes: np.ndarray) -> None:
        """Note a rejected record longer than any accepted one: it may have lost a line end."""
        sizes = records.spans[:, 1] - records.spans[:, 0]
        self._longest = int(sizes[classes != REJECTED].max(initial=self._longest))
        if self._looks_for_absence and is_too_long(sizes[classes == REJECTED], self._longest).any():
            self._silent.append(of_nobody())

    def _reject(self, reasons: pl.DataFrame, rejected: np.ndarray | None = None) -> None:
        if self.source.fatal_codes and len(reasons):
            fatal = reasons.select("_line", pl.col("reasons").list.eval(_fatal(self.source)).alias("fatal"))
            first = (
                fatal.filter(pl.col("fatal").list.len() > 0).select("_line", pl.col("fatal").list.first()).sort("_line")
            )
            if len(first):
                line, message = first.row(0)
                self.outcome.fatal = min(self.outcome.fatal or (line, message), (line, message))
        kept = reasons if rejected is None else reasons.filter(rejected)
        if len(kept):
            self._rejects.append(kept)

    def _keep(self, names: np.ndarray, facts_to_write: Callable[[], Facts]) -> None:
        output = self.task.output
        if output is None or output.others:
            self._names.append(names)
        if output is not None and self._file is not None:
            facts = facts_to_write()
            kept, rank = ranked(facts, output.places, output.ranks, output.others)
            if len(kept):
                self._file.add(staged_rows(facts, kept, rank, self.source, output.stamp))


def _is_last(spans: np.ndarray, bad: np.ndarray) -> bool:
    """Whether the last record is well-framed."""
    return len(spans) > 0 and (len(bad) == 0 or spans[-1, 1] > bad[-1, 1])


class _Plan:
    """The fields of a record to read, and their names in ``clean``."""

    def __init__(self, reading_: Reading) -> None:
        layout, source, columns = reading_.layout, reading_.source, list(reading_.columns)
        self._columns_read = source.columns_read
        if layout.reshape:
            reshaped = layout.reshape(columns)
            names = [layout.rename.get(name.lower(), name.lower()) for name in reshaped.columns]
            self._records = [dict(zip(names, record, strict=True)) for record in reshaped.records]
        else:
            self._records = [{name: rank for rank, name in enumerate(reading_.names)}]  # the last of one name wins
        self._records = [{n: p for n, p in record.items() if n in self._columns_read} for record in self._records]
        self.records = len(self._records)
        self.places = sorted({place for record in self._records for place in record.values() if isinstance(place, int)})
        self.texts = len(self.places)
        self.wanted = np.full(len(columns), NOT_WANTED, np.int64)
        self.wanted[self.places] = np.arange(self.texts)
        months = [place for place, _ in reading_.months]
        self.wanted[months] = np.arange(self.texts, self.texts + len(months))

    def text(self, place: pl.DataFrame, columns: list[pl.Series]) -> pl.DataFrame:
        """One text column for each column that the source reads, '' where the file lacks it; one row a record."""
        at = {place: columns[rank] for rank, place in enumerate(self.places)}
        frames = [
            place.with_columns(
                pl.lit(part, pl.UInt16).alias("_part"),
                *(_column(name, record.get(name), at) for name in self._columns_read),
            )
            for part, record in enumerate(self._records)
        ]
        if len(frames) == 1:
            return frames[0]
        return pl.concat(frames).sort("_at", "_part") if frames else _nothing(place, self._columns_read)


def _filled(rows: pl.DataFrame) -> dict[str, int]:
    """The number of rows with a value, by typed column; an amount of 0 counts as none."""
    names = [name for name in rows.columns if not name.startswith("_")]
    has_value = [
        (pl.col(name).fill_null(0) != 0 if rows[name].dtype.is_float() else pl.col(name).is_not_null())
        .sum()
        .alias(name)
        for name in names
    ]
    return rows.select(has_value).row(0, named=True) if names else {}


def _nothing(place: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    empty = place.clear().with_columns(pl.lit(0, pl.UInt16).alias("_part"))
    return empty.with_columns(*(pl.lit("").alias(name) for name in names))


def _column(name: str, place: int | str | None, columns: dict[int, pl.Series]) -> pl.Series | pl.Expr:
    if isinstance(place, int):
        return columns[place].alias(name)
    return pl.lit(place or "").alias(name)


def _fatal(source: Source) -> pl.Expr:
    element = pl.element().struct
    return pl.element().filter(element.field("code").is_in(source.fatal_codes)).struct.field("message")


def _exact_sum(amounts: pl.Series) -> int:
    """The sum in hundredths of a cent; each amount is rounded half away from zero, as SQL's decimals are."""
    scaled = amounts.drop_nulls().to_numpy() * 10_000
    whole = np.rint(scaled)
    plain = (np.abs(scaled - whole) < 1e-3 + np.abs(scaled) * 1e-15) & (np.abs(scaled) < 2**53)
    total = (
        sum(whole[plain].astype(np.int64).tolist())
        if np.abs(whole[plain]).sum() > 2**62
        else int(whole[plain].astype(np.int64).sum())
    )
    odd = amounts.drop_nulls().to_numpy()[~plain]
    return total + sum(int(Decimal(repr(float(x))).quantize(_MONEY_UNIT, ROUND_HALF_UP).scaleb(4)) for x in odd)
