r"""From the text of a record to its fields, by the rules of the partners' CSV reader, as Columns.

The rules are those of Go's ``encoding/csv``, because its counts are the reference: the header fixes the
number of fields; with strict quotes a ``"`` inside an unquoted field rejects the record, with lazy quotes it is a
character; a quoted field may hold the delimiter and line ends.
Spark's own CSV reader bends such lines silently, so they are framed here and nothing is guessed. Which lines make one
record is decided before: see :mod:`sf_spark.io.records`.

    record (;)    strict                    lazy
    a;b           [a, b]                    [a, b]
    a;"b;c"       [a, b;c]                  [a, b;c]
    a;"b""c"      [a, b"c]                  [a, b"c]
    a;b"c         error bare_quote          [a, b"c]
    a;"b"c"       error extraneous_quote    [a, b"c]
    a;"b⏎c"       [a, b⏎c]                  [a, b⏎c]
    a;"b (last)   error unclosed_quote      [a, b]
"""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

_STATE = "struct<fields: array<string>, open: string, error: string>"


def frame(record: Column, delimiter: str, lazy_quotes: bool, has_quotes: bool = True) -> Column:
    """Split a record into struct<fields: array<string>, error: string>; ``error`` is a code, null when well-formed.

    Where no record of the file has a quote (``has_quotes`` is false), fields are all that stands between delimiters.
    """
    pieces = F.split(record, re.escape(delimiter), -1)
    plain = F.struct(pieces.alias("fields"), F.lit(None).cast("string").alias("error"))
    if not has_quotes:  # Spark does not compile a fold, nor what stands in one projection with it
        return plain
    return F.when(F.contains(record, F.lit('"')), _frame_quoted(pieces, delimiter, lazy_quotes)).otherwise(plain)


def _frame_quoted(pieces: Column, delimiter: str, lazy_quotes: bool) -> Column:
    """Fold the pieces between delimiters, joining those that a quoted field holds together."""
    start = F.struct(
        F.array().cast("array<string>").alias("fields"),
        F.lit(None).cast("string").alias("open"),
        F.lit(None).cast("string").alias("error"),
    ).cast(_STATE)

    def step(state: Column, piece: Column) -> Column:
        quoted_start = state.open.isNull() & piece.startswith('"')
        text = F.when(quoted_start, F.substring(piece, 2, 2_147_483_647)).otherwise(piece)
        before = F.when(state.open.isNull(), "").otherwise(F.concat(state.open, F.lit(delimiter)))
        in_quotes = quoted_start | state.open.isNotNull()
        trailing = F.length(F.regexp_extract(text, r'"*\z', 0))
        closes = in_quotes & (F.pmod(trailing, F.lit(2)) == 1)
        inner = F.when(closes, F.left(text, F.length(text) - 1)).otherwise(text)
        value = F.concat(before, F.replace(inner, F.lit('""'), F.lit('"')))
        error = F.lit(None).cast("string")
        if not lazy_quotes:
            single = F.contains(F.replace(inner, F.lit('""'), F.lit("")), F.lit('"'))
            error = F.when(~in_quotes & F.contains(piece, F.lit('"')), "bare_quote").when(
                in_quotes & single, "extraneous_quote"
            )
        ends = ~in_quotes | closes
        field = F.when(in_quotes, value).otherwise(piece)
        return F.struct(
            F.when(ends, F.array_append(state.fields, field)).otherwise(state.fields).alias("fields"),
            F.when(~ends, value).alias("open"),
            F.coalesce(state.error, error).alias("error"),
        ).cast(_STATE)

    def finish(state: Column) -> Column:
        still_open = state.open.isNotNull()
        if lazy_quotes:  # the file ends inside the field: the field ends there
            fields = F.when(still_open, F.array_append(state.fields, state.open)).otherwise(state.fields)
            return F.struct(fields.alias("fields"), state.error.alias("error"))
        unclosed = F.when(still_open, "unclosed_quote")
        return F.struct(state.fields.alias("fields"), F.coalesce(state.error, unclosed).alias("error"))

    return F.aggregate(pieces, start, step, finish)
