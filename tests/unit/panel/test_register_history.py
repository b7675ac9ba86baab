"""When an establishment was open: the register's history decides, and its figures agree with one another."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.panel.demographie import etablissement_events, register_changes

CREATED = date(2010, 1, 4)
FIRST, LAST = index_of(date(2010, 1, 1)), index_of(date(2026, 10, 1))
A, F = True, False
Period = tuple[date | None, date | None, bool]  # first day, last day, open
# name -> (periods of the history, unsorted; stock: open, since)
ONE_DELIVERY: dict[str, tuple[list[Period], tuple[bool, date | None] | None]] = {
    "reopened": (
        [
            (date(2019, 4, 30), None, A),
            (CREATED, date(2016, 9, 14), A),
            (date(2016, 9, 15), date(2019, 4, 29), F),
        ],
        (A, date(2019, 4, 30)),
    ),
    "closed twice in the stock": (
        [
            (date(2018, 5, 21), None, F),
            (date(2015, 8, 1), date(2018, 5, 20), F),
            (CREATED, date(2015, 7, 31), A),
        ],
        (F, date(2018, 5, 21)),
    ),
    "closed for two weeks": (
        [
            (CREATED, date(2020, 2, 21), A),
            (date(2020, 2, 22), date(2020, 3, 5), F),
            (date(2020, 3, 6), None, A),
        ],
        (A, date(2020, 3, 6)),
    ),
    "closed on the 20th": ([(CREATED, date(2020, 2, 19), A), (date(2020, 2, 20), None, F)], None),
    "closed on the 21st": ([(CREATED, date(2020, 2, 20), A), (date(2020, 2, 21), None, F)], None),
    "overlapping by a day": ([(CREATED, date(2020, 2, 20), A), (date(2020, 2, 20), None, F)], None),
    "same state told twice": ([(CREATED, date(2014, 1, 1), A), (date(2014, 1, 2), None, A)], (A, date(2014, 1, 2))),
    "no first day": ([(None, date(2020, 2, 10), A), (date(2020, 2, 11), None, F)], (F, date(2020, 2, 11))),
    "two periods of one day": (
        [(CREATED, None, F), (CREATED, date(2010, 1, 4), A)],  # open for a day: the longer one holds afterwards
        (F, CREATED),
    ),
    "a period is missing": ([(CREATED, date(2015, 3, 1), A), (date(2016, 3, 1), None, A)], (A, date(2016, 3, 1))),
    "silent since its end": ([(CREATED, date(2015, 3, 1), A)], (F, date(2015, 3, 2))),
    "one inside another": ([(CREATED, None, A), (date(2015, 3, 1), date(2016, 2, 29), F)], None),
    "stock alone, open": ([], (A, date(2018, 1, 1))),
    "stock alone, closed": ([], (F, date(2018, 1, 10))),
    "stock alone, closed without a date": ([], (F, None)),
    "the stock knows less": ([(CREATED, date(2020, 1, 1), A), (date(2020, 1, 2), None, F)], (A, CREATED)),
}
Spell = tuple[tuple[int, int], tuple[int, int]]
CLOSED: dict[str, list[Spell]] = {  # months (first, last) in which it is closed
    "reopened": [((2016, 9), (2019, 4))],
    "closed twice in the stock": [((2015, 8), (2026, 10))],
    "closed for two weeks": [],  # no cut-off falls in between
    "closed on the 20th": [((2020, 2), (2026, 10))],
    "closed on the 21st": [((2020, 3), (2026, 10))],
    "overlapping by a day": [((2020, 2), (2026, 10))],
    "same state told twice": [],
    "no first day": [((2020, 2), (2026, 10))],
    "two periods of one day": [((2010, 1), (2026, 10))],
    "a period is missing": [],
    "silent since its end": [((2015, 3), (2026, 10))],
    "one inside another": [((2015, 3), (2016, 2))],
    "stock alone, open": [],
    "stock alone, closed": [((2018, 1), (2026, 10))],
    "stock alone, closed without a date": [((2010, 1), (2026, 10))],
    "the stock knows less": [((2020, 1), (2026, 10))],
}
CLOSURES: dict[str, list[tuple[int, int]]] = {
    "reopened": [(2016, 9)],
    "closed twice in the stock": [(2015, 8)],
    "closed for two weeks": [(2020, 3)],
    "closed on the 20th": [(2020, 2)],
    "closed on the 21st": [(2020, 3)],
    "overlapping by a day": [(2020, 2)],
    "no first day": [(2020, 2)],
    "silent since its end": [(2015, 3)],
    "one inside another": [(2015, 3)],
    "stock alone, closed": [(2018, 1)],
    "the stock knows less": [(2020, 1)],
}


def of(year_and_month: tuple[int, int]) -> int:
    return index_of(date(*year_and_month, 1))


Site = dict[str, Any]


def sites_from(spark: SparkSession, stocks: list[tuple], periods: list[tuple]) -> dict[str, Site]:
    """The states and events of each establishment, month by month."""
    place = "_batch string, _line long, known_on date, superseded_on date"
    sirene = spark.createDataFrame(stocks, f"siret string, siren string, est_actif boolean, date_debut date, {place}")
    histo = spark.createDataFrame(
        periods, f"siret string, siren string, date_debut date, date_fin date, est_actif boolean, {place}"
    )
    register = register_changes(sirene, histo, cutoff_day=20).coalesce(2).cache()
    found: dict[str, Site] = {}
    for row in register.collect():
        site = found.setdefault(row["siret"], {"open": {}, "opened": {}, "closed": {}, "count": {}})
        for month in range(max(row["mois"], FIRST), (row["fin"] or LAST + 1)):
            assert month not in site["open"]  # one state a month
            site["open"][month] = row["est_ouvert"]
    for row in etablissement_events(register).collect():
        for name, column in (("opened", "nb_ouvertures"), ("closed", "nb_fermetures")):
            if row[column]:
                found[row["siret"]][name][row["mois"]] = row[column]
    for row in etablissement_events(register).collect():
        count = found[row["siret"]]["count"]
        count[row["mois"]] = count.get(row["mois"], 0) + row["nb_etablissements"]
    register.unpersist()
    return found


def check_agreement(site: Site) -> None:
    """From one month to the next, the number of open establishments changes by openings less closures."""
    present = sum(n for month, n in site["count"].items() if month < FIRST)
    for month in range(FIRST, LAST + 1):
        change = site["count"].get(month, 0)
        assert change == site["opened"].get(month, 0) - site["closed"].get(month, 0), start_of(month)
        present += change
        assert present == int(site["open"].get(month, False)), start_of(month)


@pytest.fixture(scope="module")
def sites(spark: SparkSession) -> dict[str, Site]:
    """Everything in one first delivery: periods are known when they begin, the stock at the creation."""
    stocks = [
        (name, "siren", stock[0], stock[1], "2610", 2, CREATED, None)
        for name, (_, stock) in ONE_DELIVERY.items()
        if stock
    ]
    periods = [
        (name, "siren", start, end, state, "2610", line, start or date(1900, 1, 1), None)
        for name, (some, _) in ONE_DELIVERY.items()
        for line, (start, end, state) in enumerate(some)
    ]
    return sites_from(spark, stocks, periods)


@pytest.mark.parametrize("name", ONE_DELIVERY)
def test_open_months_are_those_of_the_history(sites: dict[str, Site], name: str) -> None:
    closed = {month for first, last in CLOSED[name] for month in range(of(first), of(last) + 1)}
    assert {month for month, is_open in sites[name]["open"].items() if not is_open} == closed
    assert set(sites[name]["open"]) == set(range(FIRST, LAST + 1))


@pytest.mark.parametrize("name", ONE_DELIVERY)
def test_a_closure_counts_once_in_the_month_it_began(sites: dict[str, Site], name: str) -> None:
    assert sites[name]["closed"] == {of(month): 1 for month in CLOSURES.get(name, [])}


def test_a_reopening_is_an_opening(sites: dict[str, Site]) -> None:
    created = of((2010, 1))
    assert sites["reopened"]["opened"] == {created: 1, of((2019, 5)): 1}  # on 30 April: after the cut-off
    assert sites["closed for two weeks"]["opened"] == {created: 1, of((2020, 3)): 1}
    assert sites["stock alone, closed"]["opened"] == {created: 1}
    assert sites["two periods of one day"]["opened"] == {}  # not open at any cut-off


@pytest.mark.parametrize("name", ONE_DELIVERY)
def test_openings_closures_and_presence_agree(sites: dict[str, Site], name: str) -> None:
    check_agreement(sites[name])


# What later deliveries bring. (open, since, batch, known on, superseded on)
def d(month: int, day: int = 20) -> date:
    return date(2026, month, day)


STOCKS: dict[str, list[tuple[Any, ...]]] = {
    "closed, told late": [(A, CREATED, "2601", CREATED, d(5)), (F, d(3, 2), "2605", d(5), None)],
    "history of January, stock of May": [(A, CREATED, "2601", CREATED, d(5)), (F, d(4, 2), "2605", d(5), None)],
    "withdrawn while open": [(A, CREATED, "2601", CREATED, d(5))],
    "withdrawn while closed": [(F, date(2020, 1, 2), "2601", CREATED, d(5))],
    "closure to come": [(A, CREATED, "2601", CREATED, d(3)), (F, d(7, 1), "2603", d(3), None)],
    "closed, open after all": [(F, d(2, 10), "2603", d(3), d(6)), (A, CREATED, "2606", d(6), None)],
}
PERIODS: dict[str, list[tuple[Any, ...]]] = {
    "history of January, stock of May": [(CREATED, None, A, "2601", CREATED, None)],
    "corrected by the history": [
        (CREATED, None, A, "2601", CREATED, d(4)),
        (CREATED, d(1, 31), A, "2604", d(4), None),
        (d(2, 1), None, F, "2604", d(4), None),
    ],
    "closed and reopened, told late": [
        (CREATED, None, A, "2601", CREATED, d(6)),
        (CREATED, d(1, 31), A, "2606", d(6), None),
        (d(2, 1), d(3, 31), F, "2606", d(6), None),
        (d(4, 1), None, A, "2606", d(6), None),
    ],
}
KNOWN_EVENTS = {  # closures and openings of 2026
    "closed, told late": ({5: 1}, {}),
    "history of January, stock of May": ({5: 1}, {}),
    "withdrawn while open": ({}, {}),  # its last known state remains
    "withdrawn while closed": ({}, {}),
    "closure to come": ({7: 1}, {}),
    "closed, open after all": ({}, {6: 1}),
    "corrected by the history": ({4: 1}, {}),
    "closed and reopened, told late": ({}, {}),
}


def test_what_a_later_delivery_tells_counts_from_its_own_month(spark: SparkSession) -> None:
    stocks = [
        (name, "siren", state, since, batch, 2, known, until)
        for name, some in STOCKS.items()
        for state, since, batch, known, until in some
    ]
    periods = [
        (name, "siren", start, end, state, batch, 2, known, until)
        for name, some in PERIODS.items()
        for start, end, state, batch, known, until in some
    ]
    found = sites_from(spark, stocks, periods)
    december = of((2025, 12))
    in_2026 = {
        name: tuple({m - december: n for m, n in site[kind].items() if m > december} for kind in ("closed", "opened"))
        for name, site in found.items()
    }
    assert in_2026 == KNOWN_EVENTS
    for site in found.values():
        check_agreement(site)
