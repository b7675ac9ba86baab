"""Yearly accounts: whose they are, when they are known, and the meaning of a published zero or a thousandfold amount.

    whose         types
    of the company    C complete, S simplified, B bank, A insurance, or unknown
    of its group      K consolidated

A company has *one* series: its own accounts. The accounts of its group replace them only if no accounts of its own that
closed in the last 36 months are known: they describe a group, and a gap of one year does not justify a change of
meaning.

    known at the cut-off                              series
    C 2019, 2021, 2022 and K 2019 to 2022             C; nothing for the months in which only K 2020 is recent
    K 2019 to 2022                                    K
    C 2015 and K 2015 to 2022                         K from 2019 on: the company's own are too old
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.domain.ratios import AMOUNTS

# Types of account in rising order of preference, for one closing date: the company's own complete accounts come last.
TYPES = ("K", "A", "B", "S", "C")
CONSOLIDATED = "K"
OWN_ACCOUNTS_LAST_MONTHS = 36
VALID_MONTHS = 14  # from the month in which they become known

# Thousands instead of euros, or the reverse: a factor of 1000, give or take a year's change.
_SLIP = (500.0, 2000.0)
_USUAL = 30.0  # amounts of two years of one company differ by less than this factor


def rank_of_type(kind: Column) -> Column:
    """The preference of a type among accounts of one closing date: 1 (K) to 5 (C); 0 for another type or none."""
    return F.coalesce(F.array_position(F.lit(list(TYPES)), kind), F.lit(0))


def without_confidential_zero(amount: Column, confidentiality: Column) -> Column:
    """The amount; null for a zero that stands for an unpublished amount.

    Args:
        amount: As published.
        confidentiality: ``Public``, ``Confidentiel``, ``Partiellement confidentiel``; null: public.
    """
    hidden = F.coalesce(F.lower(confidentiality).contains("confidentiel"), F.lit(False))
    return F.when(~(hidden & F.coalesce(amount == 0, F.lit(False))), amount)


def slips(now: Column, before: Column, earlier: Column) -> dict[str, Column]:
    """Find amounts that are a thousand times, or a thousandth of, those of the accounts before.

        turnover 2 M, 2 M, 2 000 M                           the last is a slip
        turnover 2 M, 2 000 M, 2 M                           the second is a slip; the third is near the first
        turnover 2 M and 2.1 M, result 50 k and 50 M         the result is a slip: it now exceeds turnover
        turnover 2 M and 2.1 M, result 15 and 15 k           no slip: results vary that much

    Args:
        now: Struct of :data:`AMOUNTS`.
        before: The same, of the accounts before; null without any.
        earlier: The same, of the accounts before these.

    Returns:
        Amount to a boolean, never null: an unknown amount is not a slip. Turnover can slip alone; another amount slips
        if turnover or a second amount jumps too, or if it now exceeds turnover.
    """
    turnover, *others = AMOUNTS
    jumps = {name: _jumps(now[name], before[name], earlier[name]) for name in AMOUNTS}
    several = sum((jump.cast("int") for jump in jumps.values()), F.lit(0)) >= 2
    return {turnover: jumps[turnover]} | {
        name: jumps[name] & (several | F.coalesce(F.abs(now[name]) > now[turnover], F.lit(False))) for name in others
    }


def _jumps(now: Column, before: Column, earlier: Column) -> Column:
    """Whether an amount is about a thousand times, or a thousandth of, the one before, and not near the earlier one."""
    factor, back = F.abs(F.try_divide(now, before)), F.abs(F.try_divide(now, earlier))
    least, most = _SLIP
    far = factor.between(least, most) | factor.between(1 / most, 1 / least)
    near = back.between(1 / _USUAL, _USUAL)
    return F.coalesce(far, F.lit(False)) & ~F.coalesce(near, F.lit(False))
