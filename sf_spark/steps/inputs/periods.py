"""The periods of a table of one's own, in order of time. Pure."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.errors import SfSparkError

_FIRST = 12 * 2000  # periods that are no months are numbered from here


@dataclass(frozen=True)
class Periods:
    """The period of each row as a number, in order of time, and the name of each number as the table writes it."""

    index: np.ndarray
    names: Mapping[int, str]

    @classmethod
    def of(cls, column: pa.ChunkedArray, name: str) -> "Periods":
        """The periods of a column.

            dates, texts AAAA-MM or AAAA-MM-JJ     months
            whole numbers from 1900 to 2100        years
            other numbers; texts such as T1, T12   numbered in the order of their numbers
            other texts                            refused, unless all are of one length: in alphabetical order

        Raises:
            SfSparkError: When the periods cannot be put in order.
        """
        values = column.to_pylist()
        distinct = set(values)
        if all(isinstance(value, str) for value in distinct):
            return cls._of_texts(values, distinct, name)
        if all(isinstance(value, date) for value in distinct):
            months = {value: index_of(value) for value in distinct}
            return cls._named(values, months, {month: f"{start_of(month):%Y-%m}" for month in months.values()})
        numbers = {value: float(value) for value in distinct}
        if not all(math.isfinite(number) for number in numbers.values()):
            raise SfSparkError(f"time {name} holds an infinite period")
        if all(1900 <= number <= 2100 and number % 1 == 0 for number in numbers.values()):
            years = {value: int(number) * 12 for value, number in numbers.items()}
            return cls._named(values, years, {year: str(year // 12) for year in years.values()})
        return cls._in_order(values, sorted(distinct, key=lambda value: numbers[value]))

    @classmethod
    def _of_texts(cls, values: list[str], distinct: set[str], name: str) -> "Periods":
        if all(re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])(-[0-9]{2})?", value) for value in distinct):
            months = {value: int(value[:4]) * 12 + int(value[5:7]) - 1 for value in distinct}
            return cls._named(values, months, {month: f"{start_of(month):%Y-%m}" for month in months.values()})
        parts = {value: re.fullmatch(r"(\D*)([0-9]+)(\D*)", value) for value in distinct}
        if all(parts.values()) and len({(found[1], found[3]) for found in parts.values() if found}) == 1:
            return cls._in_order(values, sorted(distinct, key=lambda value: int(re.sub(r"\D", "", value))))
        if len({len(value) for value in distinct}) == 1:
            return cls._in_order(values, sorted(distinct))
        examples = ", ".join(sorted(distinct)[:4])
        raise SfSparkError(f"time {name}: the order of {examples} is not clear; give dates AAAA-MM, years or numbers")

    @classmethod
    def _in_order(cls, values: list[Any], ordered: list[Any]) -> "Periods":
        ranks = {value: _FIRST + rank for rank, value in enumerate(ordered)}
        return cls._named(values, ranks, {rank: str(value) for value, rank in ranks.items()})

    @classmethod
    def _named(cls, values: list[Any], numbers: Mapping[Any, int], names: Mapping[int, str]) -> "Periods":
        return cls(np.array([numbers[value] for value in values], dtype=np.int64), names)
