"""Yearly accounts as ratios: filed late or never, and confidential for many small companies."""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.files.encodings import iso_table, written
from sf_spark.demo.files.lines import LineVersions
from sf_spark.demo.world.arrays import BoolArray, FloatArray, IntArray, in_window, pick_share
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

_FILED_SHARE = 0.85  # share of accounts that are filed at all
CONFIDENTIAL_SHARE = 0.35  # share of accounts of companies below the threshold that are confidential
_CONFIDENTIAL_STAFF = 50
CONSOLIDATED_SHARE = 0.02  # share of accounts with those of a group beside them
_EARLIEST_DAYS, _LATEST_DAYS = 150, 420  # from the closing to the publication
_DECEMBER_SHARE = 0.75  # share of companies that close in December
_OTHER_CLOSINGS = np.array([3, 6, 9])
_SIMPLIFIED_STAFF = 20
_MARGIN, _MARGIN_OF_HEALTH, _MARGIN_NOISE = 0.07, 0.025, 0.05  # accounts depend on health, among much else


class _Accounts(NamedTuple):
    company: IntArray
    closing: IntArray  # day
    published: IntArray  # day
    staff: IntArray
    health: FloatArray  # mean of the year


def bilan_lines(rng: np.random.Generator, population: Population) -> LineVersions:
    """Write the published accounts; the amounts of confidential ones are left empty."""
    accounts, timeline = _draw_accounts(rng, population), population.timeline
    size = len(accounts.company)
    hidden = (rng.random(size) < CONFIDENTIAL_SHARE) & (accounts.staff < _CONFIDENTIAL_STAFF)
    kinds = np.where(accounts.staff < _SIMPLIFIED_STAFF, "S", "C").tolist()
    amounts, days = _ratios(rng, accounts, population), written(accounts.closing, iso_table())
    sirens = [population.companies.siren[rank] for rank in accounts.company.tolist()]
    lines = [
        _line(siren, day, values, kind, secret)
        for siren, day, values, kind, secret in zip(sirens, days, amounts.tolist(), kinds, hidden.tolist(), strict=True)
    ]
    groups = pick_share(rng, np.flatnonzero(~hidden), CONSOLIDATED_SHARE)
    of_groups = (amounts[groups] * rng.uniform(1.0, 2.5, (len(groups), 1))).tolist()
    lines += [_line(sirens[r], days[r], v, "K", False) for r, v in zip(groups.tolist(), of_groups, strict=True)]
    first = timeline.batch_of_day(np.concatenate([accounts.published, accounts.published[groups]]))
    return LineVersions(lines, first, np.full(len(first), timeline.deliveries))


def _draw_accounts(rng: np.random.Generator, population: Population) -> _Accounts:
    timeline, companies = population.timeline, population.companies
    staff = np.add.reduceat(np.maximum(population.employed, 0), population.first_account, axis=0)
    closing_month = np.where(
        rng.random(len(companies)) < _DECEMBER_SHARE, 12, rng.choice(_OTHER_CLOSINGS, len(companies))
    )
    company, month = np.nonzero(_closes(closing_month, timeline) & (staff > 0))
    filed = rng.random(len(company)) < _FILED_SHARE
    company, month = company[filed], month[filed]
    closing = timeline.first_day(month + 1) - 1
    published = closing + in_window(rng, _EARLIEST_DAYS, _LATEST_DAYS, len(company))
    so_far = np.cumsum(population.health, axis=1)
    start = np.maximum(month - 12, 0)
    health = (so_far[company, month] - so_far[company, start]) / np.maximum(month - start, 1)
    return _Accounts(company, closing, published, staff[company, month], health)


def _closes(closing_month: IntArray, timeline: Timeline) -> BoolArray:
    """[company, month]: whether a financial year ends with the month."""
    rank = np.array([timeline.year_and_month(month)[1] for month in range(timeline.months)])
    return np.asarray(rank[None, :] == closing_month[:, None])


def _ratios(rng: np.random.Generator, accounts: _Accounts, population: Population) -> FloatArray:
    """[account, ratio], in the order of the layout: EUR, percent and days."""
    size = len(accounts.company)
    turnover = 12 * accounts.staff * population.companies.wage[accounts.company] * rng.lognormal(1.2, 0.35, size)
    margin = _MARGIN + _MARGIN_OF_HEALTH * accounts.health + rng.normal(0.0, _MARGIN_NOISE, size)
    gross = turnover * rng.uniform(0.3, 0.75, size)
    operating = margin - rng.uniform(0.005, 0.04, size)
    interest = rng.uniform(0.001, 0.015, size)
    cash_flow = 0.8 * margin - interest
    equity = np.clip(32 + 9 * accounts.health + rng.normal(0.0, 16.0, size), -60, 95)
    debt = np.clip(120 - 25 * accounts.health + rng.normal(0.0, 70.0, size), 0, 900)
    working_capital = rng.normal(12.0, 14.0, size)
    columns = [
        turnover, gross, margin * turnover, operating * turnover, (operating - interest) * turnover * 0.8,
        debt, np.clip(150 + 12 * accounts.health + rng.normal(0.0, 60.0, size), 5, 900), rng.uniform(5, 95, size),
        equity, working_capital, operating / interest, 100 * cash_flow, np.clip(rng.normal(2.5, 2.0, size), 0, 40),
        100 * margin, 100 * (operating - interest), 3.6 * working_capital, rng.uniform(0, 120, size),
        rng.uniform(5, 110, size), np.clip(52 - 3 * accounts.health + rng.normal(0.0, 20.0, size), 1, 300),
    ]  # fmt: skip
    return np.asarray(np.round(np.stack(columns, axis=1), 3), dtype=np.float64)


def _line(siren: str, closing: str, values: list[float], kind: str, hidden: bool) -> str:
    if hidden:
        cells, access = [""] * len(values), "Confidentiel"
    else:
        cells, access = [f"{value:.0f}" if rank < 5 else f"{value:.3f}" for rank, value in enumerate(values)], "Public"
    return ";".join([siren, closing, *cells, kind, access])
