"""Read any Delta or Parquet table: its rows, their hashes, its label and its columns as numbers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.errors import SfSparkError


def read_any(spark: SparkSession, path: str) -> tuple[pa.Table, int]:
    """A Delta or Parquet table, and its version (-1 for Parquet).

    Raises:
        SfSparkError: When there is neither.
    """
    try:
        if DeltaTable.isDeltaTable(spark, path):
            version = DeltaTable.forPath(spark, path).history(1).select("version").first()["version"]  # type: ignore[index]
            return spark.read.format("delta").option("versionAsOf", version).load(path).toArrow(), int(version)
        return spark.read.parquet(path).toArrow(), -1
    except Exception as error:  # noqa: BLE001 - Spark's own types tell a missing path from a broken one by text alone
        reason = str(getattr(error, "java_exception", error)).splitlines()[0][:200]
        raise SfSparkError(f"no Delta or Parquet table at {path}: {reason}") from None


def row_hashes(table: pa.Table) -> np.ndarray:
    """A hash of what each row holds (uint64), whatever the order of the columns."""
    frame = table.select(sorted(table.column_names)).to_pandas()
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()


def content_digest(names: Sequence[str], hashes: np.ndarray) -> str:
    """An identifier of the rows of a table, whatever their order."""
    return f"{len(hashes)} {','.join(sorted(names))} {hashes.sum():016x}"


def labels_of(table: pa.Table, name: str) -> np.ndarray:
    """The label of each row, 0 or 1; NaN where it is empty (double)."""
    column = table.column(name)
    if not is_number(column.type):
        odd = sorted({str(value) for value in column.to_pylist() if value is not None})
        raise SfSparkError(f"label {name} must be 0 or 1 (or true or false), found {', '.join(odd[:3])}")
    numbers = np.array([np.nan if value is None else float(value) for value in column.to_pylist()])
    if odd_ones := sorted(set(numbers[~np.isnan(numbers)].tolist()) - {0.0, 1.0}):
        raise SfSparkError(
            f"label {name} must be 0 or 1 (or true or false), found {', '.join(f'{each:g}' for each in odd_ones[:3])}"
        )
    return numbers


def encode(table: pa.Table, names: tuple[str, ...], categories: Mapping[str, list[str]]) -> np.ndarray:
    """Rows x columns (float32): numbers as they are, categories as their rank, unknown and new ones as NaN."""
    values = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for rank, name in enumerate(names):
        column = table.column(name).combine_chunks()
        if (name in categories) != is_text(column.type):
            was = "text" if name in categories else "a number"
            raise SfSparkError(f"column {name} was {was} in the table learned from, and is {column.type} now")
        if name in categories:
            column = pc.index_in(column, value_set=pa.array(categories[name], column.type))
        with np.errstate(over="ignore"):  # beyond single precision: infinite, which models take as unknown
            values[:, rank] = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds texts, that is categories."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_number(kind: pa.DataType) -> bool:
    """Whether a column holds numbers, or true and false."""
    return (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
    )
