"""The history of the register of establishments: one line for each spell of an establishment's life."""

import numpy as np

from sf_spark.demo.files.encodings import iso_table
from sf_spark.demo.files.lines import LineVersions, split_at
from sf_spark.demo.files.registre import (
    CHANGE_DAY,
    CURRENT_NOMENCLATURE,
    NEW_NOMENCLATURE,
    REGISTRATION_DAYS,
    Era,
    by_era,
)
from sf_spark.demo.files.sirene import Fiche, registered
from sf_spark.demo.world import reference
from sf_spark.demo.world.arrays import NEVER
from sf_spark.demo.world.population import Population

BREAK_SHARE = 0.03  # share of establishments closed for a while, then open again
UNKNOWN_SHARE = 0.02  # share of establishments with a first spell of unknown state: readers leave it out
_SHORTEST_LIFE = 900  # days, for a break to find its place
_Spell = tuple[int, int, str, bool]  # first day, last day or NEVER, state (A, F or unknown), whether the state changed


def historique_lines(rng: np.random.Generator, register: np.random.Generator, population: Population) -> LineVersions:
    """Write the spells of every establishment of the register.

    Args:
        rng: Chance of the breaks.
        register: The random stream of the register of establishments, so that both files agree.
        population: The companies.
    """
    fiches, timeline = registered(register, population), population.timeline
    created, closed = (np.array([getattr(f, name) for f in fiches]) for name in ("created_day", "closed_day"))
    first, change = (timeline.batch_of_day(day + REGISTRATION_DAYS) for day in (created, closed))
    row, version, era, start, end = by_era(split_at(first, change, timeline.deliveries), timeline)
    chances, places = rng.random(len(fiches)).tolist(), rng.random((len(fiches), 2)).tolist()
    text: list[str] = []
    counts, unknown = [], []
    for rank, closing, of_era in zip(row.tolist(), version.tolist(), era.tolist(), strict=True):
        spells = _spells(fiches[rank], closing == 1, chances[rank], places[rank], int(timeline.cutoff_days[0]))
        spells = _recoded(spells, fiches[rank]) if of_era == Era.NEW else spells
        text += [_line(fiches[rank], spell) for spell in reversed(spells)]
        unknown += [not spell[2] for spell in reversed(spells)]
        counts.append(len(spells))
    skipped = np.array(unknown, dtype=np.bool_)
    return LineVersions(text, np.repeat(start, counts), np.repeat(end, counts), skipped=skipped)


def _spells(fiche: Fiche, closed: bool, chance: float, place: list[float], first_delivery: int) -> list[_Spell]:
    """Return the spells of an establishment, oldest first."""
    end = fiche.closed_day if closed else NEVER
    known_end = min(end, first_delivery)
    life = [(fiche.created_day, end - 1 if closed else NEVER, "A", False)]
    if chance < BREAK_SHARE and known_end - fiche.created_day > _SHORTEST_LIFE:
        # A break lies wholly before the first delivery: later lines of the register do not change for it.
        leaves = fiche.created_day + int((0.2 + 0.3 * place[0]) * (known_end - fiche.created_day))
        returns = leaves + int((0.1 + 0.2 * place[1]) * (known_end - fiche.created_day))
        life = [
            (fiche.created_day, leaves - 1, "A", False),
            (leaves, returns - 1, "F", True),
            (returns, life[0][1], "A", True),
        ]
    if chance > 1 - UNKNOWN_SHARE:
        life.insert(0, (-1, fiche.created_day - 1, "", False))
    return [*life, (end, NEVER, "F", True)] if closed else life


def _recoded(spells: list[_Spell], fiche: Fiche) -> list[_Spell]:
    """The spells as delivered from 2027 on: a spell over the change of nomenclature is split in two."""
    if fiche.nomenclature != CURRENT_NOMENCLATURE or (fiche.closed_day < CHANGE_DAY and spells[-1][2] == "F"):
        return spells
    cut: list[_Spell] = []
    for start, end, state, changed in spells:
        if start < CHANGE_DAY <= end and state == "A":
            cut += [(start, CHANGE_DAY - 1, state, changed), (CHANGE_DAY, end, state, False)]
        else:
            cut.append((start, end, state, changed))
    return cut


def _line(fiche: Fiche, spell: _Spell) -> str:
    start, end, state, changed = spell
    activity, nomenclature = fiche.activity, fiche.nomenclature
    recoded = start >= CHANGE_DAY and nomenclature == CURRENT_NOMENCLATURE
    if recoded:
        activity, nomenclature = reference.NAF_2025[activity], NEW_NOMENCLATURE
    days = iso_table()
    first = days[start] if start >= 0 else ""
    last = days[end] if end < NEVER - 1 else ""
    moved = "true" if changed else "false"
    return (
        f"{fiche.siret[:9]},{fiche.siret[9:]},{fiche.siret},{last},{first},{state},{moved},,,,false,,false,"
        f"{activity},{nomenclature},{'true' if start == CHANGE_DAY and recoded else 'false'},O,false"
    )
