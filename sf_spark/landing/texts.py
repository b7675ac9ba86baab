"""Cells that stay text, flags and codes, as Polars expressions."""

from collections.abc import Mapping

import polars as pl

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_NOT_DIFFUSED = "[ND]"


def filled(text: pl.Expr) -> pl.Expr:
    """Null for an empty cell, the text as it is otherwise. Nothing is trimmed."""
    return pl.when(text != "").then(text)


def diffused(text: pl.Expr) -> pl.Expr:
    """The text as it is, an empty one too; null where the register says that it is not diffused (``[ND]``)."""
    return pl.when(text != _NOT_DIFFUSED).then(text)


def diffused_and_filled(text: pl.Expr) -> pl.Expr:
    """Null for an empty cell and for a value not diffused, the text as it is otherwise."""
    return pl.when((text != "") & (text != _NOT_DIFFUSED)).then(text)


def boolean(text: pl.Expr) -> pl.Expr:
    """Read the spellings of true and false that the reference loader accepts; anything else, empty too, gives null."""
    return pl.when(text.is_in(_TRUE)).then(True).when(text.is_in(_FALSE)).then(False)


def matching(text: pl.Expr, pattern: str) -> pl.Expr:
    r"""The text where it has a form (a regular expression between ``^`` and ``\z``), else null."""
    return pl.when(text.str.contains(pattern)).then(text)


def spelled_out(code: pl.Expr, words: Mapping[str, str]) -> pl.Expr:
    """The meaning of a code; null for an unknown one."""
    return code.replace_strict(words, default=None, return_dtype=pl.String)
