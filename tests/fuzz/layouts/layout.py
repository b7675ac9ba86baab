"""A layout for the fuzzer: valid lines to damage, and the expected outcome of any line."""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.fuzz import readers as r

ACCEPTED, REJECTED, SKIPPED = "accepted", "rejected", "skipped"
BEFORE_ALL = date(1900, 1, 1)
Fact = dict[str, Any]


class Row(Mapping[str, str]):
    """The cells of a record by name; '' for a name that the file lacks. Of two with the same name, the last one."""

    def __init__(self, columns: Sequence[str], fields: Sequence[str]) -> None:
        self.columns, self.fields = list(columns), list(fields)
        self._cells = dict(zip(self.columns, self.fields, strict=False))

    def __getitem__(self, name: str) -> str:
        return self._cells.get(name, "")

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def having(self, **cells: str) -> "Row":
        """The same with other cells."""
        return Row([*self.columns, *cells], [*self.fields, *cells.values()])


@dataclass(frozen=True)
class Outcome:
    """The class of a record, the facts it gives, and whether it makes the whole file fail."""

    kind: str
    facts: tuple[Fact, ...] = ()
    fatal: bool = False


Rule = Callable[[Row], list[Outcome]]
# From (first line, text, row) of the well-framed records of a file to (line, text, outcome) of the gathered records.
Gather = Callable[[list[tuple[int, str, Row]]], list[tuple[int, str, Outcome]]]


@dataclass(frozen=True)
class Fuzzed:
    """One layout of one source.

    Attributes:
        source: Name of the source.
        layout: Name of the layout.
        file: Name of the delivered file, with ``{}`` if a batch may hold several.
        delimiter: One character.
        lazy: Whether a stray quote is a character.
        header: As delivered.
        line: Cells of a valid line, as text.
        rule: From the cells of a record, by lower-case header name, to its expected outcome.
        known: The day on which a fact of a first delivery was known.
        required: Lower-case header names that the layout needs.
        without: Lower-case header names that it must not have.
        optional: Lower-case header names that are read when present.
        positional: Names of the columns by position, if the header is ignored.
        first_record: Form of a first line that is a record.
        trailer: Form of lines that are not records.
        encoding: Encoding of the file.
        mark: Whether a byte order mark is allowed.
        whole: A record that is not well-framed makes the file fail.
        money: Columns whose sums are reported.
        plain: From a header's column to the name that counts.
        columns: From the header's names to the columns of a record, where a line holds several.
        gather: Instead of ``rule``, for records made of several lines.
    """

    source: str
    layout: str
    file: str
    delimiter: str
    lazy: bool
    header: str
    line: Callable[[random.Random], list[str]]
    rule: Rule
    known: Callable[[Fact], date | None]
    required: frozenset[str]
    without: frozenset[str] = frozenset()
    positional: tuple[str, ...] = ()
    first_record: str = ""
    trailer: str = ""
    encoding: str = "utf-8"
    mark: bool = False
    whole: bool = False
    money: tuple[str, ...] = ()
    wide: bool = False
    gather: Gather | None = None
    custom_fit: Callable[[list[str]], bool] | None = None
    optional: frozenset[str] = frozenset()

    def fits(self, header: str, names: list[str]) -> bool:
        """Whether a file with these header names is in this layout."""
        lowered = {name.lower() for name in names}
        if lowered & self.without:
            return False
        if self.custom_fit:
            return self.custom_fit(names)
        if self.first_record:
            return re.fullmatch(self.first_record, header) is not None
        return len(names) == len(self.positional) if self.positional else lowered >= self.required

    def row(self, names: list[str], fields: list[str]) -> Row:
        """The cells of a record. Names of months, and of years, count as they are written."""
        if self.positional:
            return Row(self.positional, fields)
        return Row(names if self.wide else [name.lower() for name in names], fields)


def words(*names: str) -> frozenset[str]:
    """The words of some texts."""
    return frozenset(name for text in names for name in text.lower().split())


def identity(key: str, kind: str) -> Fact:
    """The columns that follow from a number."""
    fact: Fact = {kind: key, "est_luhn_valide": r.is_luhn(key)}
    if kind == "siret":
        fact |= {"siren": key[:9], "est_pseudo_siret": key[9] in "5679"}
    return fact


def one_fact(
    kind: str,
    key: Callable[[Row], str],
    values: Mapping[str, tuple[str, r.Reader]],
    derived: Callable[[Row, Fact], Fact] = lambda row, fact: {},
    skip: Callable[[Row], bool] = lambda row: False,
    emits_rejected: bool = False,
) -> Rule:
    """The rule of most sources: a record is a fact on a SIRET or SIREN.

    Args:
        kind: ``siret`` or ``siren``.
        key: From a row to the number.
        values: Staged column to header name and reader.
        derived: Columns derived from the row and from the values read.
        skip: Whether a rule of the source leaves a row out.
        emits_rejected: Whether a row with a cell in error still gives its readable values.
    """
    form = {"siret": "[0-9]{14}", "siren": "[0-9]{9}"}[kind]

    def rule(row: Row) -> list[Outcome]:
        if skip(row):
            return [Outcome(SKIPPED)]
        fact, wrong = {}, False
        for staged, (name, reader) in values.items():
            try:
                fact[staged] = reader(row[name])
            except ValueError:
                fact[staged], wrong = None, True
        if not re.fullmatch(form, key(row)) or (wrong and not emits_rejected):
            return [Outcome(REJECTED)]
        fact |= identity(key(row), kind)
        fact |= derived(row, fact)
        return [Outcome(REJECTED if wrong else ACCEPTED, (fact,))]

    return rule


def cell(name: str) -> Callable[[Row], str]:
    """The key is one cell."""
    return lambda row: row[name]
