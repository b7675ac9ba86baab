"""Short-time work: requests, their amendments and updates, and what is consumed each month."""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.world import identifiers
from sf_spark.demo.world.arrays import NEVER, BoolArray, FloatArray, IntArray, in_window, mask_of, pick_share
from sf_spark.demo.world.health import Climate, distress
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

# Monthly odds that an industrial establishment asks: in ordinary times, in distress, during the wave.
_ORDINARY, _DISTRESSED, _WAVE = 0.0025, 0.012, 0.13
_SECONDARY = 0.35  # a secondary establishment asks less often
AMENDED_SHARE = 0.12  # share of requests prolonged by a second one of the same family
REVISED_SHARE = 0.06  # share of requests whose status date and hours change later
ODD_DAY_SHARE = 0.04  # share of consumptions dated on another day than the 1st
_MONTHLY_HOURS = 151.67
_ECONOMIC_REASON, _OTHER_REASONS = 1, np.array([2, 3, 4, 5])


class Requests(NamedTuple):
    """One element a request; hours and amounts in hundredths."""

    site: IntArray
    identifier: list[str]
    start: IntArray  # month
    length: IntArray  # months
    status_day: IntArray
    revised_day: IntArray  # NEVER when the request does not change
    staff: IntArray
    site_staff: IntArray
    company_staff: IntArray
    hours: IntArray
    revised_hours: IntArray
    hourly: FloatArray
    reason: IntArray


class Consumptions(NamedTuple):
    """One element a request and month; hours and amounts in hundredths."""

    request: IntArray
    day: IntArray
    known_month: IntArray
    hours: IntArray
    amount: IntArray
    staff: IntArray


def draw_requests(rng: np.random.Generator, population: Population, climate: Climate) -> Requests:
    """Draw requests: a wave of them during the crisis, a trickle otherwise, more of it in distress."""
    site, start = np.nonzero(_asked(rng, population, climate))
    length = in_window(rng, 1, 6, len(site))
    amended = pick_share(rng, np.arange(len(site)), AMENDED_SHARE)
    origin = np.concatenate([np.arange(len(site)), amended])
    prolonged = np.repeat([0, 1], [len(site), len(amended)])
    starts = np.minimum(start[origin] + prolonged * length[origin], population.timeline.months - 1)
    lengths = np.where(prolonged == 1, in_window(rng, 1, 3, len(origin)), length[origin])
    families = _families(population, site)
    names = [f"{families[rank]}{again:02d}" for rank, again in zip(origin.tolist(), prolonged.tolist(), strict=True)]
    return _fill(rng, population, site[origin], names, starts, lengths)


def _asked(rng: np.random.Generator, population: Population, climate: Climate) -> BoolArray:
    sites, employed = population.sites, population.employed_on_site
    months = employed.shape[1]
    calm = _ORDINARY + _DISTRESSED * distress(population.health[:, :months])
    odds = population.companies.short_time[:, None] * np.where(climate.crisis[:months], _WAVE, calm)
    reach = np.where(sites.head, 1.0, _SECONDARY) * ~sites.pseudo
    return np.asarray((rng.random(employed.shape) < odds[sites.company] * reach[:, None]) & (employed > 0))


def _families(population: Population, site: IntArray) -> list[str]:
    company = population.sites.company[site]
    rank = np.arange(len(site)) - np.searchsorted(company, company)
    owners = (population.companies.first_index + company).tolist()
    return [identifiers.request_family(owner, order) for owner, order in zip(owners, rank.tolist(), strict=True)]


def _fill(
    rng: np.random.Generator,
    population: Population,
    site: IntArray,
    names: list[str],
    start: IntArray,
    length: IntArray,
) -> Requests:
    size = len(site)
    company_staff = np.add.reduceat(np.maximum(population.employed, 0), population.first_account, axis=0)
    present = np.maximum(population.employed_on_site[site, start], 1)
    staff = np.maximum(np.rint(present * rng.uniform(0.2, 1.0, size)).astype(np.int64), 1)
    hours = np.rint(100 * staff * _MONTHLY_HOURS * length * rng.uniform(0.2, 0.8, size)).astype(np.int64)
    status_day = population.timeline.first_day(start) + in_window(rng, -20, 25, size)
    revised = mask_of(pick_share(rng, np.arange(size), REVISED_SHARE), size)
    return Requests(
        site=site,
        identifier=names,
        start=start,
        length=length,
        status_day=status_day,
        revised_day=np.where(revised, _revision_days(rng, status_day, population.timeline), NEVER),
        staff=staff,
        site_staff=present,
        company_staff=company_staff[population.sites.company[site], start],
        hours=hours,
        revised_hours=np.rint(hours * rng.uniform(0.7, 1.3, size)).astype(np.int64),
        hourly=np.round(rng.uniform(7.5, 11.5, size), 2),
        reason=np.where(rng.random(size) < 0.75, _ECONOMIC_REASON, rng.choice(_OTHER_REASONS, size)),
    )


def _revision_days(rng: np.random.Generator, status_day: IntArray, timeline: Timeline) -> IntArray:
    """Soon after the request for half of them, around the deliveries for the rest: those are seen to change."""
    soon = status_day + in_window(rng, 20, 150, len(status_day))
    window = (timeline.cutoff_days[0] - 30, timeline.cutoff_days[-1])
    recently = np.maximum(in_window(rng, *window, len(status_day)), status_day + 20)
    return np.where(rng.random(len(status_day)) < 0.5, soon, recently)


def draw_consumptions(rng: np.random.Generator, requests: Requests, population: Population) -> Consumptions:
    """Draw the hours consumed each month of each request; a quarter of requests are never used."""
    sites, timeline = population.sites, population.timeline
    used = np.flatnonzero(rng.random(len(requests.site)) < 0.75)
    request = np.repeat(used, requests.length[used])
    month = requests.start[request] + np.arange(len(request)) - np.searchsorted(request, request)
    alive = (month <= sites.closed_month[requests.site[request]]) & (month < timeline.last)
    request, month = request[alive], month[alive]
    size = len(request)
    share = rng.uniform(0.15, 1.0, size)
    hours = np.rint(requests.hours[request] * share / requests.length[request]).astype(np.int64)
    odd_day = np.where(rng.random(size) < ODD_DAY_SHARE, in_window(rng, 14, 27, size), 0)
    return Consumptions(
        request=request,
        day=timeline.first_day(month) + odd_day,
        known_month=month + 1 + (rng.random(size) < 0.1),
        hours=hours,
        amount=np.rint(hours * requests.hourly[request]).astype(np.int64),
        staff=np.maximum(np.rint(requests.staff[request] * share).astype(np.int64), 1),
    )
