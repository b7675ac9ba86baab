"""Type the text of records, and put each into exactly one class, with the reasons of the rejected ones.

The class of a record is decided in the reference loader's order:

    skipped    a rule of the source leaves the record out; its errors do not count
    rejected   at least one error, or an invalid key when there is no other error
    accepted   all others, unless the company is outside the perimeter: then skipped
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from sf_spark.landing.hashing import look_at_numbers, string_views
from sf_spark.landing.rules import Rules
from sf_spark.landing.source import Source

ACCEPTED, REJECTED, SKIPPED = 0, 1, 2
PLACE = ("_line", "_at", "_part")  # physical line, bytes from the start of the range, rank of the record in the line
REASON = pl.Struct({"code": pl.String, "column": pl.String, "message": pl.String})
_KEY_DIGITS = {"siret": 14, "siren": 9}
_PROVISIONAL = r"^[0-9A-Za-z]{14}\z"
_NO_REASONS = pl.Series("reasons", [], dtype=pl.List(REASON))
Reasons = Callable[[np.ndarray], pl.Series]


@dataclass(frozen=True)
class Classified:
    """The classes of the records of a block.

    Attributes:
        classes: Class of each row: accepted, rejected or skipped.
        has_valid_key: Whether the key of each row is valid.
        left_out: Whether a rule of the source leaves each row out.
        outside: Whether the perimeter leaves each row out.
        wrong: The rows that have a reason, rejected or not, in order.
        reasons: Reasons of each of them.
    """

    classes: np.ndarray
    has_valid_key: np.ndarray
    left_out: np.ndarray
    outside: np.ndarray
    wrong: np.ndarray
    reasons: pl.Series


def evaluated(text: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """``PLACE``, the typed columns, ``_wrong`` (any check fails) and ``_skip`` of text columns."""
    wrong = [check.wrong.fill_null(False) for check in rules.checks]
    return (
        text.lazy()
        .with_columns(**rules.read)
        .select(
            *PLACE,
            *(column.alias(name) for name, column in rules.columns.items()),
            (pl.any_horizontal(wrong) if wrong else pl.lit(False)).alias("_wrong"),
            (pl.lit(None, pl.String) if rules.skip is None else rules.skip).alias("_skip"),
            *([] if rules.doubtful is None else [rules.doubtful.alias("_doubtful")]),
        )
        .collect()
    )


def reasons_of(text: pl.DataFrame, rules: Rules) -> pl.Series:
    """The reasons of the checks that fail, for each record; an empty list where none does."""
    if not rules.checks:
        return pl.Series("reasons", [[]] * len(text), dtype=pl.List(REASON))
    named = [pl.when(check.wrong.fill_null(False)).then(check.reason()) for check in rules.checks]
    found = pl.concat_list(named).list.drop_nulls().cast(pl.List(REASON)).alias("reasons")
    return text.lazy().with_columns(**rules.read).select(found).collect()["reasons"]


def classified(typed: pl.DataFrame, source: Source, inside: np.ndarray | None, reasons: Reasons) -> Classified:
    """Sort typed rows into classes.

    Args:
        typed: See :func:`evaluated`.
        source: The source.
        inside: SIREN of the companies inside the perimeter, as sorted numbers; None: no perimeter.
        reasons: Gives the reasons of the checks, for some rows.
    """
    key = typed[source.key_column]
    valid = _has_valid_key(key, source)
    skipped = typed["_skip"].is_not_null().to_numpy()
    wrong = typed["_wrong"].to_numpy() | ~valid
    classes = np.where(skipped, SKIPPED, np.where(wrong, REJECTED, ACCEPTED)).astype(np.uint8)
    outside = np.zeros(len(key), np.bool_)
    if inside is not None:
        candidates = np.flatnonzero(classes == ACCEPTED)
        outside[candidates[~_is_inside(key.gather(candidates), inside)]] = True
        classes[outside] = SKIPPED
    rows = np.flatnonzero(wrong & (~skipped | bool(source.fatal_codes)))
    found = _or_bad_key(reasons(rows), key.gather(rows), valid[rows], source) if len(rows) else _NO_REASONS
    return Classified(classes, valid, skipped, outside, rows, found)


def _has_valid_key(key: pl.Series, source: Source) -> np.ndarray:
    if source.key_pattern:
        return key.str.contains(source.key_pattern).fill_null(False).to_numpy()
    views, base, buffers, kept = string_views(key.fill_null(""))
    found = look_at_numbers(views, base, buffers, _KEY_DIGITS[source.key_column]) > 0
    del kept
    return found


def _is_inside(keys: pl.Series, inside: np.ndarray) -> np.ndarray:
    numbers = keys.str.slice(0, 9).cast(pl.Int64).to_numpy()
    if len(inside) == 0:
        return np.zeros(len(numbers), np.bool_)
    return inside[np.minimum(np.searchsorted(inside, numbers), len(inside) - 1)] == numbers


def _or_bad_key(found: pl.Series, key: pl.Series, valid: np.ndarray, source: Source) -> pl.Series:
    """The reasons found; an invalid key counts only where there is no other."""
    column = source.key_column
    frame = pl.DataFrame({"found": found, "key": key, "valid": valid})
    quoted = pl.concat_str(pl.lit("'"), pl.col("key").fill_null("").str.head(80), pl.lit("' is not "))
    is_provisional = pl.lit(column == "siret") & pl.col("key").str.contains(_PROVISIONAL).fill_null(False)
    provisional = _reason("provisional_siret", column, quoted, "a final SIRET: it holds letters")
    names = {"siret": "a SIRET of 14 digits", "siren": "a SIREN of 9 digits"}
    bad = _reason("bad_key", column, quoted, names.get(column, f"a key like {source.key_pattern}"))
    alone = (pl.col("found").list.len() == 0) & ~pl.col("valid")
    key_reason = pl.concat_list(pl.when(is_provisional).then(provisional).otherwise(bad))
    return frame.select(pl.when(alone).then(key_reason).otherwise(pl.col("found")).alias("reasons"))["reasons"]


def _reason(code: str, column: str, quoted: pl.Expr, expected: str) -> pl.Expr:
    message = pl.concat_str(quoted, pl.lit(expected))
    return pl.struct(code=pl.lit(code), column=pl.lit(column), message=message)


def lines_to_gather(typed: pl.DataFrame, raw: list[str], errors: pl.Series) -> pl.DataFrame:
    """The lines of a file for :attr:`sf_spark.landing.source.Source.gather`."""
    columns = [name for name in typed.columns if not name.startswith("_")]
    texts = pl.Series("_raw", raw, dtype=pl.String)
    return pl.DataFrame([typed["_line"], texts, *(typed[name] for name in columns), errors.alias("_errors")])
