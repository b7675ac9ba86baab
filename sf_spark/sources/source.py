"""What a source is: the record that one file of this package declares."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Source:
    """A partner file: its layout, how a line becomes typed columns, how time is told.

    Attributes:
        name: Name of the source and of its staged table.
        description: One line for people.
        file_pattern: Regular expression of the delivered file's whole name, ``.gz`` apart.
        delimiter: One character.
        lazy_quotes: Whether a stray quote is a character (True) or rejects the line (False).
        required: Columns that must be in the header, compared in lower case.
        optional: Columns that are read when they are there.
        wide: Prefix of the headers that each name a month (headcounts), empty for a long file.
        key_column: The typed column that identifies the entity: ``siret`` or ``siren``.
        natural_key: What identifies a fact in time; several facts with one key are added, never dropped.
        clean: From text columns to typed columns plus ``_errors`` and ``_skip``. Pure and lazy.
        known_on: Day a fact of a first delivery could be known, from the typed columns.
        delivery: ``snapshot``: an absent row is withdrawn; ``increment``: rows only add.
        money: Typed columns in euros whose sums the delivery report shows.
        emits_rejected: Whether a rejected line still gives its readable values (as the reference loader does).
    """

    name: str
    description: str
    file_pattern: str
    delimiter: str
    required: tuple[str, ...]
    key_column: str
    natural_key: tuple[str, ...]
    clean: Callable[[DataFrame], DataFrame]
    known_on: Callable[[], Column]
    optional: tuple[str, ...] = ()
    lazy_quotes: bool = False
    wide: str = ""
    delivery: Literal["snapshot", "increment"] = "snapshot"
    money: tuple[str, ...] = ()
    emits_rejected: bool = False

    def delivers(self, file_name: str) -> bool:
        """True when a file of this name belongs to the source."""
        return re.fullmatch(self.file_pattern, file_name.removesuffix(".gz")) is not None

    @property
    def key_pattern(self) -> str:
        """What a valid key looks like."""
        return "^[0-9]{14}$" if self.key_column == "siret" else "^[0-9]{9}$"
