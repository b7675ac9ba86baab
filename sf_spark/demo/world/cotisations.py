"""Contributions due: one row an account and period, with silences, late declarations and corrections."""

from dataclasses import dataclass, replace

import numpy as np

from sf_spark.demo.world.arrays import NEVER, BoolArray, FloatArray, IntArray, in_window, pick_share
from sf_spark.demo.world.health import distress
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

QUARTERLY_SHARE = 0.55  # share of accounts of companies under 10 employees
YEARLY_SHARE = 0.02  # share of accounts of companies under 3 employees
SHORT_CODE_SHARE = 0.3  # share of accounts whose periods are written on 4 characters
COMMA_SHARE = 0.03  # share of accounts whose amounts have a decimal comma
_RATE = 0.42  # share of the gross wage, for employee and employer together
_NOISE = 0.07
_YEARLY_RAISE = 0.02
_SEASON = (1.0, 0.97, 1.0, 0.98, 1.0, 1.05, 1.02, 0.96, 0.98, 1.0, 1.02, 1.12)  # bonuses of June and December


@dataclass(frozen=True)
class Cotisations:
    """One element a contribution; amounts in cents."""

    account: IntArray
    start: IntArray  # first month of the period
    length: IntArray  # 1, 3 or 12 months
    due: IntArray
    known_month: IntArray  # NEVER when the declaration never comes
    short_code: BoolArray  # by account: periods on 4 characters
    comma: BoolArray  # by account: decimal comma

    @property
    def end(self) -> IntArray:
        """First month after the period."""
        return self.start + self.length


def draw_cotisations(rng: np.random.Generator, population: Population) -> Cotisations:
    """Draw what each account owes for each period up to the last delivery; silences are drawn apart."""
    companies, company, timeline = population.companies, population.owner, population.timeline
    monthly = _monthly_amounts(rng, companies.wage[company], population.employed, timeline)
    lengths = _period_lengths(rng, companies.taille[company])
    parts = [_rows_of_length(monthly, np.flatnonzero(lengths == length), length, timeline) for length in (1, 3, 12)]
    account, start, length, due = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((start, account))
    return Cotisations(
        account=account[order],
        start=start[order],
        length=length[order],
        due=due[order],
        known_month=(start + length)[order],  # on the 20th of the month that follows the period
        short_code=rng.random(len(company)) < SHORT_CODE_SHARE,
        comma=rng.random(len(company)) < COMMA_SHARE,
    )


def fall_silent(rng: np.random.Generator, contributions: Cotisations, population: Population) -> Cotisations:
    """Withhold or delay some declarations: mostly those of companies in distress, or about to fail."""
    fates, company, month = population.fates, population.owner[contributions.account], contributions.end - 1
    odds = 0.003 + 0.05 * distress(population.health)[company, month]
    silent_span = np.where(fates.announced & (rng.random(len(fates.announced)) < 0.3), 4, 0)
    left = fates.failure_month[company] - month
    odds = np.where((left > 0) & (left <= silent_span[company]), 0.75, odds)
    chance = rng.random(len(month))
    late = in_window(rng, 1, 5, len(month))
    delayed = np.where(chance < 0.5 * odds, NEVER, contributions.known_month + late)
    return replace(contributions, known_month=np.where(chance < odds, delayed, contributions.known_month))


def _monthly_amounts(
    rng: np.random.Generator, wage: FloatArray, headcounts: IntArray, timeline: Timeline
) -> FloatArray:
    """Return cents due a month: headcount x wage x rate, with the account's level, the season, raises and noise."""
    month = np.arange(headcounts.shape[1])
    season = np.array(_SEASON)[(timeline.first_month + month) % 12]
    raises = (1.0 + _YEARLY_RAISE) ** (month / 12.0)
    level = np.exp(rng.normal(0.0, 0.18, len(wage)))
    noise = np.exp(rng.normal(0.0, _NOISE, headcounts.shape))
    per_head = 100.0 * _RATE * (wage * level)[:, None] * season * raises * noise
    return np.where(headcounts > 0, np.maximum(headcounts, 0) * per_head, 0.0)


def _period_lengths(rng: np.random.Generator, taille: FloatArray) -> IntArray:
    lengths = np.ones(len(taille), dtype=np.int64)
    small = np.flatnonzero(taille < 10)
    lengths[small[rng.random(len(small)) < QUARTERLY_SHARE]] = 3
    lengths[pick_share(rng, np.flatnonzero(taille < 3), YEARLY_SHARE)] = 12
    return lengths


def _rows_of_length(
    monthly: FloatArray, accounts: IntArray, length: int, timeline: Timeline
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Sum months into whole calendar periods: return account, start, length, cents of those that owe something."""
    offset = -timeline.first_month % length
    count = (timeline.last - offset) // length
    grouped = monthly[accounts, offset : offset + count * length].reshape(len(accounts), count, length).sum(axis=2)
    cents = np.rint(grouped).astype(np.int64)
    owner, period = np.nonzero(cents)
    start = offset + period * length
    return accounts[owner], start, np.full(len(owner), length, dtype=np.int64), cents[owner, period]
