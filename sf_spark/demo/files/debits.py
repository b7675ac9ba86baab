"""Histories of debts: the balance of each écart négatif after each operation, and the file that lists them."""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.files.encodings import compact_table, period_codes, urssaf_table, written
from sf_spark.demo.files.lines import LineVersions, split_at
from sf_spark.demo.world import reference
from sf_spark.demo.world.arrays import NEVER, BoolArray, FloatArray, IntArray, in_window
from sf_spark.demo.world.cotisations import Cotisations
from sf_spark.demo.world.etablissements import MOVED, OWN
from sf_spark.demo.world.impayes import Items
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

# Operation codes of the file.
CLAIMED, PAID, WRITTEN_OFF, TOO_SMALL, CANCELLED, PAYMENT_UNDONE = 1, 2, 3, 5, 11, 12
_STEPS = 6  # operations after the claim, at most
_TOO_SMALL = 1_500  # cents
_REOPENED_SHARE = 0.04  # share of payments undone later (the bank rejects them)
_WRITTEN_OFF_SHARE = 0.4  # share of debts of liquidated companies that are written off
_APPEAL_SHARE = 0.03
# By pace (fast, slow, stuck): typical days between operations, and chances of paying all, of paying a part; what
# remains is cancellation. Stuck debts hardly move until the failure.
_LOG_DAYS = np.array([3.3, 4.5, 6.0])
_PAY_ALL = np.array([0.74, 0.40, 0.30])
_PAY_PART = np.array([0.21, 0.54, 0.67])


class Operations(NamedTuple):
    """One element an operation; balances after it, in cents."""

    item: IntArray
    rank: IntArray  # Num_Hist_Ecn
    day: IntArray
    employee_share: IntArray
    employer_share: IntArray
    code: IntArray


def draw_operations(
    rng: np.random.Generator, contributions: Cotisations, items: Items, population: Population
) -> Operations:
    """Draw the history of each debt.

    Nothing is paid between the opening of a proceeding and its plan, and a liquidation writes off debts late.
    """
    debtor = population.owner[contributions.account[items.row]]
    failure_day, settled_day = population.fates.failure_day[debtor], population.fates.settled_day[debtor]
    size = len(items.row)
    item, rank = np.arange(size), np.ones(size, dtype=np.int64)
    parts = [items.employee_share, items.employer_share]
    before = [np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)]
    day, finished = items.recorded_day.copy(), np.zeros(size, dtype=np.bool_)
    done = [Operations(item, rank, day, parts[0], parts[1], np.full(size, CLAIMED, dtype=np.int64))]
    for _ in range(_STEPS):
        empty = parts[0] + parts[1] == 0
        finished |= empty & ((done[-1].code != PAID) | (rng.random(size) >= _REOPENED_SHARE))
        day, frozen_forever = _next_day(rng, day, items.pace, failure_day, settled_day)
        code, kept = _next_code(rng, items.pace, parts[0] + parts[1], empty, frozen_forever)
        finished |= code == 0
        after = [
            np.where(code == PAYMENT_UNDONE, old, np.rint(part * kept).astype(np.int64))
            for part, old in zip(parts, before, strict=True)
        ]
        before, parts, rank = parts, after, rank + 1
        done.append(Operations(item, rank, np.where(finished, NEVER, day), parts[0], parts[1], code))
        finished |= code == WRITTEN_OFF
    return _delivered(done, population.timeline)


def _next_day(
    rng: np.random.Generator, day: IntArray, pace: IntArray, failure_day: IntArray, settled_day: IntArray
) -> tuple[IntArray, BoolArray]:
    delay = 4 + np.exp(rng.normal(_LOG_DAYS[pace], 0.6)).astype(np.int64)
    frozen = (day + delay >= failure_day) & (day + delay < settled_day)
    forever = frozen & (settled_day == NEVER)
    written_off = np.maximum(failure_day, day) + in_window(rng, 400, 900, len(day))
    return np.where(forever, written_off, np.where(frozen, settled_day, day) + delay), forever


def _next_code(
    rng: np.random.Generator, pace: IntArray, balance: IntArray, empty: BoolArray, frozen_forever: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Return the next operation (0 when the story stops) and the share of the balance that it leaves."""
    chance, part = rng.random(len(pace)), np.round(rng.uniform(0.15, 0.85, len(pace)), 2)
    all_paid = chance < _PAY_ALL[pace]
    partly = ~all_paid & (chance < _PAY_ALL[pace] + _PAY_PART[pace])
    code = np.where(all_paid | partly, PAID, CANCELLED)
    code[partly & (balance * part < _TOO_SMALL)] = TOO_SMALL
    given_up = rng.random(len(pace)) < _WRITTEN_OFF_SHARE
    code = np.where(frozen_forever, np.where(given_up, WRITTEN_OFF, 0), code)
    code = np.where(empty, PAYMENT_UNDONE, code)
    return code, np.where(partly & (code == PAID), part, 0.0)


def _delivered(done: list[Operations], timeline: Timeline) -> Operations:
    """Concatenate the operations of each debt, without those after the last delivery."""
    everything = Operations(*(np.concatenate(columns) for columns in zip(*done, strict=True)))
    kept = np.flatnonzero(everything.day <= timeline.cutoff_days[-1])
    order = kept[np.lexsort((everything.rank[kept], everything.item[kept]))]
    return Operations(*(column[order] for column in everything))


def debit_lines(
    rng: np.random.Generator, contributions: Cotisations, items: Items, operations: Operations, population: Population
) -> LineVersions:
    """Write each operation; those of an establishment that moves come under its new SIRET in later deliveries."""
    timeline, owner = population.timeline, contributions.account[items.row[operations.item]]
    change = timeline.batch_of_month(population.sites.moved_month[population.accounts.site[owner]])
    line, version, first, last = split_at(timeline.batch_of_day(operations.day), change, timeline.deliveries)
    prefixes, tails = _prefixes(population), _tails(rng, contributions, items, operations, population)
    owners = owner.tolist()
    versions = zip(line.tolist(), version.tolist(), strict=True)
    text = [f"{prefixes[owners[rank]][form]};{tails[rank]}" for rank, form in versions]
    money = {"Mt_PO": operations.employee_share[line], "Mt_PP": operations.employer_share[line]}
    return LineVersions(text, first, last, money)


def _tails(
    rng: np.random.Generator, contributions: Cotisations, items: Items, operations: Operations, population: Population
) -> list[str]:
    """Return the columns from Etat_cpte on."""
    row = items.row[operations.item]
    account = contributions.account[row]
    # A fifth of accounts do not write the periods of their debts as those of their contributions.
    short = (contributions.short_code ^ (rng.random(len(population.accounts)) < 0.2))[account]
    codes = period_codes(population.timeline, contributions.start[row], contributions.length[row], short)
    appeal = (rng.random(len(items.row)) < _APPEAL_SHARE)[operations.item] & (operations.code != PAID)
    columns = zip(
        _states(operations.day, account, population), codes, items.number[operations.item].tolist(),
        operations.rank.tolist(), written(operations.day, urssaf_table()), operations.employee_share.tolist(),
        operations.employer_share.tolist(), operations.code.tolist(), items.reason[operations.item].tolist(),
        appeal.astype(int).tolist(), strict=True,
    )  # fmt: skip
    return [
        f"{state};{period};{number};{rank};{day};{employee};{employer};{code};{reason};{appealed}"
        for state, period, number, rank, day, employee, employer, code, reason, appealed in columns
    ]


def _prefixes(population: Population) -> list[tuple[str, str]]:
    """Return the columns up to Dt_immat, before and after a move."""
    companies, sites, accounts = population.companies, population.sites, population.accounts
    prefixes = []
    registered = written(sites.opened_day, compact_table())
    for number, site in zip(accounts.number, accounts.site.tolist(), strict=True):
        place = reference.COMMUNES[int(sites.commune[site])]
        start = f"{place.urssaf};{place.departement};{number};{companies.siren[int(sites.company[site])]}"
        own, moved = (f"{start};{sites.siret[site][form]};{registered[site]}" for form in (OWN, MOVED))
        prefixes.append((own, moved))
    return prefixes


def _states(day: IntArray, account: IntArray, population: Population) -> list[str]:
    """Return `Etat_cpte;Cd_pro_col` as of the day of each operation, so that they reveal no future."""
    fates, company = population.fates, population.owner[account]
    account_state = np.where(day > population.sites.closed_day[population.accounts.site[account]], 3, 1)
    proceeding = np.where(day < fates.failure_day[company], 0, np.where(day < fates.settled_day[company], 1, 2))
    return [f"{state};{code}" for state, code in zip(account_state.tolist(), proceeding.tolist(), strict=True)]
