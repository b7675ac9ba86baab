"""Shared by the files of the Sirene register: bands of headcount, quoting, nomenclatures, dates of last change.

    deliveries     establishments                                       activity of an active unit
    up to 2511     geocoded                                             62.01Z NAFRev2
    2512 - 2612    geocoded, with a column of NAF 2025                  62.01Z NAFRev2, and 62.10Y
    2701 on        INSEE's own file, with a column of NAF 2025          62.10Y NAF2025

Units that closed before 2027 keep the code that they had.
"""

from enum import IntEnum

import numpy as np

from sf_spark.demo.files.encodings import iso_table, written
from sf_spark.demo.world.arrays import IntArray, in_window
from sf_spark.demo.world.plan import DAY_ZERO, Timeline
from sf_spark.demo.world.reference import NAF_2025

CURRENT_NOMENCLATURE = "NAFRev2"
NEW_NOMENCLATURE = "NAF2025"
CHANGE_DAY = int((np.datetime64("2027-01-01", "D") - DAY_ZERO).astype(np.int64))
REGISTRATION_DAYS = 4  # from an event to its line
FOREIGN_SEQUENCE = 1  # sequence number of a head office abroad
# Lower bound of each band of headcount, and its code.
_BANDS = ((0, "00"), (1, "01"), (3, "02"), (6, "03"), (10, "11"), (20, "12"), (50, "21"), (100, "22"), (200, "31"),
          (250, "32"), (500, "41"), (1000, "42"), (2000, "51"), (5000, "52"))  # fmt: skip


class Era(IntEnum):
    """How a delivery writes activities: see the table of the module."""

    REV2 = 0
    BOTH = 1
    NEW = 2

    @classmethod
    def of(cls, timeline: Timeline, batch: int) -> "Era":
        """The era of a delivery."""
        first_both, first_new = _first_deliveries(timeline)
        return cls(int(batch >= first_both) + int(batch >= first_new))


def _first_deliveries(timeline: Timeline) -> tuple[int, int]:
    """The first delivery of December 2025 or later, and of January 2027 or later."""
    initial = timeline.first_month + timeline.initial
    return 12 * 2025 + 11 - initial, 12 * 2027 - initial


def by_era(rows: tuple[IntArray, IntArray, IntArray, IntArray], timeline: Timeline) -> tuple[IntArray, ...]:
    """Cut lines where the era changes: (row, version, first, last) to (row, version, era, first, last)."""
    row, version, start, end = rows
    first_both, first_new = _first_deliveries(timeline)
    parts = []
    for era, low, high in ((Era.REV2, 0, first_both), (Era.BOTH, first_both, first_new), (Era.NEW, first_new, None)):
        since = np.maximum(start, low)
        until = end if high is None else np.minimum(end, high)
        kept = np.flatnonzero(since < until)
        parts.append((row[kept], version[kept], np.full(len(kept), int(era)), since[kept], until[kept]))
    cut = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((cut[3], cut[0]))  # by row, then by delivery
    return tuple(column[order] for column in cut)


def activity_of(code: str, era: int, closed_day: int) -> tuple[str, str, str]:
    """The main activity of a unit, its nomenclature, and its code in NAF 2025 beside it: empty when it has closed."""
    if era == Era.NEW and closed_day >= CHANGE_DAY:
        return NAF_2025[code], NEW_NOMENCLATURE, NAF_2025[code]
    return code, CURRENT_NOMENCLATURE, NAF_2025[code] if era == Era.BOTH else ""


def band(staff: int) -> str:
    """Return the INSEE code of a band of headcount."""
    return next(code for bound, code in reversed(_BANDS) if staff >= bound)


def csv_line(columns: tuple[str, ...], values: dict[str, str]) -> str:
    """Write a line of the register: empty where nothing is given, quoted where a comma or a quote asks for it."""
    return ",".join(_quoted(values.get(column, "")) for column in columns)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def registered_on(rng: np.random.Generator, created: IntArray, timeline: Timeline) -> list[str]:
    """Return the last change of lines with these creation days: at most a year later, before the first delivery."""
    latest = np.maximum(timeline.cutoff_days[0], created + REGISTRATION_DAYS)
    return written(np.minimum(created + in_window(rng, REGISTRATION_DAYS, 400, len(created)), latest), iso_table())
