"""What the lines of a delivery that give no fact name: keys, accounts, or numbers somewhere in their text.

A line whose key cannot be read is searched for the identifiers of the facts that would end: whole, or nearly (a damaged
character or two).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sf_spark.lake.storage import open_bytes
from sf_spark.landing.silent import SEVERAL_LINES
from sf_spark.landing.source import Source
from sf_spark.staging.comparison import row_of
from sf_spark.staging.damaged_keys import ACCOUNT, Strangers, no_text
from sf_spark.staging.exchange import Parts

_SIREN_LENGTH = 9
# A lost line end may have joined the last word of a line to the number at the start of the next.
_IDENTIFIERS = tuple(re.compile(rf"{signs}{{{_SIREN_LENGTH},}}") for signs in ("[0-9A-Za-z]", "[0-9]"))
_DAMAGED_SHARE = 3  # one character in so many may be damaged; two numbers of 14 digits share one or two by chance
_SIRET_LENGTH = 14
_FEWEST_DIGITS = _SIRET_LENGTH - _SIRET_LENGTH // _DAMAGED_SHARE  # of a SIRET that may contain letters
_MOST_COMPARISONS = 200_000_000  # of identifiers with words: takes seconds


@dataclass(frozen=True)
class Silence:
    """What a delivery says nothing about.

    Attributes:
        keys: Keys of entities whose facts stay.
        sirens: SIREN of companies whose establishments keep their facts.
        accounts: Accounts whose facts stay.
        texts: Texts of records whose entity cannot be read.
        several: Texts of records of several lines.
        inside: SIREN of the companies inside the perimeter, as sorted numbers; None: no perimeter.
        all_of_it: Why all absent facts stay; '' when they do not.
        strangers: Keys and accounts that may be damaged.
    """

    keys: pa.Array = field(default_factory=no_text)
    sirens: pa.Array = field(default_factory=no_text)
    accounts: pa.Array = field(default_factory=no_text)
    texts: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    inside: np.ndarray | None = None
    all_of_it: str = ""
    strangers: Strangers = field(default_factory=Strangers)

    @property
    def is_nothing(self) -> bool:
        """Whether every absence ends a fact."""
        named = len(self.keys) or len(self.accounts)
        return not (named or self.every_text or self.inside is not None or self.all_of_it or self.strangers)

    @property
    def every_text(self) -> tuple[str, ...]:
        """All texts to search for entities."""
        return (*self.texts, *self.several)


def silence_of(silent: Sequence[pa.Table], source: Source, inside: np.ndarray | None, all_of_it: str) -> Silence:
    """What a delivery says nothing about, from its unreadable or omitted records.

    Args:
        silent: See :class:`sf_spark.landing.range_task.RangeOutcome`.
        source: The source.
        inside: See :class:`Silence`.
        all_of_it: See :class:`Silence`.
    """
    if not silent:
        return Silence(inside=inside, all_of_it=all_of_it)
    schema = pa.schema([("column", pa.string()), ("value", pa.string())])
    named = pa.concat_tables(table.cast(schema) for table in silent)

    def values(column: str) -> pa.Array:
        return named.filter(pc.equal(named.column("column"), column)).column("value").combine_chunks().unique()

    accounts = no_text() if source.key_column == ACCOUNT else values(ACCOUNT)
    texts, several = (tuple(values(kind).to_pylist()) for kind in ("", SEVERAL_LINES))
    return Silence(values(source.key_column), no_text(), accounts, texts, several, inside, all_of_it)


@dataclass(frozen=True)
class SearchTask:
    """A stored file, to search texts for its entities.

    Attributes:
        uri: URI of the file.
        rank: Among the files of the comparison.
        absent: By file, of each bucket.
        source: The source.
        texts: Texts of records whose entity cannot be read.
    """

    uri: str
    rank: int
    absent: Sequence[Parts]
    source: Source
    texts: tuple[str, ...]


@dataclass(frozen=True)
class FoundInTexts:
    """The keys, SIREN and accounts of a file that texts name, exactly or nearly; and the texts that name any."""

    keys: pa.Array
    sirens: pa.Array
    accounts: pa.Array
    explained: np.ndarray


def search(task: SearchTask) -> FoundInTexts:
    """Search texts for the entities of a file: exact matches for all, near matches for those with absent facts."""
    words = [_words(text) for text in task.texts]
    distinct = pa.array(sorted({word for found in words for word in found}), pa.string())
    rows = np.sort(row_of(np.concatenate([np.empty(0, np.uint64), *(part.part(task.rank) for part in task.absent)])))
    with open_bytes(task.uri) as file:
        parquet = pq.ParquetFile(file)
        names = [name for name in (task.source.key_column, ACCOUNT) if name in parquet.schema_arrow.names]
        table = parquet.read(columns=list(dict.fromkeys(names)))
    found: dict[str, pa.Array] = {}
    explaining: set[str] = set()
    for name in table.column_names:
        stored = table.column(name).cast(pa.string())
        exact = distinct.filter(pc.is_in(distinct, stored.unique()))
        near, words_near = _near(stored.take(pa.array(rows)).unique(), distinct.to_pylist())
        found[name] = pa.concat_arrays([exact, near]).unique()
        explaining |= {*exact.to_pylist(), *words_near}
    sirens = no_text()
    if task.source.key_column == "siret":
        stored = pc.utf8_slice_codeunits(table.column("siret").cast(pa.string()).unique(), 0, _SIREN_LENGTH)
        sirens = distinct.filter(pc.is_in(distinct, stored.unique()))
        explaining |= set(sirens.to_pylist())
    explained = np.array([any(word in explaining or _is_provisional(word) for word in found) for found in words], bool)
    keys = found.pop(task.source.key_column)
    return FoundInTexts(keys, sirens, found.get(ACCOUNT, no_text()), explained)


def explained(silence: Silence, found: Sequence[FoundInTexts]) -> Silence:
    """What a delivery says nothing about, once every file has been searched for its unreadable records."""
    keys, sirens, accounts = (
        pa.concat_arrays([getattr(silence, name), *(getattr(one, name) for one in found)]).unique()
        for name in ("keys", "sirens", "accounts")
    )
    every = np.zeros(len(silence.every_text), np.bool_)
    for one in found:
        every |= one.explained
    all_of_it = silence.all_of_it or ("" if every[: len(silence.texts)].all() else "unreadable_line")
    return Silence(keys, sirens, accounts, (), (), silence.inside, all_of_it, silence.strangers)


def _words(text: str) -> set[str]:
    """The words of a text that may be identifiers."""
    return {word for pattern in _IDENTIFIERS for word in pattern.findall(text)}


def _near(identifiers: pa.Array, words: list[str]) -> tuple[pa.Array, list[str]]:
    """The identifiers that nearly match one of the words, and these words."""
    values = [value for value in identifiers.to_pylist() if value and value.isascii()]
    if not values or not words or len(values) * len(words) > _MOST_COMPARISONS:
        return no_text(), []
    near, explaining = np.zeros(len(values), np.bool_), []
    by_length: dict[int, list[int]] = {}
    for place, value in enumerate(values):
        by_length.setdefault(len(value), []).append(place)
    signs = {
        length: np.frombuffer("".join(values[place] for place in places).encode(), np.uint8).reshape(-1, length)
        for length, places in by_length.items()
    }
    for word in words:
        text, hit = np.frombuffer(word.encode(), np.uint8), False
        for length, places in by_length.items():
            close = _is_close(signs[length], text)
            near[np.array(places)[close]] = True
            hit |= bool(close.any())
        if hit:
            explaining.append(word)
    return pa.array([value for value, is_near in zip(values, near, strict=True) if is_near], pa.string()), explaining


def _is_close(signs: np.ndarray, word: np.ndarray) -> np.ndarray:
    """Which rows become the word when at most a third of the characters are replaced, or one is removed or added."""
    length = signs.shape[1]
    if length == len(word):
        return np.count_nonzero(signs != word, axis=1) <= length // _DAMAGED_SHARE
    if abs(length - len(word)) != 1:
        return np.zeros(len(signs), np.bool_)
    shorter = min(length, len(word))
    before = np.logical_and.accumulate(signs[:, :shorter] == word[:shorter], axis=1).sum(axis=1)
    behind = np.logical_and.accumulate(signs[:, ::-1][:, :shorter] == word[::-1][:shorter], axis=1).sum(axis=1)
    return before + behind >= shorter


def _is_provisional(word: str) -> bool:
    """True for a number that URSSAF gives until a company is registered: 14 characters, some of them letters."""
    digits = sum(sign.isdigit() for sign in word)
    return len(word) == _SIRET_LENGTH and _FEWEST_DIGITS <= digits < _SIRET_LENGTH
