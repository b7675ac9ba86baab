"""Everything drawn before the files: the companies of a block, their places, accounts and lives."""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from sf_spark.demo.world.arrays import FloatArray, IntArray, stream
from sf_spark.demo.world.entreprises import Entreprises, draw_entreprises
from sf_spark.demo.world.etablissements import Comptes, Etablissements, draw_comptes, draw_etablissements
from sf_spark.demo.world.fates import Fates, draw_fates
from sf_spark.demo.world.headcounts import draw_headcounts, spread_over_accounts
from sf_spark.demo.world.health import Climate, draw_health
from sf_spark.demo.world.plan import DemoPlan, Timeline

BLOCK_SIZE = 500  # companies held in memory at a time


@dataclass(frozen=True)
class Population:
    """One block of companies."""

    timeline: Timeline
    companies: Entreprises
    health: FloatArray  # [company, month]
    fates: Fates
    sites: Etablissements
    accounts: Comptes
    employed: IntArray  # [account, month]: headcount, ABSENT outside the life of the establishment

    @cached_property
    def owner(self) -> IntArray:
        """Company of each account."""
        return self.sites.company[self.accounts.site]

    @cached_property
    def first_account(self) -> IntArray:
        """First account of each company, that of its head office."""
        return np.searchsorted(self.owner, np.arange(len(self.companies)))

    @cached_property
    def employed_on_site(self) -> IntArray:
        """[establishment, month]: headcount of all its accounts."""
        first = np.searchsorted(self.accounts.site, np.arange(len(self.sites)))
        return np.asarray(np.add.reduceat(np.maximum(self.employed, 0), first, axis=0), dtype=np.int64)


def draw_population(plan: DemoPlan, timeline: Timeline, climate: Climate, block: int) -> Population:
    """Draw the companies of that rank in the plan, from their identity to the people they employ."""
    chance = partial(stream, plan.seed, block)
    first = block * BLOCK_SIZE
    size = min(BLOCK_SIZE, plan.entreprises - first)
    companies = draw_entreprises(chance("entreprises"), first, size, timeline)
    health = draw_health(chance("health"), companies.qualite, companies.section, climate)
    fates = draw_fates(chance("fates"), companies, health, climate, timeline)
    sites = draw_etablissements(chance("etablissements"), companies, fates, timeline)
    accounts = draw_comptes(chance("comptes"), companies, sites)
    staff = draw_headcounts(chance("headcounts"), companies, health)
    employed = spread_over_accounts(chance("rounding"), staff, sites, accounts, timeline.months)
    return Population(timeline, companies, health, fates, sites, accounts, employed)
