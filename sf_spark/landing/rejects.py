"""Badly framed records: the reasons, and their text as kept in quarantine."""

import numpy as np
import polars as pl

from sf_spark.landing.scan import BARE, COUNT, CUT, ENCODING, EXTRANEOUS, UNCLOSED, raw_text
from sf_spark.landing.typed import REASON

REJECTS = pl.Schema([("_line", pl.Int64()), ("raw", pl.String()), ("reasons", pl.List(REASON))])
_QUOTES = {
    BARE: ("bare_quote", "a quote inside an unquoted field"),
    EXTRANEOUS: ("extraneous_quote", "a stray quote inside a quoted field"),
    UNCLOSED: ("unclosed_quote", "a quoted field that does not end"),
}


def badly_framed(block: bytearray, bad: np.ndarray, width: int) -> pl.DataFrame:
    """The records that are not well-framed, with their reasons.

    Args:
        block: The bytes that were scanned.
        bad: See :class:`sf_spark.landing.scan.Scanned`.
        width: The number of fields that the header fixes.
    """
    kinds, kind = np.unique(bad[:, 3:], axis=0, return_inverse=True)
    reasons = pl.Series([_reasons(bits, fields, width) for bits, fields in kinds.tolist()], dtype=pl.List(REASON))
    raw = [raw_text(block, start, end) for start, end in bad[:, :2].tolist()]
    return pl.DataFrame({"_line": bad[:, 2], "raw": raw, "reasons": reasons.gather(kind.reshape(-1))}, schema=REJECTS)


def _reasons(bits: int, fields: int, width: int) -> list[dict[str, str]]:
    found = [("encoding", "'the line' is not UTF-8")] if bits & ENCODING else []
    found += [("cut_line", "'the line' has no end, as those of the delivery before had")] if bits & CUT else []
    found += [_QUOTES[bit] for bit in _QUOTES if bits & bit]
    if bits & COUNT:
        found.append(("field_count", f"'{fields} fields' is not the {width} of the header"))
    return [{"code": code, "column": "", "message": message} for code, message in found]
