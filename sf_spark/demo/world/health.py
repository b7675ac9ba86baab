"""Latent monthly health, and the hazard of failing that depends on it; no delivered file holds them."""

import math
from dataclasses import dataclass

import numpy as np

from sf_spark.demo.world import reference
from sf_spark.demo.world.arrays import BoolArray, FloatArray, IntArray, logistic, stream
from sf_spark.demo.world.entreprises import draw_activites, draw_creations, draw_quality, draw_tailles
from sf_spark.demo.world.plan import DemoPlan, Timeline

# Failing depends steeply on health: one unit lower multiplies the hazard by exp(2.5), about 12.
STEEPNESS = 2.5
# Poor health weighs more on a young, small company, and less on a large one: age and size matter only in interaction.
_YOUNG_MONTHS, _SMALL, _LARGE = 60, 20.0, 100.0
_YOUNG_AND_SMALL, _OLD_AND_LARGE = 1.4, 0.7
_HIGHEST_HAZARD = 0.12  # a month; even the worst companies often recover
_PERSISTENCE = 0.96  # half-life of a shock to one company: 17 months
_SPREAD = 0.85
_CLIMATE_PERSISTENCE, _CLIMATE_SPREAD = 0.96, 0.22
_CRISIS_DEPTH, _CRISIS_MONTHS = 0.7, 8
_CYCLE = 0.35  # more companies fail in bad times, but not in the proportion that their health would have it: aid
_PILOTS = 1500  # companies simulated to calibrate the hazard, the same for every block


@dataclass(frozen=True)
class Climate:
    """What all companies of a plan share."""

    economy: FloatArray  # [month]
    sectors: FloatArray  # [section, month]
    crisis: BoolArray  # [month]: the months of the wave of short-time work
    hazard_scale: FloatArray  # [month]: monthly hazard of failing at health 0
    unforeseen: float  # monthly hazard of a failure that health does not announce

    def hazard(self, health: FloatArray, sensitivity: FloatArray) -> FloatArray:
        """Return the monthly hazard of a failure that health announces."""
        return np.minimum(self.hazard_scale * np.exp(-STEEPNESS * _felt(health, sensitivity)), _HIGHEST_HAZARD)


def draw_climate(plan: DemoPlan, timeline: Timeline) -> Climate:
    """Draw the economy and calibrate hazards so that `failure_rate` of living companies fail each year."""
    rng = stream(plan.seed, 0, "climate")
    crisis = np.zeros(timeline.simulated, dtype=np.bool_)
    start = round(0.4 * timeline.initial)
    crisis[start : start + _CRISIS_MONTHS] = True
    economy = _auto_regressive(rng, 1, timeline.simulated, _CLIMATE_PERSISTENCE, _CLIMATE_SPREAD)[0]
    sections = len(reference.SECTIONS)
    sectors = _auto_regressive(rng, sections, timeline.simulated, _CLIMATE_PERSISTENCE, _CLIMATE_SPREAD)
    economy -= _CRISIS_DEPTH * crisis
    unforeseen = plan.failure_rate * (1 - plan.announced_share) / 12
    raw = Climate(economy, sectors, crisis, np.ones(timeline.simulated), unforeseen)
    cycle = np.clip(1.0 - _CYCLE * economy, 0.7, 1.5)
    wanted = plan.failure_rate * plan.announced_share / 12 * cycle / cycle.mean()
    scales = _calibrated_scales(_pilot_health(rng, raw, timeline), wanted)
    return Climate(economy, sectors, crisis, scales, unforeseen)


def draw_health(rng: np.random.Generator, quality: FloatArray, section: IntArray, climate: Climate) -> FloatArray:
    """Draw the health of each company in each month: 0 is ordinary, -2 is distress, +2 is prosperity."""
    own = _auto_regressive(rng, len(quality), len(climate.economy), _PERSISTENCE, _SPREAD)
    return own + quality[:, None] + climate.sectors[section] + climate.economy


def sensitivity(created_month: IntArray, headcount: FloatArray, months: int) -> FloatArray:
    """Return how strongly each company feels poor health in each month; 1 is ordinary."""
    young = np.arange(months) - created_month[:, None] < _YOUNG_MONTHS
    small, large = (headcount < _SMALL)[:, None], (headcount > _LARGE)[:, None]
    return np.where(young & small, _YOUNG_AND_SMALL, np.where(~young & large, _OLD_AND_LARGE, 1.0))


def distress(health: FloatArray) -> FloatArray:
    """Return how distressed a health is, from 0 to 1."""
    return logistic(-2.5 * (health + 1.5))


def _auto_regressive(rng: np.random.Generator, rows: int, months: int, persistence: float, spread: float) -> FloatArray:
    shocks = rng.normal(0.0, spread, (rows, months))
    fresh = np.sqrt(1.0 - persistence**2)
    path = np.empty_like(shocks)
    path[:, 0] = shocks[:, 0]
    for month in range(1, months):
        path[:, month] = persistence * path[:, month - 1] + fresh * shocks[:, month]
    return path


def _pilot_health(rng: np.random.Generator, climate: Climate, timeline: Timeline) -> FloatArray:
    sections = [reference.SECTIONS.index(activite.section) for activite in reference.ALL_ACTIVITES]
    activites = draw_activites(rng, _PILOTS)
    section = np.array(sections, dtype=np.int64)[activites]
    created = draw_creations(rng, _PILOTS, timeline)
    health = draw_health(rng, draw_quality(rng, created), section, climate)
    return _felt(health, sensitivity(created, draw_tailles(rng, activites, created), timeline.simulated))


def _felt(health: FloatArray, sensitivity: FloatArray) -> FloatArray:
    return np.where(health < 0, health * sensitivity, health)


def _calibrated_scales(health: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return, month after month, the scale that gives the wanted hazard to the pilots still alive."""
    steep, alive = np.exp(-STEEPNESS * health), np.ones(len(health))
    scales = np.empty(len(wanted))
    for month, target in enumerate(wanted.tolist()):
        scales[month] = _calibrated_scale(steep[:, month], alive, target)
        alive *= 1.0 - np.minimum(scales[month] * steep[:, month], _HIGHEST_HAZARD)
    return scales


def _calibrated_scale(steep: FloatArray, alive: FloatArray, wanted: float) -> float:
    low, high = 1e-8, 1.0
    for _ in range(50):
        middle = math.sqrt(low * high)
        hazard = np.minimum(middle * steep, _HIGHEST_HAZARD)
        low, high = (low, middle) if float((hazard * alive).sum() / alive.sum()) > wanted else (middle, high)
    # Six figures are plenty, and hide what the last bit of an exponential may differ by between machines.
    return float(f"{low:.5e}")
