"""Payment plans: deferrals granted by URSSAF (delai) and by the commission of financial services (ccsf)."""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.files.cotisations import account_prefixes
from sf_spark.demo.files.encodings import euros, french_table, urssaf_table, written
from sf_spark.demo.files.lines import LineVersions, split_at
from sf_spark.demo.world.arrays import BoolArray, FloatArray, IntArray, in_window, pick_share
from sf_spark.demo.world.cotisations import Cotisations
from sf_spark.demo.world.impayes import Impayes
from sf_spark.demo.world.population import Population

GRANTED_SHARE = 0.3  # share of episodes of debt that lead to a plan
COMMISSION_SHARE = 0.12  # share of episodes of debt of larger companies brought before the commission
_LARGE = 20
_QUIET_MONTHS = 6  # a new episode starts after as many months without a debt
_SMALLEST = 50_000  # cents: no request for a plan below
_HALF_A_YEAR = 183
_REFUSED_SHARE = 0.08
_NAME_WIDTH = 32  # width of the field with the company's name


class Plans(NamedTuple):
    """One element a request: who asks, when, for how much (cents)."""

    account: IntArray
    company: IntArray
    day: IntArray
    amount: IntArray


def draw_requests(
    rng: np.random.Generator, contributions: Cotisations, unpaid: Impayes, population: Population
) -> Plans:
    """Draw a request some months into each episode of debt, unless a proceeding opens before."""
    timeline, fates = population.timeline, population.fates
    company, start = np.nonzero(_episode_starts(unpaid.share))
    day = timeline.first_day(start) + in_window(rng, 80, 200, len(start))
    debtor = population.owner[contributions.account[unpaid.items.row]]
    amount = _outstanding(unpaid, debtor, company, timeline.first_day(start), day)
    asked = (amount >= _SMALLEST) & (day < fates.failure_day[company]) & (day < fates.end_day[company])
    asked &= day <= timeline.cutoff_days[-1]
    return Plans(*(column[asked] for column in (population.first_account[company], company, day, amount)))


def _episode_starts(share: FloatArray) -> BoolArray:
    unpaid = share > 0
    padded = np.concatenate([np.zeros((len(share), _QUIET_MONTHS), dtype=np.bool_), unpaid], axis=1)
    recently = np.lib.stride_tricks.sliding_window_view(padded, _QUIET_MONTHS, axis=1)[:, :-1].any(axis=2)
    return np.asarray(unpaid & ~recently)


def _outstanding(unpaid: Impayes, debtor: IntArray, company: IntArray, start: IntArray, end: IntArray) -> IntArray:
    """The sum claimed from each company between two days, in cents."""
    order = np.lexsort((unpaid.items.recorded_day, debtor))
    claimed = (unpaid.items.employee_share + unpaid.items.employer_share)[order]
    keys = debtor[order] * 1_000_000 + unpaid.items.recorded_day[order]
    total = np.concatenate([[0], np.cumsum(claimed)])
    low = np.searchsorted(keys, company * 1_000_000 + start, side="left")
    high = np.searchsorted(keys, company * 1_000_000 + end, side="left")
    return np.asarray(total[high] - total[low], dtype=np.int64)


def delai_lines(
    rng: np.random.Generator, requests: Plans, contributions: Cotisations, population: Population
) -> LineVersions:
    """Write the deferrals; a moved establishment takes its own along, like its debts."""
    granted = pick_share(rng, np.arange(len(requests.day)), GRANTED_SHARE)
    plans = Plans(*(column[granted] for column in requests))
    duration = 30 * in_window(rng, 2, 24, len(granted)) + in_window(rng, 0, 5, len(granted))
    amount = np.rint(plans.amount * rng.uniform(0.85, 1.05, len(granted))).astype(np.int64)
    columns = zip(
        in_window(rng, 10**12, 10**13 - 1, len(granted)).tolist(), written(plans.day, french_table()),
        written(plans.day + duration, french_table()), duration.tolist(), plans.company.tolist(), euros(amount),
        contributions.comma[plans.account].tolist(), rng.random(len(granted)).tolist(), strict=True,
    )  # fmt: skip
    tails = [
        f"{structure};{created};{due};{days};{population.companies.nom[company][:_NAME_WIDTH]};"
        f"{'SUP' if days > _HALF_A_YEAR else 'INF'};{created[-4:]};{montant.replace('.', ',') if comma else montant};"
        f"{'REFUS' if chance < _REFUSED_SHARE else 'APPROB'};{'SUR PP' if chance > 0.85 else 'SUR PO'}"
        for structure, created, due, days, company, montant, comma, chance in columns
    ]
    return _attach(plans, tails, {"Montant_global_echeancier": amount}, population)


def ccsf_lines(rng: np.random.Generator, requests: Plans, population: Population) -> LineVersions:
    """Write the stages of the plans that larger companies ask the commission for."""
    large = np.flatnonzero(population.companies.taille[requests.company] >= _LARGE)
    brought = pick_share(rng, large, COMMISSION_SHARE)
    rows: list[int] = []
    days: list[int] = []
    tails: list[str] = []
    for request in brought.tolist():
        for day, stage in _commission_stages(rng, int(requests.day[request])):
            rows.append(request)
            days.append(day)
            tails.append(f"{urssaf_table()[day]};{stage};CCSF")
    chosen = np.array(rows, dtype=np.int64)
    plans = Plans(*(column[chosen] for column in requests))._replace(day=np.array(days, dtype=np.int64))
    return _attach(plans, tails, {}, population)


def _commission_stages(rng: np.random.Generator, day: int) -> list[tuple[int, str]]:
    stages = [(day, "DEBUT")]
    decided, chance = day + int(rng.integers(30, 91)), rng.random()
    if chance < 0.15:
        return [*stages, (decided, "REFUS")]
    if chance < 0.25:
        return [*stages, (decided, "REJ")]
    return [*stages, (decided, "APPROB"), (decided + int(rng.integers(360, 720)), "FIN")]


def _attach(plans: Plans, tails: list[str], cents: dict[str, IntArray], population: Population) -> LineVersions:
    """Put each plan under the SIRET that its establishment has in each delivery."""
    timeline = population.timeline
    change = timeline.batch_of_month(population.sites.moved_month[population.accounts.site[plans.account]])
    row, version, first, last = split_at(timeline.batch_of_day(plans.day), change, timeline.deliveries)
    prefixes, owner = account_prefixes(population), plans.account.tolist()
    versions = zip(row.tolist(), version.tolist(), strict=True)
    text = [f"{prefixes[owner[rank]][form]};{tails[rank]}" for rank, form in versions]
    return LineVersions(text, first, last, {column: amount[row] for column, amount in cents.items()})
