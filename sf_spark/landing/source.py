"""What a source is: the record that each module of ``sources`` declares, and the layouts of its files."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from sf_spark.landing.names import plain_name
from sf_spark.landing.rules import Rules

UTF8, UTF16, LATIN9 = "utf-8", "utf-16-le", "iso-8859-15"
Clean = Callable[[], Rules]


@dataclass(frozen=True)
class Reshaped:
    """How to split a line that holds several records.

    Attributes:
        columns: Names of a record's columns.
        records: For each record, the source of each column: the place of a field in the line, a constant text, or None
            where the line has no such field (read as '').
    """

    columns: tuple[str, ...]
    records: tuple[tuple[int | str | None, ...], ...]


Reshape = Callable[[list[str]], Reshaped]


@dataclass(frozen=True)
class Layout:
    """One way a source's file has been laid out.

    Attributes:
        name: The month it began (``2025-12``), or what distinguishes it (``stock``); ``deliveries`` records it.
        required: Header names in lower case; a file that has them all is in this layout.
        optional: Header names that are read when present.
        rename: Header name to the name used by ``clean``, where they differ.
        forbidden: Header names that rule this layout out.
        positional: Names of the columns by position, for headers that do not name them; ``required`` is then not read.
        delimiter: One character, where it differs from the source's.
        encoding: Encoding of the whole file.
        byte_order_mark: Whether the file may start with one.
        clean: The rules of this layout, where they differ from the source's.
        by_account: The file holds URSSAF accounts and no SIRET: see :mod:`sf_spark.sources.comptes`.
        first_record: Python regular expression for a first line that is a record, not a header; with ``positional``.
        trailer: Regular expression for a last line that is not a record.
        reshape: From the header's columns to the records of a line that holds several.
    """

    name: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    forbidden: tuple[str, ...] = ()
    positional: tuple[str, ...] = ()
    delimiter: str = ""
    encoding: str = UTF8
    byte_order_mark: bool = False
    clean: Clean | None = None
    by_account: bool = False
    first_record: str = ""
    trailer: str = ""
    reshape: Reshape | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that this layout may have, under the names used by ``clean``."""
        if self.positional:
            return self.positional
        return tuple(self.rename.get(name, name) for name in (*self.required, *self.optional))


@dataclass(frozen=True)
class Source:
    """A partner file: its layouts, how a line becomes typed columns, when a fact is known.

    Attributes:
        name: Name of the source and of its staged table.
        description: One line for people.
        file_pattern: Regular expression of the delivered file's whole name, in any case, without packing (``.gz``).
        delimiter: One character.
        layouts: The newest first; the first one that a header fits is taken.
        key_column: The typed column that identifies the entity: ``siret``, ``siren``, or another one.
        natural_key: What identifies a fact in time; several facts with one key are added, never dropped.
        clean: From text columns to typed ones, the reasons to reject a record, and the rule that skips it.
        known_on: Day on which a fact of a first delivery was known, from the typed columns (date; null: unknown).
        lazy_quotes: Whether a stray quote is a character (True) or rejects the line (False).
        wide: Prefix of the month columns of a wide file (headcounts); empty for a long file.
        delivery: ``snapshot``: an absent row is withdrawn; ``increment``: rows only add.
        money: Typed columns in euros whose sums the delivery report shows.
        emits_rejected: Whether a rejected line still gives its readable values (as the reference loader does).
        key_pattern: Regular expression of a valid key that is neither a SIRET nor a SIREN.
        account_date: For layouts by account: the typed column that dates the search for the SIRET.
        fatal_codes: Reasons that make the whole file fail, not its line alone.
        gather: Makes records of the typed lines of a whole file, given the first month of the series and the month
            after its last.
    """

    name: str
    description: str
    file_pattern: str
    delimiter: str
    layouts: tuple[Layout, ...]
    key_column: str
    natural_key: tuple[str, ...]
    clean: Clean
    known_on: Callable[[], pl.Expr]
    lazy_quotes: bool = False
    wide: str = ""
    delivery: Literal["snapshot", "increment"] = "snapshot"
    money: tuple[str, ...] = ()
    emits_rejected: bool = False
    key_pattern: str = ""
    account_date: str = ""
    fatal_codes: tuple[str, ...] = ()
    gather: Callable[[pl.DataFrame, date, date], pl.DataFrame] | None = None

    def delivers(self, file_name: str) -> bool:
        """True when a file of this name belongs to the source."""
        return re.fullmatch(self.file_pattern, plain_name(file_name), re.IGNORECASE) is not None

    @property
    def columns_read(self) -> tuple[str, ...]:
        """The text columns that ``clean`` reads, in any layout: '' where a layout lacks one."""
        return tuple(dict.fromkeys(name for layout in self.layouts for name in layout.names))

    @property
    def valid_key(self) -> str:
        """Regular expression of a valid key."""
        return self.key_pattern or {"siret": r"^[0-9]{14}\z", "siren": r"^[0-9]{9}\z"}[self.key_column]
