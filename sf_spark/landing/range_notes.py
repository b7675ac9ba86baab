"""What is noted of a range beside its facts: rejected records, those that say nothing, those outside the perimeter."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from sf_spark.landing.range_task import RangeOutcome, RangeTask
from sf_spark.landing.source import Source


class RangeNotes:
    """Notes of one range, block after block.

    Attributes:
        looks_for_absence: Whether all records are read, so that the absence of a fact may end it.
        ends_open: Whether the current block is the end of the file, and lacks a line end.
        longest: Bytes of the longest accepted record so far.
    """

    def __init__(self, task: RangeTask, outcome: RangeOutcome) -> None:
        self.looks_for_absence = task.reading.source.delivery == "snapshot" and (
            task.output is None or task.output.others
        )
        self.ends_open = False
        self.longest = 0
        self._outcome = outcome
        self._source = task.reading.source
        self._rejects: list[pl.DataFrame] = []
        self._silent: list[pl.DataFrame] = []
        self._left_out: list[pl.DataFrame] = []

    def reject(self, reasons: pl.DataFrame, rejected: np.ndarray | None = None) -> None:
        """Keep records with their reasons (``REJECTS``); the first fatal reason fails the file.

        Args:
            reasons: Records that have a reason.
            rejected: Which of them are rejected (others are left out by a rule); None: all.
        """
        if self._source.fatal_codes and len(reasons):
            fatal = reasons.select("_line", pl.col("reasons").list.eval(_fatal(self._source)).alias("fatal"))
            first = (
                fatal.filter(pl.col("fatal").list.len() > 0).select("_line", pl.col("fatal").list.first()).sort("_line")
            )
            if len(first):
                line, message = first.row(0)
                self._outcome.fatal = min(self._outcome.fatal or (line, message), (line, message))
        kept = reasons if rejected is None else reasons.filter(rejected)
        if len(kept):
            self._rejects.append(kept)

    def silent(self, *tables: pl.DataFrame) -> None:
        """Keep keys or texts of records that say nothing about their facts: see ``silent.py``."""
        self._silent += tables

    def left_out(self, table: pl.DataFrame) -> None:
        """Keep keys of records that the perimeter leaves out."""
        self._left_out.append(table)

    def close(self) -> None:
        """Hand everything to the outcome."""
        self._outcome.rejects = _table(self._rejects)
        self._outcome.silent = _table([pl.concat(self._silent).unique()] if self._silent else [])
        self._outcome.left_out = _table([pl.concat(self._left_out).unique()] if self._left_out else [])


def _table(parts: Sequence[pl.DataFrame]) -> pa.Table | None:
    return pl.concat(parts).to_arrow(compat_level=pl.CompatLevel.oldest()) if parts else None


def _fatal(source: Source) -> pl.Expr:
    element = pl.element().struct
    return pl.element().filter(element.field("code").is_in(source.fatal_codes)).struct.field("message")
