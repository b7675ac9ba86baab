"""Keys that may be damaged: a number that no entity has, delivered while a similar one is missing.

Numbers of the register satisfy a check (Luhn's formula). Up to two characters may differ: one mistyped, or two
neighbours swapped.

    absent from the delivery    delivered instead, and new to the table                      the absent fact
    01234567400018, correct     91234567400018, which fails the check                        is held back
    01234567400018, correct     01234567400059, correct, of the same company                 ends: the site has moved
    01234567400018, correct     01234567400019, of the same company, fails the check         is held back
    01234567400018, correct     another one that satisfies the check, or differs more        ends: another company
    01234567400011, fails too   91234567400011, inside the perimeter                         ends: nobody can tell
    01234567400011, fails too   91234567400011, which the perimeter leaves out               is held back
    an account                  one that differs as little, whose company is left out        is held back
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sf_spark.lake.storage import open_bytes
from sf_spark.landing.source import Source
from sf_spark.staging.comparison import row_of
from sf_spark.staging.exchange import Parts

ACCOUNT = "numero_compte"
_SIREN_LENGTH = 9
_NAMED = pa.schema([("column", pa.string()), ("value", pa.string())])
_LONGEST = 64  # characters of a key; anything longer is not a number
# One odd factor for each position: numbers that differ in two characters only have the same sum without these.
_FACTORS = np.random.default_rng(20260120).integers(1, 1 << 62, _LONGEST, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


def no_text() -> pa.Array:
    """No texts."""
    return pa.array([], pa.string())


@dataclass(frozen=True)
class Strangers:
    """Delivered numbers that may be damaged, distinct.

    Attributes:
        outside: Keys of lines that the perimeter leaves out.
        new: Keys of new facts.
        accounts: Accounts of lines that the perimeter leaves out, where the layout knows no key.
    """

    outside: pa.Array = field(default_factory=no_text)
    new: pa.Array = field(default_factory=no_text)
    accounts: pa.Array = field(default_factory=no_text)

    def __bool__(self) -> bool:
        return bool(len(self.outside) or len(self.new) or len(self.accounts))


@dataclass(frozen=True)
class StrangersTask:
    """A stored file, and the numbers that may be its damaged keys.

    Attributes:
        uri: URI of the file.
        rank: Among the files of the comparison.
        absent: By file, for each bucket: facts absent from the delivery.
        source: The source.
        strangers: See :class:`Strangers`.
    """

    uri: str
    rank: int
    absent: Sequence[Parts]
    source: Source
    strangers: Strangers


def strangers_of(left_out: Sequence[pa.Table], source: Source, new: Sequence[pa.Array]) -> Strangers:
    """The numbers in a delivery that may be damaged: of lines outside the perimeter, and of new facts.

    Args:
        left_out: See :class:`sf_spark.landing.range_task.RangeOutcome`.
        source: The source.
        new: Keys of new facts.
    """
    named = pa.concat_tables([table.cast(_NAMED) for table in left_out] or [_NAMED.empty_table()])

    def values(column: str) -> pa.Array:
        return named.filter(pc.equal(named.column("column"), column)).column("value").combine_chunks().unique()

    return Strangers(values(source.key_column), pa.concat_arrays([no_text(), *new]).unique(), values(ACCOUNT))


def resembling(task: StrangersTask) -> Strangers:
    """Those that nearly match the key or the account of an absent fact of the file."""
    keys, accounts = absent_values(task)
    some = task.strangers
    return Strangers(
        some.outside.filter(_near_outside(keys, some.outside)[1]),
        some.new.filter(_near_new(keys, some.new)[1]),
        some.accounts.filter(_near(accounts, some.accounts)[1]),
    )


def known(task: StrangersTask) -> Strangers:
    """Those known to the file: an account, a number, or a correct number of the same company."""
    (keys, accounts), some = _read(task.uri, task.source), task.strangers
    numbers, stored = _distinct(keys), _distinct(accounts)
    companies = _company(numbers).unique()

    def is_known(some: pa.Array) -> pa.Array:
        of_company = pc.and_(pc.is_in(_company(some), companies), pc.invert(_fails_check(some)))
        return pc.or_(pc.is_in(some, numbers), of_company)

    return Strangers(
        some.outside.filter(is_known(some.outside)),
        some.new.filter(is_known(some.new)),
        some.accounts.filter(pc.is_in(some.accounts, stored)),
    )


def together(found: Sequence[Strangers]) -> Strangers:
    """Join the numbers found in several files."""
    names = [column.name for column in fields(Strangers)]
    return Strangers(
        *(pa.concat_arrays([no_text(), *(getattr(one, name) for one in found)]).unique() for name in names)
    )


def without(strangers: Strangers, others: Strangers) -> Strangers:
    """Those that are not among others."""
    pairs = [(getattr(strangers, column.name), getattr(others, column.name)) for column in fields(Strangers)]
    return Strangers(*(some.filter(pc.invert(pc.is_in(some, gone))) for some, gone in pairs))


def may_be_damaged(key: pa.ChunkedArray, account: pa.ChunkedArray | None, strangers: Strangers) -> np.ndarray:
    """For each absent fact, whether one of the strangers may be its damaged key or account."""
    keys = key.unique()
    near = pc.or_(_near_outside(keys, strangers.outside)[0], _near_new(keys, strangers.new)[0])
    found = pc.is_in(key, keys.filter(near))
    if account is not None:
        accounts = account.unique()
        found = pc.or_(found, pc.is_in(account, accounts.filter(_near(accounts, strangers.accounts)[0])))
    return np.asarray(found.to_numpy())


def _near_outside(missing: pa.Array, delivered: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Which missing numbers may have become which numbers outside the perimeter: one of the two fails the check."""
    correct, delivered_failing = pc.invert(_fails_check(missing)), _fails_check(delivered)
    of_failing, near_failing = _near(missing, delivered.filter(delivered_failing))
    of_any, near_any = _near(missing.filter(pc.invert(correct)), delivered)
    return (
        pc.or_(of_failing, _spread(of_any, pc.invert(correct))),
        pc.or_(_spread(near_failing, delivered_failing), near_any),
    )


def _near_new(missing: pa.Array, delivered: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Which missing numbers may have become which new ones: the missing one is correct, the new one is not."""
    correct, failing = pc.invert(_fails_check(missing)), _fails_check(delivered)
    found, near = _near(missing.filter(correct), delivered.filter(failing))
    return _spread(found, correct), _spread(near, failing)


def _spread(found: pa.Array, among: pa.Array) -> pa.Array:
    """Spread the results for some rows over a mask of all rows."""
    every = among.to_numpy(False).copy()
    every[every] = found.to_numpy(False)
    return pa.array(every, pa.bool_())


def _company(numbers: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(numbers, 0, _SIREN_LENGTH)


def absent_values(task: StrangersTask) -> tuple[pa.Array, pa.Array]:
    """The distinct keys and accounts of the absent facts of a file."""
    rows = np.sort(row_of(np.concatenate([np.empty(0, np.uint64), *(part.part(task.rank) for part in task.absent)])))
    keys, accounts = (_distinct(column.take(pa.array(rows))) for column in _read(task.uri, task.source))
    return keys, accounts


def _read(uri: str, source: Source) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The column of keys and that of accounts; without accounts in the source, the keys twice."""
    with open_bytes(uri) as file:
        parquet = pq.ParquetFile(file)
        account = ACCOUNT if ACCOUNT in parquet.schema_arrow.names else source.key_column
        table = parquet.read(columns=list(dict.fromkeys([source.key_column, account])))
    return table.column(source.key_column), table.column(account)


def _distinct(column: pa.ChunkedArray) -> pa.Array:
    return column.unique().cast(pa.string())


def _near(some: pa.Array, others: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Which texts become one of the others when at most two characters are replaced, and which others match."""
    found, found_others = np.zeros(len(some), np.bool_), np.zeros(len(others), np.bool_)
    if len(some) and len(others):
        signs, signs_of_others = dict(_by_length(some)), dict(_by_length(others))
        for length in sorted(signs.keys() & signs_of_others.keys()):
            (rows, left), (other_rows, right) = signs[length], signs_of_others[length]
            for pair in combinations(range(length), 2):
                left_sums, right_sums = _sum_without(left, pair), _sum_without(right, pair)
                found[rows] |= np.isin(left_sums, right_sums)
                found_others[other_rows] |= np.isin(right_sums, left_sums)
    return pa.array(found, pa.bool_()), pa.array(found_others, pa.bool_())


def _by_length(texts: pa.Array) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
    """By length of text: the rows, and their characters times the factors."""
    lengths = np.array(pc.fill_null(pc.binary_length(texts), 0))
    for length in np.unique(lengths[(lengths > 1) & (lengths <= _LONGEST)]).tolist():
        rows = np.flatnonzero(lengths == length)
        joined = "".join(texts.take(pa.array(rows)).to_pylist()).encode()
        signs = np.frombuffer(joined, np.uint8).reshape(-1, length).astype(np.uint64)
        yield length, (rows, signs * _FACTORS[:length])


def _sum_without(signs: np.ndarray, places: tuple[int, ...]) -> np.ndarray:
    total = signs.sum(axis=1, dtype=np.uint64)  # may overflow, like any hash
    for place in places:
        total -= signs[:, place]
    return np.asarray(total)


def _fails_check(numbers: pa.Array) -> pa.Array:
    """Which texts fail the check of SIREN and SIRET (Luhn's formula)."""
    fails = np.zeros(len(numbers), np.bool_)
    lengths = np.array(pc.fill_null(pc.binary_length(numbers), 0))
    for length in np.unique(lengths[lengths > 0]).tolist():
        rows = np.flatnonzero(lengths == length)
        joined = "".join(numbers.take(pa.array(rows)).to_pylist()).encode()
        digits = np.frombuffer(joined, np.uint8).reshape(-1, length).astype(np.int64) - ord("0")
        digits[:, length % 2 :: 2] *= 2
        fails[rows] = (digits - 9 * (digits > 9)).sum(axis=1) % 10 != 0
    return pa.array(fails, pa.bool_())
