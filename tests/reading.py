"""Read a text through the product's public functions, without Spark: class and reasons of each record, and facts.

The file is read twice: as one range, and record by record (each gives the start of the next), to get the class of each
record. Both must agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sf_spark.landing.facts import Stamp
from sf_spark.landing.header import Header, read_header
from sf_spark.landing.names import packing_of
from sf_spark.landing.range_task import Context, Output, RangeOutcome, RangeTask
from sf_spark.landing.ranges import Range, ranges_of
from sf_spark.landing.reading import read_range
from sf_spark.landing.recognition import Reading, recognise
from sf_spark.landing.source import UTF8, Source

ACCEPTED, REJECTED, SKIPPED = "accepted", "rejected", "skipped"
_WHOLE = 1 << 40


@dataclass(frozen=True)
class Record:
    """The outcome of a record: its physical line (0 if it has several), its class, the reasons of a rejection."""

    line: int
    kind: str
    raw: str = ""
    reasons: tuple[dict[str, str], ...] = ()

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Code and column of each reason."""
        return [(reason["code"], reason["column"]) for reason in self.reasons]


@dataclass(frozen=True)
class WasRead:
    """The content of a file: its layout, its records in order, its facts by line and month."""

    reading: Reading
    records: list[Record]
    facts: list[dict[str, Any]]
    outcome: RangeOutcome

    @property
    def kinds(self) -> list[str]:
        """The class of each record."""
        return [record.kind for record in self.records]


def header_of(text: str, encoding: str = UTF8, byte_order_mark: bool = False) -> Header:
    """A header, as the first line of a file gives it."""
    return Header(1, text, encoding, byte_order_mark)


def accounts_of(sites: Sequence[tuple[str, date, str]]) -> pa.Table:
    """The establishments of accounts: number, closing day, SIRET."""
    numbers, days, sirets = zip(*sites, strict=True)
    return pa.table({"numero_compte": numbers, "date_fermeture": pa.array(days, pa.date32()), "siret": sirets})


def read_file(
    path: Path,
    source: Source,
    *,
    accounts: pa.Table | None = None,
    series: tuple[date, date] | None = None,
    inside: Sequence[int] | None = None,
    stamp: Stamp | None = None,
) -> WasRead:
    """Read a delivered file.

    Args:
        path: Path of the file; its name tells how it is packed.
        source: Source of the file.
        accounts: The establishments of accounts, for a layout by account.
        series: First month of the series and the one after its last, for a source that gathers lines.
        inside: SIREN of the companies inside the perimeter; None: no perimeter.
        stamp: Values that all facts share.
    """
    packing = packing_of(path.name)
    assert packing != "parquet"  # its rows cannot be read one by one, as is done below
    header = read_header(str(path), path.name, packing)
    reading = recognise(source, header)
    encoding = reading.layout.encoding
    (whole,) = ranges_of(str(path), packing, encoding, header, bool(reading.layout.first_record), _WHOLE)
    known = Context(None if inside is None else np.sort(np.array(inside, np.int64)), accounts, series)
    output = Output(str(path.with_name("facts.parquet")), stamp or Stamp(path.name, date(2024, 3, 20), by_rule=True))
    Path(output.uri).unlink(missing_ok=True)
    task = RangeTask(str(path), path.name, packing, encoding, reading, whole, known, output)
    outcome = read_range(task)
    facts = pq.read_table(output.uri).to_pylist() if outcome.rows else []
    facts.sort(key=lambda fact: (fact["_line"], str(fact.get("periode") or fact.get("date_fermeture"))))
    records = _of(outcome, 0) if source.gather else _one_by_one(replace(task, output=None), whole)
    rejects = [] if outcome.rejects is None else outcome.rejects.to_pylist()
    rejected = [record for record in records if record.kind == REJECTED]
    assert [(r.raw, list(r.reasons)) for r in rejected] == [(r["raw"], r["reasons"]) for r in _in_order(rejects)]
    assert [sum(record.kind == kind for record in records) for kind in (ACCEPTED, REJECTED, SKIPPED)] == [
        *(outcome.accepted, outcome.rejected, outcome.skipped)
    ]
    assert outcome.read == len(records)
    return WasRead(reading, records, facts, outcome)


def _one_by_one(task: RangeTask, whole: Range) -> list[Record]:
    records, position, line = [], whole.begin, whole.line
    while position < whole.stop:
        outcome = read_range(replace(task, range=Range(0, position, position + 1, line, exact=True)))
        records += _of(outcome, line)
        assert outcome.next > position
        position, line = outcome.next, outcome.next_line
    return records


def _of(outcome: RangeOutcome, line: int) -> list[Record]:
    rejects = [] if outcome.rejects is None else _in_order(outcome.rejects.to_pylist())
    rejected = [Record(row["_line"], REJECTED, row["raw"], tuple(row["reasons"])) for row in rejects]
    accepted, skipped = [Record(line, ACCEPTED)] * outcome.accepted, [Record(line, SKIPPED)] * outcome.skipped
    return [*accepted, *rejected, *skipped]


def _in_order(rejects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rejects, key=lambda row: row["_line"])
