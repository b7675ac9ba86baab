"""Read each distinct value of a column once."""

from collections.abc import Callable

import polars as pl

_OLDEST = pl.CompatLevel.oldest()  # Arrow can dictionary-encode large strings, but not string views


def on_distinct(
    values: pl.Expr, read: Callable[[pl.Series], pl.Series], dtype: pl.DataType | type[pl.DataType]
) -> pl.Expr:
    """Apply ``read`` to the distinct values only, and put the results back in place. Null stays null, and is not read.

    A file of millions of lines has a few thousand dates and a few hundred periods: ``read`` may be plain Python.

    Args:
        values: Texts or dates.
        read: From the distinct values to what they mean, in the same order.
        dtype: Type of the result.
    """

    def gathered(series: pl.Series) -> pl.Series:
        # Twice as fast as unique and replace_strict, which hash each value twice.
        encoded = series.to_arrow(compat_level=_OLDEST).dictionary_encode()
        distinct, ranks = pl.from_arrow(encoded.dictionary), pl.from_arrow(encoded.indices)
        assert isinstance(distinct, pl.Series) and isinstance(ranks, pl.Series)
        return read(distinct).gather(ranks).alias(series.name)

    return values.map_batches(gathered, return_dtype=dtype, is_elementwise=True)
