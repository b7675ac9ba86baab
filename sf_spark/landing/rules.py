"""What a source's ``clean`` returns: how the text of a record becomes typed columns, and what rejects the record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

_QUOTED_CHARACTERS = 80


@dataclass(frozen=True)
class Check:
    """A reason to reject a record; its message quotes the text and says what was expected.

    Attributes:
        wrong: True where the record is rejected; null counts as false. May read text columns and ``Rules.read``.
        code: Code of the reason, as ``quarantine`` shows it.
        column: Column of the file, as ``clean`` names it.
        text: Text that the message quotes.
        expected: What was expected, in words.
    """

    wrong: pl.Expr
    code: str
    column: str
    text: pl.Expr
    expected: str

    def message(self) -> pl.Expr:
        """The message: ``'<text>' is not <expected>``."""
        quoted = self.text.fill_null("").str.head(_QUOTED_CHARACTERS)
        return pl.concat_str(pl.lit("'"), quoted, pl.lit(f"' is not {self.expected}"))

    def reason(self) -> pl.Expr:
        """The reason as ``quarantine`` shows it: struct of code, column and message."""
        return pl.struct(
            pl.lit(self.code).alias("code"), pl.lit(self.column).alias("column"), self.message().alias("message")
        )


@dataclass(frozen=True)
class Rules:
    """How a source types its records. All expressions see the text columns, '' where a cell is empty or not delivered.

    Attributes:
        columns: The typed columns in the order of the staged table; they see the values of ``read`` too.
        checks: In the order in which a record's reasons are listed.
        read: Values that several columns and checks need, evaluated once; names start with ``_``.
        skip: Name of the rule that leaves the record out; null keeps it.
        doubtful: True where an accepted record may be a damaged one: it ends nothing that its entity has.
    """

    columns: Mapping[str, pl.Expr]
    checks: tuple[Check, ...] = ()
    read: Mapping[str, pl.Expr] = field(default_factory=dict)
    skip: pl.Expr | None = None
    doubtful: pl.Expr | None = None


def unreadable(text: str, value: pl.Expr, code: str, expected: str, required: bool = False, column: str = "") -> Check:
    """The reason to reject a record whose cell could not be read; an empty cell is one too when it is required.

    Args:
        text: Name of the text column.
        value: What was read from it, null where it could not be read.
        code: Code of the reason.
        expected: What was expected, in words.
        required: Whether an empty cell is wrong.
        column: Name that the reason shows, where it is not that of the text column.
    """
    wrong = value.is_null() if required else value.is_null() & (pl.col(text) != "")
    return Check(wrong, code, column or text, pl.col(text), expected)


def unprintable(text: str) -> Check:
    """The reason to reject a record whose identifying number holds control characters, a sign of damage.

    Args:
        text: Name of the text column.
    """
    wrong = pl.col(text).str.contains(r"[\x00-\x1F\x7F\x{A0}\x{200B}\x{FEFF}]")
    return Check(wrong, "unprintable", text, pl.col(text), "free of characters that do not show")
