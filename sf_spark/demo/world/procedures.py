"""Collective proceedings: how one unfolds once it opens."""

from dataclasses import dataclass

import numpy as np

from sf_spark.demo.world.arrays import NEVER

LIQUIDATION, REDRESSEMENT, SAUVEGARDE = "liquidation", "redressement", "sauvegarde"
# Why a proceeding opened: announced by poor health, out of the blue, or before the history.
ANNOUNCED, UNFORESEEN, FORMER = "sante", "imprevu", "ancienne"
_YEAR = 365


@dataclass(frozen=True)
class Event:
    """One stage of a proceeding, on its effect date."""

    day: int
    action: str
    stage: str


@dataclass(frozen=True)
class Procedure:
    """One proceeding from its opening to its end."""

    kind: str  # action of its first opening
    cause: str  # ANNOUNCED, UNFORESEEN or FORMER
    opening_day: int
    events: tuple[Event, ...]
    exit_day: int  # back to normal life; NEVER when it is not
    stop_day: int  # activity ends; NEVER when it goes on

    @property
    def settled_day(self) -> int:
        """Day from which old debts are paid again: the plan, or the exit."""
        plans = [event.day for event in self.events if event.stage == "plan_continuation"]
        return min([*plans, self.exit_day])


def unfold(rng: np.random.Generator, kind: str, cause: str, opening_day: int) -> Procedure:
    """Draw the stages that follow an opening of that kind."""
    story = {LIQUIDATION: _liquidation, REDRESSEMENT: _redressement, SAUVEGARDE: _sauvegarde}[kind]
    events, exit_day, stop_day = story(rng, opening_day)
    ordered = tuple(sorted(events, key=lambda event: event.day))
    return Procedure(kind, cause, opening_day, ordered, exit_day, stop_day)


def draw_kind(rng: np.random.Generator, small: bool) -> str:
    """Draw the kind of a proceeding: very small companies are mostly liquidated at once."""
    chance = rng.random()
    if chance < (0.58 if small else 0.42):
        return LIQUIDATION
    return SAUVEGARDE if chance > (0.96 if small else 0.91) else REDRESSEMENT


_Story = tuple[list[Event], int, int]


def _days(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


def _liquidation(rng: np.random.Generator, day: int) -> _Story:
    """Direct liquidation: activity stops within weeks, the file closes years later for want of assets."""
    events = [Event(day, LIQUIDATION, "ouverture")]
    if rng.random() < 0.6:
        events.append(Event(day + _days(rng, 300, 900), LIQUIDATION, "cloture_insuffisance_actif"))
    return events, NEVER, day + _days(rng, 5, 75)


def _redressement(rng: np.random.Generator, day: int) -> _Story:
    """Redressement: converted into liquidation, ended by a plan, dropped, or over quickly."""
    events = [Event(day, REDRESSEMENT, "ouverture")]
    chance = rng.random()
    if chance < 0.45:
        return _convert(rng, events, REDRESSEMENT, day + _days(rng, 60, 400))
    if chance < 0.88:
        return _continue_under_plan(rng, events, REDRESSEMENT, day + _days(rng, 240, 420))
    if chance < 0.93:
        end, stage = day + _days(rng, 20, 60), "abandon_procedure"
    else:
        end, stage = day + _days(rng, 120, 300), "fin_procedure"
    return [*events, Event(end, REDRESSEMENT, stage)], end, NEVER


def _sauvegarde(rng: np.random.Generator, day: int) -> _Story:
    """Sauvegarde: a plan most of the time, otherwise a way into redressement or out."""
    events = [Event(day, SAUVEGARDE, "ouverture")]
    chance = rng.random()
    if chance < 0.6:
        return _continue_under_plan(rng, events, SAUVEGARDE, day + _days(rng, 200, 400))
    if chance < 0.85:
        change = day + _days(rng, 90, 330)
        later, exit_day, stop_day = _redressement(rng, change)
        return [*events, Event(change, SAUVEGARDE, "inclusion_autre_procedure"), *later], exit_day, stop_day
    end = day + _days(rng, 150, 400)
    return [*events, Event(end, SAUVEGARDE, "fin_procedure")], end, NEVER


def _convert(rng: np.random.Generator, events: list[Event], action: str, day: int) -> _Story:
    closing, exit_day, stop_day = _liquidation(rng, day)
    return [*events, Event(day, action, "inclusion_autre_procedure"), *closing], exit_day, stop_day


def _continue_under_plan(rng: np.random.Generator, events: list[Event], action: str, day: int) -> _Story:
    """A plan lasts up to ten years; one in five breaks, early repayment ends some of them sooner."""
    planned = [*events, Event(day, action, "plan_continuation")]
    if rng.random() < 0.2:
        return _convert(rng, planned, action, day + _days(rng, _YEAR, 3 * _YEAR))
    longest = 10 if rng.random() < 0.5 else 3
    end = day + _days(rng, _YEAR, longest * _YEAR)
    return [*planned, Event(end, action, "fin_procedure")], end, NEVER
