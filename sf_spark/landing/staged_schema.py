"""The columns of a staged table, as its source gives them: known without any file."""

from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa

from sf_spark.landing.facts import Stamp, facts_of, facts_of_months, record_of, staged_rows
from sf_spark.landing.source import Source
from sf_spark.landing.typed import evaluated, lines_to_gather, reasons_of


def staged_schema(source: Source, partition: str) -> pa.Schema:
    """The columns of a staged table, the partition column last."""
    text = pl.DataFrame(schema=dict.fromkeys(source.columns_read, pl.String))
    place = {"_line": pl.Int64, "_at": pl.UInt32, "_part": pl.UInt16}
    typed = evaluated(text.with_columns(pl.lit(0, dtype).alias(name) for name, dtype in place.items()), source.clean())
    nothing = np.empty(0, np.uint64)
    if source.gather is not None:
        typed = source.gather(lines_to_gather(typed, [], reasons_of(text, source.clean())), date.min, date.max)
        typed = typed.drop("_raw", "_errors").with_columns(_at=pl.lit(0), _part=pl.lit(0)).clear()
    rows = typed.drop("_wrong", "_skip", "_doubtful", strict=False)
    if source.wide:
        facts = facts_of_months(rows, np.empty(0, record_of(0)), np.empty(0, np.int32))
    else:
        facts = facts_of(rows, nothing, 0, source)
    stamp = Stamp("", date(2000, 1, 1), by_rule=False)
    rows = staged_rows(facts, np.empty(0, np.int64), np.empty(0, np.int32), source, stamp)
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest()) if isinstance(rows, pl.DataFrame) else rows
    fields = [pa.field(field.name, _plain(field.type)) for field in table.schema]
    behind = [field.name for field in fields].index("_file")
    return pa.schema([*fields[:behind], pa.field(partition, pa.string()), *fields[behind:]])


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of a column, however Arrow lays it out."""
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return pa.string()
    return kind
