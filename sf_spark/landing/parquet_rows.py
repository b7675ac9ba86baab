"""The rows of a Parquet file, as text of a delimited file."""

from collections.abc import Sequence

import polars as pl
import pyarrow as pa


def plain_columns(table: pa.Table, read: Sequence[str]) -> pa.Table:
    """A table whose columns can all be written as text: columns that nobody reads may be bytes, lists or structs.

    Args:
        table: Rows of the file.
        read: The columns that are read; they stay as they are.
    """
    for place, column in enumerate(table.schema):
        kind = column.type
        is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
        if column.name not in read and (is_bytes or pa.types.is_nested(kind)):
            as_text = [None if value is None else str(value) for value in table.column(place).to_pylist()]
            table = table.set_column(place, column.name, pa.array(as_text, pa.string()))
    return table


def as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as a delimited file would show it: '' for nothing, dates AAAA-MM-JJ, true or false."""
    column = pl.col(name)
    if dtype == pl.Datetime:
        column = column.dt.date()
    return column.cast(pl.String).fill_null("")


def raw_rows(frame: pl.DataFrame, delimiter: str) -> pl.Series:
    """The text of each row, all columns in the order of the file; a cell with a delimiter or a quote is quoted."""
    cells = [pl.col(name) for name in frame.columns]
    special = [cell.str.contains_any([delimiter, '"', "\n", "\r"]) for cell in cells]
    quoted = [pl.concat_str(pl.lit('"'), cell.str.replace_all('"', '""', literal=True), pl.lit('"')) for cell in cells]
    texts = [
        pl.when(is_special).then(in_quotes).otherwise(cell)
        for is_special, in_quotes, cell in zip(special, quoted, cells, strict=True)
    ]
    return frame.select(pl.concat_str(texts, separator=delimiter).alias("raw"))["raw"]
