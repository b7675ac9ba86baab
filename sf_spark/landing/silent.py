"""Records that say nothing about the facts they may have held, as tables of ``column`` and ``value``."""

import numpy as np
import polars as pl

from sf_spark.landing.scan import BARE, EXTRANEOUS, UNCLOSED, Scanned, raw_text
from sf_spark.landing.source import Source

# Mark in `column`: `value` is then the text of a whole record, not one cell. A stray quote may have merged many lines,
# whose keys are in the text; or a cell rightly holds a line end, and the text names its own key only.
SEVERAL_LINES = "several lines"
_NOBODY = "\0"  # a text without any key: every absent fact is held back
_FEW_FIELDS = 3  # two merged lines of two fields have one delimiter too many
_FAR_LONGER = 1.2  # two lines are twice as long as one, less what was lost between them; a slip adds a few characters
_DIGITS = {"siret": 14, "siren": 9}


def noted(column: str, values: pl.Series) -> pl.DataFrame:
    """The values of a column."""
    return pl.DataFrame({"value": values}, schema={"value": pl.String}).select(pl.lit(column).alias("column"), "value")


def of_nobody() -> pl.DataFrame:
    """A record was lost, and its key is unknown."""
    return noted("", pl.Series([_NOBODY]))


def of_several_lines(block: bytearray, scanned: Scanned, delimiter: str) -> list[pl.DataFrame]:
    """The texts of the well-framed records of several lines; only those before a jump in line numbers are checked.

    If a line inside one begins with a quote, or it has too many delimiters, a lost quote has merged lines, and a key
    may be lost with it.
    """
    following = np.append(scanned.lines[1:], scanned.line)
    jumps = np.flatnonzero(following - scanned.lines > 1)  # blank and badly framed lines make jumps too
    found = [raw_text(block, *span) for span in scanned.spans[jumps].tolist() if block.find(b"\n", *span) >= 0]
    if not found:
        return []
    swallowed = any('\n"' in text or text.count(delimiter) > scanned.fields - 1 for text in found)
    return [noted(SEVERAL_LINES, pl.Series(found, dtype=pl.String)), *([of_nobody()] if swallowed else [])]


def of_damaged(texts: pl.Series, bad: np.ndarray, width: int, longest: int) -> list[pl.DataFrame]:
    """The texts of records that are not well-framed.

    One field too many or too few is a slip inside a record, which every month has. Any other number of fields, or far
    more text than in any other record, may come from a lost line end; the number of records is then unknown.

    Args:
        texts: Texts of the records.
        bad: See :class:`sf_spark.landing.scan.Scanned`.
        width: The number of fields that the header fixes.
        longest: Bytes of the longest well-framed record; 0 where there is none to compare with.
    """
    quoted = bad[:, 3] & (BARE | EXTRANEOUS | UNCLOSED) != 0  # not all of its fields were counted
    off = np.abs(bad[:, 4] - width)
    miscounted = ~quoted & ((off > 1) | ((off > 0) & (width < _FEW_FIELDS)))
    too_long = is_too_long(bad[:, 1] - bad[:, 0], longest)
    # An open quote, before a line that begins with its own.
    swallowed = texts.str.contains('\n"', literal=True).any()
    return [noted("", texts), *([of_nobody()] if (miscounted | too_long).any() or swallowed else [])]


def is_too_long(sizes: np.ndarray, longest: int) -> np.ndarray:
    """Whether records are far longer than the longest good one; false where there is none to compare with."""
    return (sizes > _FAR_LONGER * longest) & (longest > 0)


def of_gaps(block: bytearray, scanned: Scanned, start: int) -> list[pl.DataFrame]:
    """Records that may have been in blank lines or zero bytes."""
    text = np.frombuffer(block, np.uint8)
    spans = np.concatenate([scanned.spans, scanned.bad[:, :2]])
    spans = spans[np.argsort(spans[:, 0])]
    ends, gaps = spans[:-1, 1], spans[1:, 0] - spans[:-1, 1]
    is_blank = (gaps > len("\r\n")) | ((gaps == len("\r\n")) & (text[ends] == ord("\n")))
    is_zeroed = block.find(b"\0", start, scanned.next) >= 0
    return [of_nobody()] if is_zeroed or is_blank.any() else []


def zero_key(key: pl.Series, source: Source) -> np.ndarray:
    """Which keys are all zeros: well-formed, but of no entity."""
    if source.key_pattern:
        return np.zeros(len(key), np.bool_)
    return (key == "0" * _DIGITS[source.key_column]).fill_null(False).to_numpy()
