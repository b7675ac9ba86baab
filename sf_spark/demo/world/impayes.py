"""Unpaid contributions, by company, and the resulting debts (écarts négatifs)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sf_spark.demo.world.arrays import NEVER, BoolArray, FloatArray, IntArray, in_window
from sf_spark.demo.world.cotisations import Cotisations
from sf_spark.demo.world.etablissements import Etablissements
from sf_spark.demo.world.fates import Fates
from sf_spark.demo.world.health import distress
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

# Only a share of announced failures show debts that started 3 to 15 months before.
TELLING_SHARE = 0.75
_SHORTEST_LEAD, _LONGEST_LEAD = 3, 15
# A healthy company may also forget to pay, and pay later: half of the debtors are not in distress.
_FORGETTING, _STRUGGLING = 0.004, 0.045
_ONE_MORE_MONTH = 0.55
SIBLING_SHARE = 0.05  # share of debts with a second écart négatif on the same period
CONTROL_SHARE = 0.0006  # share of contributions on which a later control claims more
_SMALLEST = 2_000  # cents: nothing smaller is claimed
# Reasons drawn for an ordinary debt: late, absent or insufficient payment, rejected by the bank.
_ORDINARY_REASONS = np.array([1, 2, 24, 25, 8, 9, 13])
_SIBLING_REASONS = np.array([6, 9, 27, 11])
_CONTROL_REASON, _NOT_DECLARED_REASON = 5, 3
FAST, SLOW, STUCK = 0, 1, 2  # how a debt is repaid


class Items(NamedTuple):
    """One element a debt: the contribution it is about, its number in the period, its first amounts in cents."""

    row: IntArray
    number: IntArray  # Num_Ecn
    employee_share: IntArray
    employer_share: IntArray
    recorded_day: IntArray
    reason: IntArray
    pace: IntArray


@dataclass(frozen=True)
class Impayes:
    """What a block of companies left unpaid."""

    share: FloatArray  # [company, month]: share of the contributions of the month left unpaid
    by_row: IntArray  # cents left unpaid of each contribution
    items: Items


def draw_impayes(rng: np.random.Generator, contributions: Cotisations, population: Population) -> Impayes:
    """Draw the months that companies leave unpaid, and the debts of their accounts."""
    share, lasting = _unpaid_months(rng, population)
    # The first account of the head office always bears the debt, the others sometimes.
    prone = rng.random(len(population.accounts)) < 0.4
    prone[population.first_account] = True
    owner, month = population.owner[contributions.account], contributions.end - 1
    left = np.rint(contributions.due * share[owner, month] * prone[contributions.account]).astype(np.int64)
    left[left < _SMALLEST] = 0
    distressed = rng.random(len(left)) < 0.05 + 0.8 * distress(population.health)[owner, month]
    pace = np.where(lasting[owner, month], STUCK, np.where(distressed, SLOW, FAST))
    items = _items(rng, contributions, left, pace, population.timeline)
    return Impayes(share, left, items)


def _unpaid_months(rng: np.random.Generator, population: Population) -> tuple[FloatArray, BoolArray]:
    """Return the share left unpaid of each company and month, and where the debt will last."""
    health = population.health[:, : population.timeline.months]
    lasting = _telling_months(rng, population.fates, health.shape) | _before_late_moves(population.sites, health.shape)
    unpaid = _episodes(rng, health) | lasting
    return np.where(unpaid, np.round(rng.uniform(0.25, 1.0, health.shape), 2), 0.0), lasting


def _episodes(rng: np.random.Generator, health: FloatArray) -> BoolArray:
    """Episodes of unpaid months, more frequent and longer in distress; most of them end well."""
    distressed, chance = distress(health), rng.random(health.shape)
    unpaid = np.zeros(health.shape, dtype=np.bool_)
    current = np.zeros(len(health), dtype=np.bool_)
    for month in range(health.shape[1]):
        worse = distressed[:, month]
        odds = np.where(current, _ONE_MORE_MONTH + 0.3 * worse, _FORGETTING + _STRUGGLING * worse)
        current = chance[:, month] < odds
        unpaid[:, month] = current
    return unpaid


def _telling_months(rng: np.random.Generator, fates: Fates, shape: tuple[int, int]) -> BoolArray:
    telling = fates.announced & (rng.random(shape[0]) < TELLING_SHARE)
    # The longer of two draws: trouble is seen early rather than late.
    draws = [in_window(rng, _SHORTEST_LEAD, _LONGEST_LEAD, shape[0]) for _ in range(2)]
    lead = np.maximum(draws[0], draws[1])
    left = fates.failure_month[:, None] - np.arange(shape[1])
    return telling[:, None] & (left > 0) & (left <= lead[:, None]) & (rng.random(shape) < 0.85)


def _before_late_moves(sites: Etablissements, shape: tuple[int, int]) -> BoolArray:
    """Head offices that move between two deliveries leave a debt behind, for it must be seen to change SIRET."""
    moved = np.full(shape[0], NEVER, dtype=np.int64)
    moved[sites.company[sites.head]] = sites.moved_month[sites.head]
    left = moved[:, None] - np.arange(shape[1])
    lately = moved > shape[1] - 12
    return lately[:, None] & (left >= 5) & (left <= 9)


def _items(
    rng: np.random.Generator, contributions: Cotisations, left: IntArray, pace: IntArray, timeline: Timeline
) -> Items:
    owed = np.flatnonzero(left)
    due_day = timeline.first_day(contributions.end) + 14  # contributions are payable on the 15th
    undeclared = contributions.known_month[owed] > contributions.end[owed]
    reason = np.where(undeclared, _NOT_DECLARED_REASON, rng.choice(_ORDINARY_REASONS, len(owed)))
    recorded = due_day[owed] + in_window(rng, 3, 40, len(owed)) + 30 * undeclared
    number = 101 + 100 * in_window(rng, 0, 1, len(owed)) * (rng.random(len(owed)) < 0.1)
    ordinary = _item(rng, owed, number, left[owed], recorded, reason, pace[owed])

    again = np.flatnonzero(rng.random(len(owed)) < SIBLING_SHARE)
    amount = np.rint(left[owed[again]] * rng.uniform(0.1, 0.5, len(again))).astype(np.int64)
    later = recorded[again] + in_window(rng, 15, 120, len(again))
    sibling_reason = rng.choice(_SIBLING_REASONS, len(again))
    sibling = _item(rng, owed[again], number[again] + 1, amount, later, sibling_reason, pace[owed[again]])

    found = np.flatnonzero(rng.random(len(left)) < CONTROL_SHARE)
    amount = np.rint(contributions.due[found] * rng.uniform(0.3, 2.0, len(found))).astype(np.int64)
    later = due_day[found] + in_window(rng, 120, 500, len(found))
    reasons = np.full(len(found), _CONTROL_REASON)
    control = _item(rng, found, np.full(len(found), 301), amount, later, reasons, pace[found])
    return Items(*(np.concatenate(columns) for columns in zip(ordinary, sibling, control, strict=True)))


def _item(
    rng: np.random.Generator,
    row: IntArray,
    number: IntArray,
    amount: IntArray,
    recorded_day: IntArray,
    reason: IntArray,
    pace: IntArray,
) -> Items:
    employee = np.rint(amount * rng.uniform(0.2, 0.33, len(row))).astype(np.int64)
    return Items(row, number, employee, amount - employee, recorded_day, reason, pace)
