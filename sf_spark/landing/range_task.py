"""What is asked of a reader of one range, and what it returns: plain values, which go to a worker and back."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from sf_spark.landing.facts import NAME, Stamp
from sf_spark.landing.names import Packing
from sf_spark.landing.ranges import Range
from sf_spark.landing.recognition import Reading


@dataclass(frozen=True)
class Context:
    """What reading a file may need to know.

    Attributes:
        inside: SIREN of the companies inside the perimeter, as numbers in order; None: everybody is.
        accounts: ``numero_compte, date_fermeture, siret`` in force, for a layout by account.
        series: First month of the series and the one after its last, for a source that gathers lines.
        outranked: Keys that a later file of the delivery also holds, for a source that gathers lines.
        ends_lines: Whether all files of the source in the delivery before ended with a line end: a last line without
            one is then cut.
        takes_rejected: Whether the readable values of a rejected record may be taken in, if the source allows it: not
            where they would replace better ones.
    """

    inside: np.ndarray | None = None
    accounts: pa.Table | None = None
    series: tuple[date, date] | None = None
    outranked: pa.Array | None = None
    ends_lines: bool = False
    takes_rejected: bool = True


@dataclass(frozen=True)
class Output:
    """Which facts to write, and where.

    Attributes:
        uri: URI of the file.
        stamp: Values that all rows share.
        places: In order: see :func:`sf_spark.landing.facts.ranked`.
        ranks: Ranks of the facts in these places; 0 drops one.
        others: Whether the facts elsewhere are written.
    """

    uri: str
    stamp: Stamp
    places: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    ranks: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    others: bool = True


@dataclass(frozen=True)
class RangeTask:
    """A range of a file, and what to do with it."""

    uri: str
    name: str
    packing: Packing
    encoding: str
    reading: Reading
    range: Range
    context: Context = field(default_factory=Context)
    output: Output | None = None


@dataclass
class RangeOutcome:
    """The result of reading a range.

    Attributes:
        first: Where the first record starts.
        next: Where the first record behind the range starts ...
        next_line: ... and the number of its line.
        read: Number of records, of any class.
        accepted, rejected, skipped: Number of records of each class.
        undecodable: Records that are not UTF-8.
        fatal: Line and message of the first reason that makes the whole file fail.
        money: Sums over accepted records, in hundredths of a cent.
        rejects: Their lines, texts and reasons (see ``REJECTS``); None where there are none.
        silent: Keys of the records that say nothing about the facts they may have held (rejected, or left out by a
            rule), as ``column`` and ``value``; where the key cannot be read, column '' and the record's text. Also the
            texts of records of several lines, as column ``SEVERAL_LINES`` (a stray quote merges many records into one),
            and a text without any key where an unknown record was lost.
        left_out: Keys of the records that the perimeter leaves out, in the same form (accounts where the layout has no
            key); None where there are none, or where no absence ends a fact.
        is_cut: Whether the file ends inside a record: its last one is rejected, and lacks its line end.
        ends_open: Whether the text ends without a line end.
        filled: Number of accepted records with a value, by typed column; an amount of 0 counts as none.
        names: Names of the facts (see ``NAME``); of a wide file, names of the records (see ``record_of``).
        keys: Keys in the range, of a source that gathers lines.
        rows: Rows written.
        bytes: Bytes written.
    """

    first: int = 0
    next: int = 0
    next_line: int = 0
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    undecodable: int = 0
    fatal: tuple[int, str] | None = None
    money: dict[str, int] = field(default_factory=dict)
    rejects: pa.Table | None = None
    silent: pa.Table | None = None
    left_out: pa.Table | None = None
    is_cut: bool = False
    ends_open: bool = False
    filled: dict[str, int] = field(default_factory=dict)
    names: np.ndarray = field(default_factory=lambda: np.empty(0, NAME))
    keys: pa.Array | None = None
    rows: int = 0
    bytes: int = 0
