"""Random periods of establishments, as disorderly as real ones, against a slow function that looks at single days."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from pyspark.sql import SparkSession

from sf_spark.calendar import index_of, known_index, start_of
from sf_spark.panel.demographie import etablissement_events, register_changes

SITES = 300
LAST = index_of(date(2026, 10, 1))
BATCH, DELIVERED = "2610", date(2026, 10, 20)
Period = tuple[date | None, date | None, bool]


def a_life(rng: random.Random) -> list[Period]:
    """Periods that follow one another, with overlaps, repeats, gaps and twins; shuffled."""
    day = date(rng.randint(2005, 2022), rng.randint(1, 12), rng.randint(1, 28))
    state, periods = True, []
    for rank in range(rng.randint(1, 7)):
        length = rng.choice((0, 5, 20, 31, 200, 900))
        end = day + timedelta(days=length)
        start = None if rank == 0 and rng.random() < 0.15 else day
        periods.append((start, end, state))
        if rng.random() < 0.1:
            periods.append((start, end + timedelta(days=rng.randint(1, 40)), rng.random() < 0.5))  # begins the same day
        day = end + timedelta(days=rng.choice((1, 1, 1, 1, 0, 30)))
        state = state if rng.random() < 0.3 else not state
        if day > DELIVERED:
            break
    start, _, last = periods[-1]
    periods[-1] = (start, None, last) if rng.random() < 0.9 else periods[-1]
    rng.shuffle(periods)
    return [period for period in periods if period[0] is None or period[0] <= DELIVERED]


LIVES = {f"{seed:014d}": a_life(random.Random(seed)) for seed in range(SITES)}
NEVER, EVER = date(9999, 12, 31), date(1, 1, 1)


def is_open_on(periods: list[Period], day: date) -> bool:
    """The period that covers the day and began last, else the last that began: one day, one establishment at a time."""
    begun = [
        ((end or NEVER) >= day, start or EVER, end or NEVER, line, state)
        for line, (start, end, state) in enumerate(periods)
        if (start or EVER) <= day
    ]
    return max(begun)[4] if begun else False


def by_day(periods: list[Period]) -> tuple[set[int], Counter, Counter]:
    """Open months, closures and openings by month, walking through the days."""
    starts = [start for start, _, _ in periods if start]
    day = min(starts, default=date(2004, 1, 1)) - timedelta(days=400)
    was_open = is_open_on(periods, day)
    months, closed, opened = set(), Counter(), Counter()
    while day < date(2026, 10, 20):
        day += timedelta(days=1)
        now = is_open_on(periods, day)
        closed[known_index(day)] += was_open and not now
        opened[known_index(day)] += now and not was_open
        was_open = now
        if day.day == 20 and now:
            months.add(index_of(day))
    return months, +closed, +opened


@pytest.fixture(scope="module")
def expected() -> dict[str, tuple[set[int], Counter, Counter]]:
    return {siret: by_day(periods) for siret, periods in LIVES.items()}


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, tuple[set[int], Counter, Counter, Counter]]:
    place = "_batch string, _line long, known_on date, superseded_on date"
    rows = [
        (siret, siret[:9], start, end, state, BATCH, line, start or date(1900, 1, 1), None)
        for siret, periods in LIVES.items()
        for line, (start, end, state) in enumerate(periods)
    ]
    histo = spark.createDataFrame(
        rows, f"siret string, siren string, date_debut date, date_fin date, est_actif boolean, {place}"
    )
    sirene = spark.createDataFrame([], f"siret string, siren string, est_actif boolean, date_debut date, {place}")
    register = register_changes(sirene, histo).coalesce(2).cache()
    sites = {siret: (set(), Counter(), Counter(), Counter()) for siret in LIVES}
    for row in register.where("est_ouvert").collect():
        months = set(range(row["mois"], row["fin"] or LAST + 1))
        assert not months & sites[row["siret"]][0]  # at most one state a month
        sites[row["siret"]][0].update(months)
    for row in etablissement_events(register).collect():
        sites[row["siret"]][1][row["mois"]] += row["nb_fermetures"]
        sites[row["siret"]][2][row["mois"]] += row["nb_ouvertures"]
    for row in etablissement_events(register).collect():
        sites[row["siret"]][3][row["mois"]] += row["nb_etablissements"]
    register.unpersist()
    return sites


def since(start: int, months: Counter | set[int]) -> Counter | set[int]:
    if isinstance(months, set):
        return {month for month in months if month >= start}
    return +Counter({month: n for month, n in months.items() if month >= start})


def test_open_months_and_closures_are_those_of_the_days(expected: dict, found: dict) -> None:
    wrong = []
    for siret, (months, closed, opened) in expected.items():
        # A period without a first day began before the slow function looks.
        start = min((index_of(s) for s, _, _ in LIVES[siret] if s), default=index_of(date(2004, 1, 1))) - 6
        ours = found[siret]
        for name, mine, theirs in zip(("open", "closed", "opened"), ours, (months, closed, opened), strict=False):
            if since(start, mine) != since(start, theirs):
                wrong.append((siret, name, LIVES[siret]))
    assert wrong == []
    assert sum(sum(closed.values()) for _, closed, _ in expected.values()) > SITES / 2


def test_presence_changes_by_openings_less_closures(found: dict) -> None:
    for siret, (months, closed, opened, presence) in found.items():
        present = 0
        for month in sorted({*closed, *opened, *presence}):
            assert presence[month] == opened[month] - closed[month], (siret, start_of(month))
            present += presence[month]
            assert present == int(month in months), (siret, start_of(month))
