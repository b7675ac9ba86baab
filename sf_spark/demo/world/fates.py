"""The fate of each company: proceedings, recoveries and plain closures, month by month."""

from dataclasses import dataclass

import numpy as np

from sf_spark.demo.world.arrays import NEVER, BoolArray, FloatArray, IntArray, pick_share
from sf_spark.demo.world.entreprises import Entreprises
from sf_spark.demo.world.health import Climate, sensitivity
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.procedures import (
    ANNOUNCED,
    FORMER,
    REDRESSEMENT,
    SAUVEGARDE,
    UNFORESEEN,
    Procedure,
    draw_kind,
    unfold,
)

FORMER_SHARE = 0.03  # entered a proceeding before the history starts; most had left it by then
_CLOSURE_RATE = 0.012  # a year: closes without failing (retirement, merger)
_GRACE_MONTHS = 4  # a company does not fail as soon as it is created
_STILL_IN_PLAN_SHARE = 0.35  # share of former proceedings whose plan runs into the history


@dataclass(frozen=True)
class Fates:
    """One block's stories: `procedures[i]` is what company i goes through, oldest first."""

    procedures: list[list[Procedure]]
    failure_month: IntArray  # month of the first opening inside the history or after; NEVER when none
    failure_day: IntArray
    announced: BoolArray  # that failure follows from health, so files may show it coming
    settled_day: IntArray  # day from which a company that failed pays again; NEVER when it does not
    end_day: IntArray  # activity ends; NEVER when it goes on
    end_month: IntArray  # last month with activity; NEVER when it goes on
    closed_freely: BoolArray  # closed without a proceeding


def draw_fates(
    rng: np.random.Generator, companies: Entreprises, health: FloatArray, climate: Climate, timeline: Timeline
) -> Fates:
    """Draw each company's proceedings and closure from its monthly hazards."""
    size, months = health.shape
    procedures = _former_procedures(rng, companies, timeline)
    free_from = np.array([_exit_month(stories, timeline) for stories in procedures], dtype=np.int64)
    free_from = np.maximum(free_from, companies.created_month + _GRACE_MONTHS)
    end_day = np.full(size, NEVER, dtype=np.int64)
    closed_freely = np.zeros(size, dtype=np.bool_)
    hazard = climate.hazard(health, sensitivity(companies.created_month, companies.taille, months))
    chances, closing = rng.random((size, months)), rng.random((size, months))
    for month in range(months):
        exposed = (free_from <= month) & (end_day == NEVER)
        failing = exposed & (chances[:, month] < hazard[:, month] + climate.unforeseen)
        for company in np.flatnonzero(failing).tolist():
            cause = ANNOUNCED if chances[company, month] < hazard[company, month] else UNFORESEEN
            story = _open(rng, bool(companies.taille[company] < 10), cause, timeline, month)
            procedures[company].append(story)
            free_from[company], end_day[company] = _exit_month([story], timeline), story.stop_day
        leaving = exposed & ~failing & (closing[:, month] < _CLOSURE_RATE / 12)
        end_day[leaving] = timeline.first_day(month) + 27
        closed_freely |= leaving
    return _summarise(procedures, end_day, closed_freely, timeline)


def _open(rng: np.random.Generator, small: bool, cause: str, timeline: Timeline, month: int) -> Procedure:
    day = int(timeline.first_day(month)) + int(rng.integers(0, 28))
    return unfold(rng, draw_kind(rng, small), cause, day)


def _exit_month(stories: list[Procedure], timeline: Timeline) -> int:
    if not stories:
        return -NEVER
    exit_day = stories[-1].exit_day
    # Coming back is not the moment to fail again: six months of respite.
    return NEVER if exit_day == NEVER else int(timeline.month_of_day(exit_day)) + 6


def _former_procedures(rng: np.random.Generator, companies: Entreprises, timeline: Timeline) -> list[list[Procedure]]:
    """Proceedings opened before the history, by companies that lived through them."""
    stories: list[list[Procedure]] = [[] for _ in companies.siren]
    chosen = pick_share(rng, np.flatnonzero(companies.created_month < -30), FORMER_SHARE).tolist()
    # Rounded down, so that a single former one is out of its proceeding, the rarer case.
    running = set(chosen[: int(_STILL_IN_PLAN_SHARE * len(chosen))])
    start = int(timeline.first_day(0))
    for company in chosen:
        created_day = int(companies.created_day[company])
        stories[company] = [_survived(rng, created_day, start, company in running)]
    return stories


def _survived(rng: np.random.Generator, created_day: int, start: int, in_plan: bool) -> Procedure:
    """Draw until the story fits: opened after creation, survived, and over (or still in its plan) at the start."""
    kind = REDRESSEMENT if rng.random() < 0.8 else SAUVEGARDE
    oldest = max(start - 12 * 365, created_day + 200)
    while True:
        story = unfold(rng, kind, FORMER, int(rng.integers(oldest, start - 250)))
        survived = story.stop_day == NEVER and story.exit_day != NEVER
        if survived and (story.exit_day >= start) == in_plan:
            return story


def _summarise(
    procedures: list[list[Procedure]], end_day: IntArray, closed_freely: BoolArray, timeline: Timeline
) -> Fates:
    first = [next((story for story in stories if story.cause != FORMER), None) for stories in procedures]
    failure_day = np.array([story.opening_day if story else NEVER for story in first], dtype=np.int64)
    return Fates(
        procedures=procedures,
        failure_month=_month_or_never(failure_day, timeline),
        failure_day=failure_day,
        announced=np.array([story is not None and story.cause == ANNOUNCED for story in first], dtype=np.bool_),
        settled_day=np.array([story.settled_day if story else NEVER for story in first], dtype=np.int64),
        end_day=end_day,
        end_month=_month_or_never(end_day, timeline),
        closed_freely=closed_freely,
    )


def _month_or_never(day: IntArray, timeline: Timeline) -> IntArray:
    return np.where(day == NEVER, NEVER, timeline.month_of_day(np.minimum(day, NEVER - 1)))
