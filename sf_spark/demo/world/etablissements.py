"""The establishments of a block and their URSSAF accounts: numbers, places, openings, closures and moves."""

from dataclasses import dataclass

import numpy as np

from sf_spark.demo.world import identifiers, reference
from sf_spark.demo.world.arrays import NEVER, BoolArray, FloatArray, IntArray, in_window, mask_of, pick_share
from sf_spark.demo.world.entreprises import Entreprises
from sf_spark.demo.world.fates import Fates
from sf_spark.demo.world.plan import Timeline

OPENED_SHARE = 0.12  # share of secondary establishments opened during the history
CLOSED_SHARE = 0.12  # share of secondary establishments closed during the history
MOVED_SHARE = 0.04  # share of head offices that change address and so SIRET during the history
MOVED_LATELY_SHARE = 0.012  # share of head offices that move between two deliveries: their debts change SIRET
PROVISIONAL_SHARE = 0.02  # share of establishments opened during the history that start with a provisional SIRET
PROVISIONAL_MONTHS = 3  # before the real SIRET comes
SECOND_ACCOUNT_SHARE = 0.05  # share of establishments paying through two accounts
_MOST_SITES = 25
# Sequence numbers inside a company: room below for its oldest, closed establishments, room above for moves.
_FIRST_SEQUENCE, _MOVED_SEQUENCE, _PSEUDO_SEQUENCES = 4, 61, (5001, 6002, 7003, 9004)
# The number of an establishment: its own, the one after a move, or a provisional one.
OWN, MOVED, PROVISIONAL = 0, 1, 2


@dataclass(frozen=True)
class Etablissements:
    """One element an establishment; the establishments of a company follow one another, its head office first."""

    company: IntArray
    head: BoolArray
    siret: list[tuple[str, str, str]]  # OWN, MOVED, PROVISIONAL
    share: FloatArray  # of the company's headcount
    commune: IntArray
    pseudo: BoolArray  # forged by URSSAF for temporary workers: absent from Sirene
    opened_day: IntArray
    opened_month: IntArray
    closed_day: IntArray  # NEVER while open
    closed_month: IntArray  # last month of activity
    moved_month: IntArray  # first month under the new SIRET, NEVER when it keeps the old one
    provisional: BoolArray

    def __len__(self) -> int:
        return len(self.siret)

    def number_at(self, site: IntArray, month: IntArray) -> IntArray:
        """The SIRET (OWN, MOVED, PROVISIONAL) of each establishment in each month."""
        waiting = self.provisional[site] & (month < self.opened_month[site] + PROVISIONAL_MONTHS)
        return np.where(waiting, PROVISIONAL, np.where(month >= self.moved_month[site], MOVED, OWN))


@dataclass(frozen=True)
class Comptes:
    """One element a URSSAF account; several may pay for one establishment."""

    number: list[str]
    site: IntArray
    share: FloatArray  # of the establishment's headcount

    def __len__(self) -> int:
        return len(self.number)


def draw_etablissements(
    rng: np.random.Generator, companies: Entreprises, fates: Fates, timeline: Timeline
) -> Etablissements:
    """Draw the establishments of a block of companies whose fates are known."""
    company, real = _count_sites(rng, companies)
    rank = np.arange(len(company)) - np.searchsorted(company, company)
    head, pseudo = rank == 0, rank >= real[company]
    opened_day, closed_day = _life_spans(rng, company, head, companies, fates, timeline)
    opened_month = timeline.month_of_day(opened_day)
    closed_month = np.where(closed_day == NEVER, NEVER, timeline.month_of_day(np.minimum(closed_day, NEVER - 1)))
    fresh = np.flatnonzero((opened_month >= 1) & (opened_month < timeline.last - 2) & ~pseudo)
    elsewhere = rng.integers(0, len(reference.COMMUNES), len(company))
    return Etablissements(
        company=company,
        head=head,
        siret=_sirets(companies, company, rank, rank - real[company]),
        share=_shares(rng, company, head),
        commune=np.where(head | (rng.random(len(company)) < 0.5), companies.commune[company], elsewhere),
        pseudo=pseudo,
        opened_day=opened_day,
        opened_month=opened_month,
        closed_day=closed_day,
        closed_month=closed_month,
        moved_month=_moves(rng, np.flatnonzero(head), opened_month, closed_month, timeline),
        provisional=mask_of(pick_share(rng, fresh, PROVISIONAL_SHARE), len(company)),
    )


def draw_comptes(rng: np.random.Generator, companies: Entreprises, sites: Etablissements) -> Comptes:
    """Draw one account an establishment, two for a few."""
    doubled = pick_share(rng, np.flatnonzero(~sites.pseudo), SECOND_ACCOUNT_SHARE)
    site = np.concatenate([np.arange(len(sites)), doubled])
    minor = np.zeros(len(sites))
    minor[doubled] = np.round(rng.uniform(0.1, 0.4, len(doubled)), 3)
    share = np.concatenate([1.0 - minor, minor[doubled]])
    order = np.argsort(site, kind="stable")
    site, share = site[order], share[order]
    number = []
    for rank, place in enumerate(site.tolist()):
        owner = int(sites.company[place])
        urssaf = reference.COMMUNES[int(sites.commune[place])].urssaf
        sequence = rank - int(np.searchsorted(site, np.searchsorted(sites.company, owner)))
        number.append(identifiers.account(urssaf, companies.first_index + owner, sequence))
    return Comptes(number, site, share)


def _count_sites(rng: np.random.Generator, companies: Entreprises) -> tuple[IntArray, IntArray]:
    """Return the company of each establishment, and how many real ones each company has: the rest are pseudo."""
    expected = 0.1 + 0.45 * np.maximum(np.log(companies.taille / 10.0), 0.0) + 0.004 * companies.taille
    real = 1 + np.minimum(rng.poisson(expected), _MOST_SITES)
    temporary = [candidate.code for candidate in reference.ALL_ACTIVITES].index(reference.TEMPORARY_WORK)
    forged = np.where(companies.activite == temporary, in_window(rng, 1, len(_PSEUDO_SEQUENCES), len(companies)), 0)
    return np.repeat(np.arange(len(companies)), real + forged), real


def _sirets(companies: Entreprises, company: IntArray, rank: IntArray, forged: IntArray) -> list[tuple[str, str, str]]:
    """Number establishments by rank in their company; `forged` is the rank among pseudo-SIRETs, negative if real."""
    numbers = []
    for owner, order, fake in zip(company.tolist(), rank.tolist(), forged.tolist(), strict=True):
        siren = companies.siren[owner]
        own = identifiers.siret(siren, _PSEUDO_SEQUENCES[fake] if fake >= 0 else _FIRST_SEQUENCE + order)
        moved = identifiers.siret(siren, _MOVED_SEQUENCE + order)
        numbers.append((own, moved, identifiers.provisional_siret(siren, _FIRST_SEQUENCE + order)))
    return numbers


def _shares(rng: np.random.Generator, company: IntArray, head: BoolArray) -> FloatArray:
    weight = rng.gamma(1.5, 1.0, len(company)) + 0.1 + 2.0 * head
    return np.asarray(weight / np.bincount(company, weights=weight)[company], dtype=np.float64)


def _life_spans(
    rng: np.random.Generator,
    company: IntArray,
    head: BoolArray,
    companies: Entreprises,
    fates: Fates,
    timeline: Timeline,
) -> tuple[IntArray, IntArray]:
    born, ends = companies.created_day[company], fates.end_day[company]
    opened = np.where(head, born, born + in_window(rng, 0, 400, len(company)))
    closed = ends.copy()
    window = timeline.first_day(np.array([3, timeline.last])).tolist()
    secondary = np.flatnonzero(~head & (born < window[0]) & (ends > window[1]))
    late = pick_share(rng, secondary, OPENED_SHARE)
    opened[late] = in_window(rng, window[0], window[1], len(late))
    leaving = pick_share(rng, np.setdiff1d(secondary, late), CLOSED_SHARE)
    closed[leaving] = in_window(rng, window[0], window[1] + 19, len(leaving))
    return np.minimum(opened, closed), closed


def _moves(
    rng: np.random.Generator, heads: IntArray, opened_month: IntArray, closed_month: IntArray, timeline: Timeline
) -> IntArray:
    """Head offices that change SIRET: some long ago, some between two deliveries."""
    moved = np.full(len(opened_month), NEVER, dtype=np.int64)
    steady = heads[(opened_month[heads] < 0) & (closed_month[heads] > timeline.last + 3)]
    early = pick_share(rng, steady, MOVED_SHARE)
    moved[early] = in_window(rng, 6, timeline.initial, len(early))
    if timeline.last > timeline.initial:
        lately = pick_share(rng, np.setdiff1d(steady, early), MOVED_LATELY_SHARE)
        moved[lately] = in_window(rng, timeline.initial + 1, timeline.last, len(lately))
    return moved
