"""Records that say nothing about the facts they may have held, as tables of ``column`` and ``value``."""

import numpy as np
import polars as pl

from sf_spark.landing.scan import Scanned, raw_text
from sf_spark.landing.source import Source

# Marks in `column`: `value` is then the text of a whole record, not one cell.
# Of several lines: a stray quote may have made one record of many, whose keys stand in the text; or a cell holds a line
# end by right, and the text names its own key only.
SEVERAL_LINES = "several lines"
# May have been several records: a line end was damaged.
LOST_LINE_END = "lost line end"
_DIGITS = {"siret": 14, "siren": 9}


def noted(column: str, values: pl.Series) -> pl.DataFrame:
    """The values of a column."""
    return pl.DataFrame({"value": values}, schema={"value": pl.String}).select(pl.lit(column).alias("column"), "value")


def of_several_lines(block: bytearray, scanned: Scanned) -> list[pl.DataFrame]:
    """The texts of the well-framed records of several lines; only those before a jump in line numbers are checked."""
    following = np.append(scanned.lines[1:], scanned.line)
    jumps = np.flatnonzero(following - scanned.lines > 1)  # blank and badly framed lines make jumps too
    found = [raw_text(block, *span) for span in scanned.spans[jumps].tolist() if block.find(b"\n", *span) >= 0]
    return [noted(SEVERAL_LINES, pl.Series(found, dtype=pl.String))] if found else []


def of_damaged(texts: pl.Series, bad: np.ndarray, width: int, longest: int) -> list[pl.DataFrame]:
    """The texts of records that are not well-framed.

    One delimiter too many is a slip inside one record; several, or more text than in any other record, point to a lost
    line end.

    Args:
        texts: Texts of the records.
        bad: See :class:`sf_spark.landing.scan.Scanned`.
        width: The number of fields that the header fixes.
        longest: Bytes of the longest well-framed record; 0 where there is none to compare with.
    """
    too_wide = bad[:, 4] > min(width + 1, 2 * width - 2)
    too_long = (bad[:, 1] - bad[:, 0] > longest) & (longest > 0)
    lost = pl.Series(too_wide | too_long)
    return [noted("", texts.filter(~lost)), noted(LOST_LINE_END, texts.filter(lost))]


def of_blanked(block: bytearray, start: int, stop: int) -> list[pl.DataFrame]:
    """One text that names nobody where a block holds zero bytes: lost storage may have held any record."""
    return [noted("", pl.Series(["\0"]))] if block.find(b"\0", start, stop) >= 0 else []


def zero_key(key: pl.Series, source: Source) -> np.ndarray:
    """Which keys are all zeros: well-formed, but of no entity."""
    if source.key_pattern:
        return np.zeros(len(key), np.bool_)
    return (key == "0" * _DIGITS[source.key_column]).fill_null(False).to_numpy()
