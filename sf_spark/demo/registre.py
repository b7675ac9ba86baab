"""What both files of the Sirene register share: bands of headcount, quoting, and when lines were last touched."""

import numpy as np

from sf_spark.demo.arrays import IntArray, in_window
from sf_spark.demo.encodings import iso_table, written
from sf_spark.demo.plan import Timeline

CURRENT_NOMENCLATURE = "NAFRev2"
REGISTRATION_DAYS = 4  # from an event to its line
FOREIGN_SEQUENCE = 1  # sequence number of a head office abroad
# Lower bound of each band of headcount, and its code.
_BANDS = ((0, "00"), (1, "01"), (3, "02"), (6, "03"), (10, "11"), (20, "12"), (50, "21"), (100, "22"), (200, "31"),
          (250, "32"), (500, "41"), (1000, "42"), (2000, "51"), (5000, "52"))  # fmt: skip


def band(staff: int) -> str:
    """Return the INSEE code of a band of headcount."""
    return next(code for bound, code in reversed(_BANDS) if staff >= bound)


def csv_line(columns: tuple[str, ...], values: dict[str, str]) -> str:
    """Write a line of the register: empty where nothing is given, quoted where a comma or a quote asks for it."""
    return ",".join(_quoted(values.get(column, "")) for column in columns)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def registered_on(rng: np.random.Generator, created: IntArray, timeline: Timeline) -> list[str]:
    """Return when lines of these creation days were last touched: at most a year later, before the first delivery."""
    latest = np.maximum(timeline.cutoff_days[0], created + REGISTRATION_DAYS)
    return written(np.minimum(created + in_window(rng, REGISTRATION_DAYS, 400, len(created)), latest), iso_table())
