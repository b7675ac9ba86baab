"""Cells of the wide headcount files: one column a month, one fact for each cell that holds a number."""

import numpy as np
import polars as pl
import pyarrow as pa

from sf_spark.landing.machine import jit, load8, text_of

EMPTY, UNREADABLE = -1, -2
_LARGEST = 2**31 - 1


def headcounts(cells: list[pa.Array]) -> np.ndarray:
    """The numbers of the month columns, one row a record: ``EMPTY`` for '', ``UNREADABLE`` for text without a number.

    Everything but digits is deleted first (thousands separators, but also ``-`` and ``,``: ``12,5`` is 125), as the
    reference loader does. A cell without any digit, or above any possible headcount, is no number.
    """
    numbers = np.empty((len(cells[0]), len(cells)), np.int32)
    for month, column in enumerate(cells):
        _, words, *data = column.buffers()
        views = np.frombuffer(words, np.uint64).reshape(-1, 2)[: len(column)]
        addresses = np.array([buffer.address for buffer in data], np.uint64)
        _read(views, np.uint64(words.address), addresses, numbers, month)
    return numbers


def first_unreadable(numbers: np.ndarray, cells: list[pa.Array]) -> pl.Series:
    """The text of the first unreadable cell of each record, null where there is none."""
    wrong = numbers == UNREADABLE
    rows = np.flatnonzero(wrong.any(axis=1))
    texts = pl.Series([None] * len(numbers), dtype=pl.String)
    if len(rows):
        found = [cells[month][int(row)].as_py() for row, month in zip(rows, wrong[rows].argmax(axis=1), strict=True)]
        texts = texts.scatter(rows, found)
    return texts


@jit
def _read(views, base, buffers, numbers, month):  # type: ignore[no-untyped-def]
    for row in range(len(views)):
        at, size = text_of(views, row, base, buffers)
        if size == np.uint64(0):
            numbers[row, month] = EMPTY
            continue
        value, digits = 0, 0
        for i in range(size):
            digit = np.int64(load8(at + np.uint64(i))) - 48
            if 0 <= digit <= 9:
                digits += 1
                value = min(value * 10 + digit, _LARGEST + 1)
        numbers[row, month] = value if digits and value <= _LARGEST else UNREADABLE
