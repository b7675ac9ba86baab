"""Yearly accounts: whose they are, when they are known, and what a published zero or a thousandfold amount means.

    whose         types
    of the company    C complete, S simplified, B bank, A insurance, or unknown
    of its group      K consolidated

A company has *one* series: its own accounts. Those of the group stand in only for a company of which no accounts of its
own that closed in the last 36 months are known: they speak of a group, and a gap of a year is no reason to change what
the figures mean.

    known at the cut-off                              series
    C 2019, 2021, 2022 and K 2019 to 2022             C; nothing for the months in which only K 2020 is recent
    K 2019 to 2022                                    K
    C 2015 and K 2015 to 2022                         K from 2019 on: the company's own are too old
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.domain.ratios import AMOUNTS

# Several accounts of one closing date, least wanted first: the company's own complete ones say most.
TYPES = ("K", "A", "B", "S", "C")
CONSOLIDATED = "K"
OWN_ACCOUNTS_LAST_MONTHS = 36
VALID_MONTHS = 14  # from the month in which they become known; then they have expired

# An amount in thousands where euros are asked for, or the other way: a factor of 1000 and what a year changes.
_SLIP = (500.0, 2000.0)
_USUAL = 30.0  # within this factor two amounts may be those of two years of one company


def rank_of_type(kind: Column) -> Column:
    """How much is wanted of accounts of one closing date: 1 (K) to 5 (C); 0 for another type or none."""
    return F.coalesce(F.array_position(F.lit(list(TYPES)), kind), F.lit(0))


def without_confidential_zero(amount: Column, confidentiality: Column) -> Column:
    """The amount; null for a zero that stands for what the company does not publish.

    Args:
        amount: As published.
        confidentiality: ``Public``, ``Confidentiel``, ``Partiellement confidentiel``; null: public.
    """
    hidden = F.coalesce(F.lower(confidentiality).contains("confidentiel"), F.lit(False))
    return F.when(~(hidden & F.coalesce(amount == 0, F.lit(False))), amount)


def slips(now: Column, before: Column, earlier: Column) -> dict[str, Column]:
    """Which amounts are a thousand times those of the accounts before, or a thousandth.

        turnover 2 M, 2 M, 2 000 M                           the last is a slip
        turnover 2 M, 2 000 M, 2 M                           the second is one; the third is near the first
        turnover 2 M and 2.1 M, result 50 k and 50 M         the result is a slip: it has come to exceed turnover
        turnover 2 M and 2.1 M, result 15 and 15 k           no slip: results do that

    Args:
        now: Struct of :data:`AMOUNTS`.
        before: That of the accounts before; null without any.
        earlier: That of the accounts before these.

    Returns:
        Amount to a boolean, never null: an unknown amount is no slip. Turnover is one by itself; another amount where
        turnover or a second amount slips with it, or where it alone has come to exceed turnover.
    """
    turnover, *others = AMOUNTS
    jumps = {name: _jumps(now[name], before[name], earlier[name]) for name in AMOUNTS}
    several = sum((jump.cast("int") for jump in jumps.values()), F.lit(0)) >= 2
    return {turnover: jumps[turnover]} | {
        name: jumps[name] & (several | F.coalesce(F.abs(now[name]) > now[turnover], F.lit(False))) for name in others
    }


def _jumps(now: Column, before: Column, earlier: Column) -> Column:
    """Whether an amount is far from the one before by a factor of a thousand, and not near the one before that."""
    factor, back = F.abs(F.try_divide(now, before)), F.abs(F.try_divide(now, earlier))
    least, most = _SLIP
    far = factor.between(least, most) | factor.between(1 / most, 1 / least)
    near = back.between(1 / _USUAL, _USUAL)
    return F.coalesce(far, F.lit(False)) & ~F.coalesce(near, F.lit(False))
