"""The companies of a block: their identity, before any event."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sf_spark.demo.world import identifiers, names, reference
from sf_spark.demo.world.arrays import BoolArray, FloatArray, IntArray, in_window, mask_of, pick_share
from sf_spark.demo.world.plan import Timeline

SMALL_SHARE = 0.35  # under 10 employees: outside the real perimeter, but in the deliveries
CREATED_SHARE = 0.13  # created during the history
FOREIGN_SHARE = 0.004  # head office abroad
EXCLUDED_ACTIVITY_SHARE = 0.012
EXCLUDED_LEGAL_SHARE = 0.006
TEMPORARY_WORK_SHARE = 0.012
_YOUNG_MONTHS = 60
_YOUTH_PENALTY = 0.35  # young companies are more fragile
_QUALITY_SPREAD = 0.6
_LARGEST, _LARGEST_NEW = 5000.0, 80.0


@dataclass(frozen=True)
class Entreprises:
    """One block of companies, one element a company in every field."""

    first_index: int  # rank of the first one in the whole plan
    siren: list[str]
    nom: list[str]
    activite: IntArray  # rank in reference.ALL_ACTIVITES
    categorie: list[str]  # legal category
    commune: IntArray  # rank in reference.COMMUNES, of the head office
    taille: FloatArray  # headcount when first seen
    qualite: FloatArray  # permanent part of health
    created_day: IntArray
    created_month: IntArray  # negative before the history
    abroad: BoolArray  # head office in another country

    def __len__(self) -> int:
        return len(self.siren)

    @cached_property
    def section(self) -> IntArray:
        """Rank of each company's sector in reference.SECTIONS."""
        ranks = [reference.SECTIONS.index(activite.section) for activite in reference.ALL_ACTIVITES]
        return np.array(ranks, dtype=np.int64)[self.activite]

    @cached_property
    def wage(self) -> FloatArray:
        """Gross monthly wage of the sector, in euros."""
        return np.array([activite.wage for activite in reference.ALL_ACTIVITES], dtype=np.float64)[self.activite]

    @cached_property
    def short_time(self) -> FloatArray:
        """How readily the sector asks for short-time work."""
        return np.array([activite.short_time for activite in reference.ALL_ACTIVITES], dtype=np.float64)[self.activite]


def draw_entreprises(rng: np.random.Generator, first_index: int, size: int, timeline: Timeline) -> Entreprises:
    """Draw a block of companies; ranks in the plan make their identifiers unique."""
    activite = _draw_activites(rng, size)
    created_month = draw_creations(rng, size, timeline)
    created_day = timeline.first_day(created_month) + in_window(rng, 0, 27, size)
    places = np.array([commune.weight for commune in reference.COMMUNES])
    return Entreprises(
        first_index=first_index,
        siren=[identifiers.siren(first_index + rank) for rank in range(size)],
        nom=names.company_names(rng, size),
        activite=activite,
        categorie=_draw_categories(rng, size),
        commune=rng.choice(len(places), size=size, p=places / places.sum()),
        taille=draw_tailles(rng, activite, created_month),
        qualite=draw_quality(rng, created_month),
        created_day=created_day,
        created_month=created_month,
        abroad=mask_of(pick_share(rng, np.arange(size), FOREIGN_SHARE), size),
    )


def draw_activites(rng: np.random.Generator, size: int) -> IntArray:
    """Draw the sectors of ordinary companies."""
    weights = np.array([activite.weight for activite in reference.ACTIVITES])
    return rng.choice(len(weights), size=size, p=weights / weights.sum())


def draw_quality(rng: np.random.Generator, created_month: IntArray) -> FloatArray:
    """Draw the permanent part of health."""
    young = created_month > -_YOUNG_MONTHS
    drawn = rng.normal(0.0, _QUALITY_SPREAD, len(created_month)) - _YOUTH_PENALTY * young
    return np.asarray(np.round(drawn, 4), dtype=np.float64)


def _draw_activites(rng: np.random.Generator, size: int) -> IntArray:
    activite = draw_activites(rng, size)
    codes = [candidate.code for candidate in reference.ALL_ACTIVITES]
    activite[pick_share(rng, np.arange(size), TEMPORARY_WORK_SHARE)] = codes.index(reference.TEMPORARY_WORK)
    ordinary = np.flatnonzero(activite != codes.index(reference.TEMPORARY_WORK))
    excluded = pick_share(rng, ordinary, EXCLUDED_ACTIVITY_SHARE)
    first_excluded = len(reference.ACTIVITES)
    activite[excluded] = in_window(rng, first_excluded, len(codes) - 1, len(excluded))
    return activite


def _draw_categories(rng: np.random.Generator, size: int) -> list[str]:
    weights = np.array([weight for _, weight in reference.LEGAL_CATEGORIES])
    ranks = rng.choice(len(weights), size=size, p=weights / weights.sum())
    categories = [reference.LEGAL_CATEGORIES[rank][0] for rank in ranks.tolist()]
    for company in pick_share(rng, np.arange(size), EXCLUDED_LEGAL_SHARE).tolist():
        categories[company] = reference.EXCLUDED_LEGAL_CATEGORIES[int(rng.integers(0, 4))]
    return categories


def draw_tailles(rng: np.random.Generator, activite: IntArray, created_month: IntArray) -> FloatArray:
    """Draw the headcounts that companies have when first seen."""
    factor = np.array([candidate.small for candidate in reference.ALL_ACTIVITES])[activite]
    small = rng.random(len(activite)) < np.minimum(SMALL_SHARE * factor, 0.9)
    few = 1.0 + np.floor(8.0 * rng.random(len(activite)) ** 1.3)
    many = 10.0 + np.exp(rng.normal(2.6, 1.15, len(activite)))
    largest = np.where(created_month >= 0, _LARGEST_NEW, _LARGEST)
    return np.asarray(np.where(small, few, np.minimum(np.floor(many), largest)), dtype=np.float64)


def draw_creations(rng: np.random.Generator, size: int, timeline: Timeline) -> IntArray:
    """Draw the months in which companies were created, negative before the history."""
    ages = 2.0 + np.minimum(12.0 * rng.gamma(1.4, 10.0, size), 12.0 * 50)
    created = -ages.astype(np.int64)
    recent = pick_share(rng, np.arange(size), CREATED_SHARE)
    created[recent] = in_window(rng, 1, timeline.last - 1, len(recent))
    return created
