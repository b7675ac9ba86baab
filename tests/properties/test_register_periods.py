"""Random periods of establishments, as irregular as real ones, against a slow day-by-day function."""

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of, known_index, start_of
from sf_spark.panel.build import PanelRules, entreprise_panel, etablissement_panel
from sf_spark.panel.demographie import etablissement_events, register_changes
from sf_spark.panel.inputs import StagedTables

SITES = 3000
FIRST_BATCH, SECOND_BATCH = "2601", "2607"
DELIVERED = {FIRST_BATCH: date(2026, 1, 20), SECOND_BATCH: date(2026, 7, 20)}
LAST = index_of(date(2026, 10, 1))
NEVER, EVER, UNKNOWN = date(9999, 12, 31), date(1, 1, 1), date(1900, 1, 1)
Period = tuple[date | None, date | None, bool]


@dataclass(frozen=True)
class Version:
    """A row of the staged register: of its history, or of the stock (which has no last day)."""

    first: date | None
    last: date | None
    is_open: bool
    of_history: bool
    batch: str
    line: int
    known_on: date
    superseded_on: date | None = None

    @property
    def begin(self) -> date:
        return self.first or EVER

    @property
    def end(self) -> date:
        return self.last or NEVER

    @property
    def seen(self) -> range:
        """The months on whose cut-off it is known."""
        until = known_index(self.superseded_on, 20) if self.superseded_on else index_of(NEVER)
        return range(known_index(self.known_on, 20), until)


def a_life(rng: random.Random, delivered: date) -> list[Period]:
    """Consecutive periods, with overlaps, repeats, gaps and twins; shuffled."""
    day = date(rng.randint(2005, 2024), rng.randint(1, 12), rng.randint(1, 28))
    state = rng.random() < 0.95
    periods: list[tuple[date | None, date | None, bool]] = []
    for rank in range(rng.randint(1, 7)):
        length = rng.choice((0, 0, 5, 20, 31, 200, 900))
        end = day + timedelta(days=length)
        start = None if rank == 0 and rng.random() < 0.15 else day
        periods.append((start, end, state))
        if rng.random() < 0.1:
            periods.append((start, end + timedelta(days=rng.randint(1, 40)), rng.random() < 0.5))  # begins the same day
        day = end + timedelta(days=rng.choice((1, 1, 1, 1, 0, 30)))
        state = state if rng.random() < 0.3 else not state
        if day > delivered:
            break
    start, _, last = periods[-1]
    periods[-1] = (start, None, last) if rng.random() < 0.9 else periods[-1]
    rng.shuffle(periods)
    return [period for period in periods if period[0] is None or period[0] <= delivered]


def in_stock(rng: random.Random, life: list[Period], delivered: date) -> tuple[date | None, bool] | None:
    """The row of the stock: none, the last period, an older one, or one that is missing in the history."""
    kind = rng.choice(("nothing", "last", "last", "older", "later", "undated"))
    if kind == "nothing" or not life:
        return None if life else (date(2015, 3, rng.randint(1, 28)), rng.random() < 0.5)
    start, _, state = max(life, key=lambda period: period[0] or EVER)
    if kind == "older":
        start, _, state = rng.choice(life)
    if kind == "later":
        after = min((start or date(2015, 1, 1)) + timedelta(days=rng.choice((0, 3, 40, 400))), delivered)
        return after, rng.random() < 0.5
    return (None if kind == "undated" else start), state


def draw_versions(rng: random.Random) -> list[Version]:
    """The staged versions of an establishment after one or two deliveries."""
    life = a_life(rng, DELIVERED[FIRST_BATCH]) if rng.random() < 0.9 else []
    now, stock = [(*period, True) for period in life], in_stock(rng, life, DELIVERED[FIRST_BATCH])
    now += [(stock[0], None, stock[1], False)] if stock else []
    versions = [Version(*row, FIRST_BATCH, line, row[0] or UNKNOWN) for line, row in enumerate(now)]
    if rng.random() < 0.6:
        return versions
    # Corrected, continued or removed: unchanged versions stay, the others are superseded.
    life = [period for period in life if rng.random() < 0.8]
    if rng.random() < 0.5:
        life = life + a_life(rng, DELIVERED[SECOND_BATCH])[:2]
    stock = in_stock(rng, life, DELIVERED[SECOND_BATCH]) if rng.random() < 0.5 else stock
    later = [(*period, True) for period in life] + ([(stock[0], None, stock[1], False)] if stock else [])
    day = DELIVERED[SECOND_BATCH]
    kept = [
        v if row in later else Version(*row, FIRST_BATCH, v.line, v.known_on, day)
        for v, row in zip(versions, now, strict=True)
    ]
    new = [row for row in dict.fromkeys(later) if row not in now]
    return kept + [Version(*row, SECOND_BATCH, line, day) for line, row in enumerate(new)]


LIVES = {
    f"{seed // 3:09d}{seed % 3:05d}": draw_versions(random.Random(seed)) for seed in range(SITES)
}  # three a company


def is_open_on(versions: list[Version], day: date) -> bool | None:
    """The period that covers the day and began last, else the last that began; the stock where it is more recent."""
    history = [v for v in versions if v.of_history]
    begun = [((v.end >= day), v.begin, v.end, v.batch, v.line, v.is_open) for v in history if v.begin <= day]
    stocks = [(v.batch, v.line, v.begin, v.is_open) for v in versions if not v.of_history]
    covers, begin, _, _, _, state = max(begun) if begun else (False, EVER, EVER, "", 0, None)
    if not stocks:
        return state
    batch, _, since, stock_state = max(stocks)
    if state is None:
        return stock_state or since > day
    knows_more = batch > max(v.batch for v in history) or not covers
    return stock_state if begin < since <= day and knows_more else state


def cutoff(month: int) -> date:
    return start_of(month).replace(day=20)


@dataclass
class Site:
    """Months in which the register says that an establishment is open, closures and openings by month."""

    open: set[int] = field(default_factory=set)
    closed: Counter = field(default_factory=Counter)
    opened: Counter = field(default_factory=Counter)
    shut: set[int] = field(default_factory=set)  # months in which it is closed; other months are unknown


def seen_in(versions: list[Version], month: int) -> list[Version]:
    """The versions known at a cut-off; for an establishment that left the register, the last known ones."""
    seen = [v for v in versions if month in v.seen]
    last = max((v.seen.stop for v in versions if v.seen.stop <= month), default=0)
    return seen or [v for v in versions if v.seen.stop == last]


def by_day(versions: list[Version]) -> Site:
    """The states by month, from the days on which a period begins or has just ended."""
    versions = [v for v in versions if v.seen]  # the others were never visible
    site, path, seen, turns, until = Site(), [None], [], [], 0
    for month in range(min((v.seen.start for v in versions), default=LAST + 1), LAST + 1):
        start, end = cutoff(month - 1), cutoff(month)
        becomes_known = month >= until
        if becomes_known:  # something becomes known, or is withdrawn
            seen = seen_in(versions, month)
            turns = sorted({turn for v in seen for turn in (v.begin, v.end + timedelta(days=1) if v.last else EVER)})
            until = min((m for v in versions for m in (v.seen.start, v.seen.stop) if m > month), default=LAST + 1)
        days = [day for day in turns[bisect_right(turns, start) :] if day <= end]
        if becomes_known or days:
            # The state known a month ago, the present knowledge of that day, and later changes.
            corrected = [path[-1], is_open_on(seen, start)] if len(path) > 1 else path
            path = [*corrected, *(is_open_on(seen, day) for day in days), is_open_on(seen, end)]
        else:
            path = [path[-1], path[-1]]
        steps = list(zip(path, path[1:], strict=False))
        site.closed[month] += sum(a is True and b is not True for a, b in steps)
        site.opened[month] += sum(a is not True and b is True for a, b in steps)
        if path[-1] is not None:
            (site.open if path[-1] else site.shut).add(month)
    return Site(site.open, +site.closed, +site.opened, site.shut)


PLACE = "_batch string, _line long, known_on date, superseded_on date"
SITE = "siret string, siren string"


def rows_of(sirets: Iterable[str], of_history: bool) -> list[tuple]:
    return [
        (siret, siret[:9], v.first, *([v.last] if of_history else []), v.is_open)
        + (v.batch, v.line, v.known_on, v.superseded_on)
        for siret in sirets
        for v in LIVES[siret]
        if v.of_history == of_history
    ]


@pytest.fixture(scope="module")
def expected() -> dict[str, Site]:
    return {siret: by_day(versions) for siret, versions in LIVES.items()}


def test_open_months_and_closures_are_those_of_the_days(spark: SparkSession, expected: dict[str, Site]) -> None:
    histo = spark.createDataFrame(
        rows_of(LIVES, True), f"{SITE}, date_debut date, date_fin date, est_actif boolean, {PLACE}"
    )
    sirene = spark.createDataFrame(rows_of(LIVES, False), f"{SITE}, date_debut date, est_actif boolean, {PLACE}")
    register = register_changes(sirene, histo, cutoff_day=20).coalesce(2).cache()
    found = {siret: Site() for siret in LIVES}
    present: Counter = Counter()
    for row in register.collect():
        months, site = set(range(row["mois"], min(row["fin"] or LAST + 1, LAST + 1))), found[row["siret"]]
        assert not months & (site.open | site.shut)  # at most one state a month
        (site.open if row["est_ouvert"] else site.shut).update(months)
    for row in etablissement_events(register).where(F.col("mois") <= LAST).collect():
        found[row["siret"]].closed[row["mois"]] += row["nb_fermetures"]
        found[row["siret"]].opened[row["mois"]] += row["nb_ouvertures"]
        present[row["siret"], row["mois"]] += row["nb_etablissements"]
    register.unpersist()
    wrong = []
    for siret, site in found.items():
        ours = Site(site.open, +site.closed, +site.opened, site.shut)
        if ours != expected[siret]:
            wrong.append((siret, LIVES[siret], ours, expected[siret]))
        count = 0
        for month in sorted({*ours.closed, *ours.opened}):
            assert present[siret, month] == ours.opened[month] - ours.closed[month]
            count += present[siret, month]
            assert count == int(month in ours.open), (siret, start_of(month))
    assert wrong == [], f"{len(wrong)} of {SITES}"
    assert sum(sum(site.closed.values()) for site in expected.values()) > SITES / 2
    assert sum(len(site.open) > 0 for site in expected.values()) > SITES / 2


@pytest.mark.long  # both panels over twenty years
def test_the_panels_hold_the_same_months_and_counts(spark: SparkSession, expected: dict[str, Site]) -> None:
    sirets = [*LIVES][:300]

    def table(name: str, ddl: str) -> DataFrame:
        kinds = dict(column.split(" ") for column in ddl.split(", "))
        known: list[dict] = []
        if name in ("sirene", "sirene_histo"):
            of_history = name == "sirene_histo"
            columns = ["siret", "siren", "date_debut", *(["date_fin"] if of_history else []), "est_actif"]
            columns += ["_batch", "_line", "known_on", "superseded_on"]
            known = [dict(zip(columns, row, strict=True)) for row in rows_of(sirets, of_history)]
        if name == "effectif":
            fact = {"effectif": 5, "periode": date(2004, 1, 1), "known_on": date(2004, 5, 20), "_batch": FIRST_BATCH}
            known = [fact | {"siret": siret, "_line": line} for line, siret in enumerate(sirets)]
        return spark.createDataFrame([tuple(row.get(column) for column in kinds) for row in known], ddl)

    start = index_of(date(2006, 1, 1))
    tables, rules = StagedTables.read(table, cutoff_day=20), PanelRules(LAST, 10, 36, first_month=start, cutoff_day=20)
    sites = etablissement_panel(tables, rules, None).persist()
    rows = sites.select("siret", "periode", "est_ouvert").collect()
    assert len({(row["siret"], row["periode"]) for row in rows}) == len(rows)  # at most one row a site and month
    ours = {(row["siret"], index_of(row["periode"])) for row in rows if row["est_ouvert"]}
    # An establishment counts as open until the register says otherwise.
    theirs = {(s, month) for s in sirets for month in range(start, LAST + 1) if month not in expected[s].shut}
    assert ours == theirs
    companies = entreprise_panel(tables, sites, rules, None).collect()
    sites.unpersist()
    found = {(row["siren"], index_of(row["periode"])): row for row in companies}
    assert len(found) == len(companies)
    assert found.keys() >= {(siret[:9], month) for siret, month in theirs}
    for (siren, month), row in found.items():
        own = [expected[siret] for siret in sirets if siret.startswith(siren)]
        assert row["nb_etablissements"] == sum(month in site.open for site in own), (siren, start_of(month))
        assert row["nb_fermetures"] == sum(site.closed[month] for site in own), (siren, start_of(month))
        assert row["nb_ouvertures"] == sum(site.opened[month] for site in own), (siren, start_of(month))
