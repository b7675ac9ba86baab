"""The plan of a generation, and its calendar."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sf_spark.demo.world.arrays import IntArray
from sf_spark.errors import ConfigurationError

# Administrations deliver on the 20th: companies pay up to the 15th, a small delay is tolerated, the rest is a debt.
CUTOFF_DAY = 20
# The simulation continues after the last delivery, so that future failures show, and the last list can be judged.
FUTURE_MONTHS = 24
# Day numbers count from here, so that they index the tables of written dates.
DAY_ZERO = np.datetime64("1900-01-01", "D")

_BATCH = re.compile(r"\d{2}(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class DemoPlan:
    """Size, span and dirt of a synthetic landing zone; the same plan always gives the same bytes."""

    entreprises: int = 3000
    annees: int = 6
    seed: int = 20260120
    last_batch: str = "2610"
    monthly_deliveries: int = 3
    dirty_share: float = 0.002
    failure_rate: float = 0.05  # share of living companies that fail in a year
    # The others come from a shock that no file shows: a fraud, a fire, the death of the owner.
    announced_share: float = 0.65

    def __post_init__(self) -> None:
        _require(self.entreprises >= 1, "entreprises", self.entreprises, "at least 1 company")
        _require(1 <= self.annees <= 30, "annees", self.annees, "between 1 and 30 years")
        _require(self.seed >= 0, "seed", self.seed, "0 or a positive whole number")
        _require(bool(_BATCH.fullmatch(self.last_batch)), "last_batch", self.last_batch, "AAMM, for example 2610")
        _require(0 <= self.monthly_deliveries <= 60, "monthly_deliveries", self.monthly_deliveries, "between 0 and 60")
        _require(0 <= self.dirty_share <= 0.5, "dirty_share", self.dirty_share, "between 0 and 0.5")
        _require(0 < self.failure_rate <= 0.2, "failure_rate", self.failure_rate, "above 0 and at most 0.2 a year")
        _require(0 <= self.announced_share <= 1, "announced_share", self.announced_share, "between 0 and 1")


def _require(condition: bool, key: str, value: object, right: str) -> None:
    if not condition:
        raise ConfigurationError(f"demo plan: {key} is {value!r}; it must be {right}")


@dataclass(frozen=True)
class Timeline:
    """Months of a plan, counted from the first month of history (0), and the deliveries among them.

    The fact of a month or a day belongs to the first delivery whose cut-off comes on or after it; delivery 0 brings
    all that is older.
    """

    first_month: int  # 12 x year + month - 1 of month 0
    initial: int  # month of the first delivery
    deliveries: int

    @classmethod
    def of(cls, plan: DemoPlan) -> "Timeline":
        """Return the calendar of a plan."""
        last = 12 * (2000 + int(plan.last_batch[:2])) + int(plan.last_batch[2:]) - 1
        initial = 12 * plan.annees
        return cls(last - plan.monthly_deliveries - initial, initial, plan.monthly_deliveries + 1)

    @property
    def last(self) -> int:
        """Month of the last delivery."""
        return self.initial + self.deliveries - 1

    @property
    def months(self) -> int:
        """Number of months up to the last delivery's own."""
        return self.last + 1

    @property
    def simulated(self) -> int:
        """Number of months that companies live through, the unseen future included."""
        return self.months + FUTURE_MONTHS

    @property
    def batches(self) -> tuple[str, ...]:
        """Names of the deliveries, AAMM, oldest first."""
        return tuple(self.batch_name(month) for month in range(self.initial, self.last + 1))

    def batch_name(self, month: int) -> str:
        """Return the AAMM name of a month."""
        year, rank = self.year_and_month(month)
        return f"{year % 100:02d}{rank:02d}"

    def year_and_month(self, month: int) -> tuple[int, int]:
        """Return (year, month from 1 to 12) of a month index."""
        year, rank = divmod(self.first_month + month, 12)
        return year, rank + 1

    @property
    def register_month(self) -> int:
        """Month of the headcounts that Sirene gives: they are two years old, and do not change between deliveries."""
        return max(self.initial - 24, 0)

    def first_day(self, month: IntArray | int) -> IntArray:
        """Return the day number of the 1st of each month."""
        months = np.asarray(month, dtype=np.int64) + self.first_month - 12 * 1970
        return (months.astype("datetime64[M]").astype("datetime64[D]") - DAY_ZERO).astype(np.int64)

    def month_of_day(self, day: IntArray | int) -> IntArray:
        """Return the month index that holds each day number."""
        days = DAY_ZERO + np.asarray(day, dtype=np.int64)
        return np.asarray(days.astype("datetime64[M]").astype(np.int64) + 12 * 1970 - self.first_month, dtype=np.int64)

    @cached_property
    def cutoff_days(self) -> IntArray:
        """Day number of each delivery's 20th."""
        return self.first_day(np.arange(self.initial, self.last + 1)) + CUTOFF_DAY - 1

    def batch_of_month(self, month: IntArray) -> IntArray:
        """Return the first delivery that holds what is known at each month's cut-off; `deliveries` when none does."""
        return np.clip(month - self.initial, 0, self.deliveries)

    def batch_of_day(self, day: IntArray) -> IntArray:
        """Return the first delivery that holds what is known on each day; `deliveries` when none does."""
        return np.searchsorted(self.cutoff_days, day, side="left").astype(np.int64)
