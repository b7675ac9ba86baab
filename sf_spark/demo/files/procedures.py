"""The file of collective proceedings: one row a stage and establishment, in the many spellings of its labels."""

import numpy as np

from sf_spark.demo.files.encodings import english_table
from sf_spark.demo.files.lines import LineVersions
from sf_spark.demo.world.arrays import NEVER
from sf_spark.demo.world.etablissements import OWN, PROVISIONAL, Etablissements
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population
from sf_spark.demo.world.procedures import SAUVEGARDE, Event, Procedure

LISTED_SHARE = 0.7  # share of secondary establishments listed beside the head office
LATE_SHARE = 0.15  # share of stages registered one to two months and a half after their effect
SETTLED_SHARE = 0.6  # share of establishments with a solde_procedure of their own, on another date
_SOLDE = "solde_procedure"


def procedure_lines(rng: np.random.Generator, population: Population) -> LineVersions:
    """Write every stage for the head office, and often for the other establishments open by then."""
    companies, sites, timeline = population.companies, population.sites, population.timeline
    text: list[str] = []
    known: list[int] = []
    bounds = np.searchsorted(sites.company, np.arange(len(companies) + 1)).tolist()
    for company, stories in enumerate(population.fates.procedures):
        for story in stories:
            listed = _listed_sites(rng, sites, range(bounds[company], bounds[company + 1]), story.opening_day)
            for site, event, day in _rows(rng, story, listed):
                if day <= timeline.cutoff_days[-1]:
                    text.append(_line(rng, companies.siren[company], _siret(sites, site, event.day, timeline), event))
                    known.append(day)
    first = timeline.batch_of_day(np.array(known, dtype=np.int64))
    return LineVersions(text, first, np.full(len(first), timeline.deliveries))


def _listed_sites(rng: np.random.Generator, sites: Etablissements, candidates: range, opening_day: int) -> list[int]:
    listed = [candidates[0]]
    for site in candidates[1:]:
        alive = sites.opened_day[site] <= opening_day <= sites.closed_day[site]
        if alive and not sites.pseudo[site] and rng.random() < LISTED_SHARE:
            listed.append(site)
    return listed


def _rows(rng: np.random.Generator, story: Procedure, listed: list[int]) -> list[tuple[int, Event, int]]:
    """Return (establishment, stage, day of registration)."""
    rows = []
    for event in story.events:
        lag = int(rng.integers(30, 76)) if rng.random() < LATE_SHARE else int(rng.integers(1, 22))
        rows += [(site, event, event.day + lag) for site in listed]
    if story.kind != SAUVEGARDE:
        for site in listed:
            if rng.random() < SETTLED_SHARE:
                day = story.opening_day + int(rng.integers(5, 200))
                rows.append((site, Event(day, story.kind, _SOLDE), day + int(rng.integers(1, 22))))
    return rows


def _siret(sites: Etablissements, site: int, day: int, timeline: Timeline) -> str:
    month = timeline.month_of_day(np.array([min(day, NEVER - 1)]))
    form = int(sites.number_at(np.array([site]), month)[0])
    return sites.siret[site][OWN if form == PROVISIONAL else form]


def _line(rng: np.random.Generator, siren: str, siret: str, event: Event) -> str:
    chance = rng.random()
    # Solde comes first, the others last, except when they do not: readers must not rely on the order.
    stage_first = (event.stage == _SOLDE) != (chance < 0.06)
    label = f"{event.stage}_{event.action}" if stage_first else f"{event.action}_{event.stage}"
    style = rng.random()
    label = label.upper() if style < 0.08 else label if style < 0.16 else label.capitalize()
    day = english_table()[event.day]
    day = day if style < 0.9 else day.lower() if style < 0.95 else day.title()
    return f"{siret};{siren};{day};{1 if chance < 0.8 else 2};{label}"
