"""Lines of a delivered file together with the deliveries that hold them.

Every delivery is a full snapshot, and most of its lines stand in the next one too: a line is written once and carries
the deliveries [first, last) that repeat it. A fact that changes is two lines, one after the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress

import numpy as np

from sf_spark.demo.world.arrays import BoolArray, IntArray


@dataclass(frozen=True)
class BatchLines:
    """The lines of one file in one delivery, for one block of companies."""

    text: list[str]
    money: dict[str, int]  # cents of each money column over the lines that a strict reader accepts
    refused: list[int]  # ranks of lines with a provisional SIRET, which a strict reader rejects
    skipped: list[int]  # ranks of spells of unknown state, which a reader leaves out


@dataclass(frozen=True)
class LineVersions:
    """The lines of one file for one block of companies, in every delivery."""

    text: list[str]
    first: IntArray  # first delivery that holds the line
    last: IntArray  # first delivery that no longer does
    money: Mapping[str, IntArray] = field(default_factory=dict)  # cents a line, by column
    refused: BoolArray | None = None
    skipped: BoolArray | None = None

    def of_batch(self, batch: int) -> BatchLines:
        """Return what one delivery holds."""
        current = (self.first <= batch) & (batch < self.last)
        good = current if self.refused is None else current & ~self.refused
        return BatchLines(
            text=list(compress(self.text, current.tolist())),
            money={column: int(cents[good].sum()) for column, cents in self.money.items()},
            refused=_ranks(self.refused, current),
            skipped=_ranks(self.skipped, current),
        )


def _ranks(flags: BoolArray | None, current: BoolArray) -> list[int]:
    return [] if flags is None else np.flatnonzero(flags[current]).tolist()


def split_at(first: IntArray, change: IntArray, deliveries: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Split facts that change: return (row, version, first, last), version 0 before the delivery `change`, 1 from it.

    A version that no delivery holds is left out.
    """
    row = np.concatenate([np.arange(len(first)), np.arange(len(first))])
    version = np.repeat(np.array([0, 1]), len(first))
    starts = np.concatenate([first, np.maximum(first, change)])
    ends = np.concatenate([np.maximum(first, np.minimum(change, deliveries)), np.full(len(first), deliveries)])
    order = np.argsort(row, kind="stable")
    kept = order[(starts < ends)[order]]
    return row[kept], version[kept], starts[kept], ends[kept]
