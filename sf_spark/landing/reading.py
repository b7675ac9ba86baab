"""Read one range of a delivered file: type, classify and name its records; write them on request.

A function of plain values, which runs in a worker or in the driver. It reads one file and may write one; tables are
committed elsewhere.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import polars as pl

from sf_spark.errors import BrokenFileError
from sf_spark.landing.accounts import with_siret
from sf_spark.landing.fact_file import FactFile
from sf_spark.landing.facts import (
    NAME,
    Facts,
    facts_of,
    facts_of_months,
    ranked,
    record_of,
    records_of,
    staged_rows,
)
from sf_spark.landing.framing import Framing, Records
from sf_spark.landing.hashing import hash_texts
from sf_spark.landing.months import first_unreadable, headcounts
from sf_spark.landing.opening import reading
from sf_spark.landing.range_notes import RangeNotes
from sf_spark.landing.range_task import RangeOutcome, RangeTask
from sf_spark.landing.rejects import REJECTS
from sf_spark.landing.rules import Check
from sf_spark.landing.silent import is_too_long, noted, of_nobody, zero_key
from sf_spark.landing.source import Source
from sf_spark.landing.text_columns import TextColumns
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
        self._notes = RangeNotes(task, self.outcome)
        self._file = FactFile(task.output.uri) if task.output else None
        self._names: list[np.ndarray] = []
        self._gathering: list[pl.DataFrame] = []

    def run(self) -> None:
        columns = TextColumns(self.task.reading)
        for records in Framing(self.task, columns, self.outcome, self._notes).blocks():
            self._take(records)
        if self.source.gather is not None:
            self._gather()
        self._notes.close()
        nothing = np.empty(0, record_of(len(self._months)) if self.source.wide else NAME)
        self.outcome.names = np.concatenate([nothing, *self._names])
        if self._file is not None:
            self._file.close()
            self.outcome.rows, self.outcome.bytes = self._file.rows, self._file.bytes

    def _take(self, records: Records) -> None:
        """Type and count the records, name their facts, keep those to write."""
        numbers, text, context = np.empty((0, 0), np.int32), records.text, self.task.context
        if self.source.wide:
            numbers = headcounts(records.cells)
            text = text.with_columns(first_unreadable(numbers, records.cells).alias(_UNREADABLE_CELL))
        typed = evaluated(text, self._rules)
        if self.task.reading.layout.by_account and context.accounts is not None:
            typed = with_siret(typed, pl.DataFrame(context.accounts), self.source.account_date)
        if self.source.gather is not None:
            raw = [records.raw(row) for row in range(len(typed))]
            self._gathering.append(lines_to_gather(typed, raw, reasons_of(text, self._rules)))
            return
        found = classified(typed, self.source, context.inside, lambda rows: reasons_of(text[rows], self._rules))
        raw = [records.raw(int(row)) for row in found.wrong]
        self.outcome.is_cut |= self._notes.ends_open and len(found.classes) > 0 and found.classes[-1] == REJECTED
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
        context = self.task.context
        assert self.source.gather is not None and context.series is not None
        if not self._gathering:
            return
        gathered = self.source.gather(pl.concat(self._gathering), *context.series)
        typed = gathered.with_columns(
            (pl.col("_errors").list.len() > 0).alias("_wrong"),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("_at"),
            pl.lit(0, pl.UInt16).alias("_part"),
        )
        found = classified(typed, self.source, context.inside, lambda rows: typed["_errors"].gather(rows))
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
        if context.outranked is not None:
            latest = (~rows[self.source.key_column].is_in(pl.Series(context.outranked).implode())).to_numpy()
            rows, raw = rows.filter(latest), raw[latest]
        facts = facts_of(rows, raw, self.task.range.rank, self.source)
        self._keep(facts.names, lambda: facts)

    def _giving(self, found: Classified) -> np.ndarray:
        """The rows that give facts: accepted ones, and rejected ones where the source keeps their values."""
        kept = found.classes == ACCEPTED
        if self.source.emits_rejected and self.task.context.takes_rejected:
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
        if self._notes.looks_for_absence:
            for name, count in _filled(rows[accepted]).items():
                outcome.filled[name] = outcome.filled.get(name, 0) + count
        if len(found.wrong):
            lines = rows["_line"].gather(found.wrong)
            reasons = pl.DataFrame({"_line": lines, "raw": raw, "reasons": found.reasons}, schema=REJECTS)
            self._notes.reject(reasons, found.classes[found.wrong] == REJECTED)

    def _note_silent(self, rows: pl.DataFrame, found: Classified, raw: Callable[[int], str]) -> None:
        """Note the keys of records that are rejected or left out by a rule: they say nothing about their facts."""
        by_account = self.task.reading.layout.by_account
        if self.source.delivery == "snapshot" and found.outside.any():
            column = "numero_compte" if by_account else self.source.key_column
            self._notes.left_out(noted(column, rows[column].gather(np.flatnonzero(found.outside)).unique()))
        nobody = zero_key(rows[self.source.key_column], self.source)
        silent = (found.classes == REJECTED) | found.left_out | nobody
        if "_doubtful" in rows.columns:
            silent |= rows["_doubtful"].fill_null(False).to_numpy()
        if not silent.any():
            return
        key, names_one = self.source.key_column, found.has_valid_key & ~nobody
        self._notes.silent(noted(key, rows[key].gather(np.flatnonzero(silent & names_one))))
        without = np.flatnonzero(silent & ~names_one)
        if by_account:
            account = rows["numero_compte"].gather(without)
            assert self.task.context.accounts is not None
            known = pl.Series(self.task.context.accounts.column("numero_compte").combine_chunks())
            is_known = account.is_in(known.implode()).fill_null(False).to_numpy()
            self._notes.silent(noted("numero_compte", account.filter(is_known)))
            without = without[~is_known]  # an unknown number may be a damaged one
        self._notes.silent(noted("", pl.Series([raw(int(row)) for row in without], dtype=pl.String)))

    def _note_longer(self, records: Records, classes: np.ndarray) -> None:
        """Note a rejected record longer than any accepted one: it may have lost a line end."""
        sizes = records.spans[:, 1] - records.spans[:, 0]
        self._notes.longest = int(sizes[classes != REJECTED].max(initial=self._notes.longest))
        if self._notes.looks_for_absence and is_too_long(sizes[classes == REJECTED], self._notes.longest).any():
            self._notes.silent(of_nobody())

    def _keep(self, names: np.ndarray, facts_to_write: Callable[[], Facts]) -> None:
        output = self.task.output
        if output is None or output.others:
            self._names.append(names)
        if output is not None and self._file is not None:
            facts = facts_to_write()
            kept, rank = ranked(facts, output.places, output.ranks, output.others)
            if len(kept):
                self._file.add(staged_rows(facts, kept, rank, self.source, output.stamp))


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
