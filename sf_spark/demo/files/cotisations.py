"""The file of contributions due: corrections, second rows, and the several ways of writing a period or an amount."""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.files.encodings import euros, period_codes
from sf_spark.demo.files.lines import LineVersions, split_at
from sf_spark.demo.world import reference
from sf_spark.demo.world.arrays import IntArray, in_window, pick_share
from sf_spark.demo.world.cotisations import Cotisations
from sf_spark.demo.world.etablissements import PROVISIONAL
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

CORRECTED_SHARE = 0.02  # share of rows whose amount changes in a later delivery
SECOND_ROW_SHARE = 0.012  # share of rows completed by a second row of the same period


def cotisation_lines(
    rng: np.random.Generator, contributions: Cotisations, unpaid: IntArray, population: Population
) -> LineVersions:
    """Write each contribution, its correction as a changed line, and its second row where there is one."""
    declared = np.flatnonzero(contributions.known_month <= population.timeline.last)
    corrected = _corrected_rows(rng, contributions, unpaid, declared, population.timeline)
    second = _second_rows(rng, contributions, declared, population.timeline)
    both = _Amounts(*(np.concatenate(columns) for columns in zip(corrected, second, strict=True)))
    visible = both.first < both.last
    order = np.argsort(both.row, kind="stable")
    return _write(contributions, _Amounts(*(column[order[visible[order]]] for column in both)), population)


class _Amounts(NamedTuple):
    """Lines to write: the contribution they are about, the deliveries that hold them, and their amounts in cents."""

    row: IntArray
    first: IntArray
    last: IntArray
    due: IntArray
    direct: IntArray
    collected: IntArray


def _corrected_rows(
    rng: np.random.Generator, contributions: Cotisations, unpaid: IntArray, declared: IntArray, timeline: Timeline
) -> _Amounts:
    """Return every contribution; those corrected after their publication have another amount from some delivery on."""
    size, known = len(contributions.due), contributions.known_month
    corrected = pick_share(rng, declared, CORRECTED_SHARE)
    change = np.full(size, timeline.deliveries, dtype=np.int64)
    change[corrected] = timeline.batch_of_month(_later(rng, known[corrected], timeline))
    row, version, first, last = split_at(timeline.batch_of_month(known), change, timeline.deliveries)
    factor = np.where(rng.random(size) < 0.1, -0.2, rng.uniform(0.6, 1.35, size))  # negative amounts are legal
    changed = np.rint(contributions.due * factor).astype(np.int64)
    due = np.where(version == 1, changed[row], contributions.due[row])
    return _Amounts(row, first, last, due, (contributions.due - unpaid)[row], unpaid[row])


def _second_rows(
    rng: np.random.Generator, contributions: Cotisations, declared: IntArray, timeline: Timeline
) -> _Amounts:
    """Return the second rows of some periods: readers add them to the first."""
    row = pick_share(rng, declared, SECOND_ROW_SHARE)
    first = timeline.batch_of_month(_later(rng, contributions.known_month[row], timeline))
    due = np.rint(contributions.due[row] * rng.uniform(-0.3, 0.3, len(row))).astype(np.int64)
    nothing = np.zeros(len(row), dtype=np.int64)
    return _Amounts(row, first, np.full(len(row), timeline.deliveries), due, nothing, nothing)


def _write(contributions: Cotisations, amounts: _Amounts, population: Population) -> LineVersions:
    row = amounts.row
    account, start = contributions.account[row], contributions.start[row]
    number = population.sites.number_at(population.accounts.site[account], start)
    prefixes = account_prefixes(population)
    codes = period_codes(population.timeline, start, contributions.length[row], contributions.short_code[account])
    comma = contributions.comma[account].tolist()
    text = [
        _line(prefixes[owner][form], code, collected, direct, due, decimal_comma)
        for owner, form, code, collected, direct, due, decimal_comma in zip(
            account.tolist(), number.tolist(), codes,
            euros(amounts.collected), euros(amounts.direct), euros(amounts.due), comma, strict=True,
        )
    ]  # fmt: skip
    money = {"enc_direct": amounts.direct, "cotis_due": amounts.due}
    return LineVersions(text, amounts.first, amounts.last, money, refused=number == PROVISIONAL)


def _line(prefix: str, code: str, collected: str, direct: str, due: str, decimal_comma: bool) -> str:
    if decimal_comma:
        direct, due = direct.replace(".", ","), due.replace(".", ",")
    return f"{prefix};{code};{collected};{direct};{due}"


def account_prefixes(population: Population) -> list[tuple[str, ...]]:
    """Return `Urssaf_gestion;Dep;Siret;Compte` of each account, for each of the numbers of its establishment."""
    sites, accounts = population.sites, population.accounts
    prefixes = []
    for number, site in zip(accounts.number, accounts.site.tolist(), strict=True):
        place = reference.COMMUNES[int(sites.commune[site])]
        start = f"{place.urssaf};{place.departement}"
        prefixes.append(tuple(f"{start};{siret};{number}" for siret in sites.siret[site]))
    return prefixes


def _later(rng: np.random.Generator, known: IntArray, timeline: Timeline) -> IntArray:
    """Return months after publication: soon for half of them, around the deliveries whatever their age for the rest."""
    soon = known + in_window(rng, 1, 10, len(known))
    recently = np.maximum(in_window(rng, timeline.initial - 3, timeline.last, len(known)), known + 1)
    return np.where(rng.random(len(known)) < 0.5, soon, recently)
