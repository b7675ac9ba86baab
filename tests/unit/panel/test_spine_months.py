"""The months with a row: from the first known fact to the closure, as known at each cut-off."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of
from sf_spark.panel.demographie import etablissement_events, register_changes
from sf_spark.panel.spine import closures, company_months, months_between, open_spells

DECEMBER = index_of(date(2023, 12, 1))  # months of 2024 are counted from it: 1 to 12
LAST = 12
CREATED = date(2020, 1, 15)


def d(month: int, day: int = 20) -> date:
    return date(2024, month, day)


# What the register says: open?, since when closed, known on, superseded on.
REGISTER: dict[str, list[tuple]] = {
    "open": [(True, None, CREATED, None)],
    "closed": [(True, None, CREATED, d(8)), (False, d(7, 10), d(8), None)],
    "closure in a first delivery": [(False, d(7, 10), CREATED, None)],
    "closure on the 21st": [(False, d(7, 21), CREATED, None)],
    "closure without a date": [(True, None, CREATED, d(6)), (False, None, d(6), None)],
    "closure to come": [(True, None, CREATED, d(3)), (False, d(7, 1), d(3), None)],
    "reopened": [(False, d(4, 1), CREATED, d(9)), (True, None, d(9), None)],
    "closed, then corrected": [(False, d(4, 1), CREATED, d(9)), (False, d(4, 1), d(9), None)],
    "withdrawn": [(False, d(4, 1), CREATED, d(9))],
    "told twice": [(False, d(4, 1), CREATED, None), (True, None, CREATED, None)],
    "closed before all": [(False, date(2023, 5, 1), CREATED, None)],
}
FACTS: dict[str, list[int]] = {name: [5, 2, 14] for name in REGISTER} | {
    "unknown to the register": [11, 13],
    "beyond the last month": [13],
    "closure without a date": [7],
}
EXPECTED: dict[str, list[int]] = {
    "open": [*range(2, LAST + 1)],
    "closed": [*range(2, 9)],  # the row of the month in which the closure becomes known is the last one
    "closure in a first delivery": [*range(2, 8)],
    "closure on the 21st": [*range(2, 9)],
    "closure without a date": [],  # known closed before its first fact
    "closure to come": [*range(2, 8)],
    "reopened": [2, 3, 4, 9, 10, 11, 12],
    "closed, then corrected": [2, 3, 4],  # still closed: no row comes back in September
    "withdrawn": [2, 3, 4],  # no longer in the register: its last state remains
    "told twice": [*range(2, LAST + 1)],  # the last line of a delivery counts
    "closed before all": [],
    "unknown to the register": [11, 12],
    "beyond the last month": [],
}
# Months in which the number of open establishments changes, and by how much.
PRESENCE: dict[str, dict[int, int]] = {
    "open": {},
    "closed": {8: -1},
    "closure in a first delivery": {7: -1},
    "closure to come": {7: -1},
    "reopened": {4: -1, 9: 1},
    "closed, then corrected": {4: -1},
    "withdrawn": {4: -1},
    "told twice": {},
}
OPEN: dict[str, list[int]] = {  # of these months, those in which it is open
    "closed": [*range(2, 8)],
    "closure in a first delivery": [*range(2, 7)],
    "closure on the 21st": [*range(2, 8)],
    "closure to come": [*range(2, 7)],
    "reopened": [2, 3, 9, 10, 11, 12],
    "closed, then corrected": [2, 3],
    "withdrawn": [2, 3],
}


@pytest.fixture(scope="module")
def register(spark: SparkSession) -> DataFrame:
    rows = [
        (name, "siren", is_open, since, "2401", line, known, until)
        for name, versions in REGISTER.items()
        for line, (is_open, since, known, until) in enumerate(versions, start=2)
    ]
    schema = "siret string, siren string, est_actif boolean, date_debut date, _batch string, _line long, known_on date"
    sirene = spark.createDataFrame(rows, schema + ", superseded_on date")
    return register_changes(
        sirene, sirene.withColumn("date_fin", F.lit(None).cast("date")).where("false"), cutoff_day=20
    )


@pytest.fixture(scope="module")
def rows(spark: SparkSession, register: DataFrame) -> dict[str, list[tuple[int, bool]]]:
    facts = [(name, "siren", DECEMBER + month) for name, months in FACTS.items() for month in months]
    frame = spark.createDataFrame(facts, "siret string, siren string, mois int")
    found: dict[str, list[tuple[int, bool]]] = {name: [] for name in EXPECTED}
    for row in months_between(open_spells(frame, closures(register), DECEMBER + LAST)).orderBy("mois").collect():
        found[row["siret"]].append((row["mois"] - DECEMBER, row["est_ouvert"]))
    return found


@pytest.mark.parametrize(("name", "months"), EXPECTED.items())
def test_an_establishment_has_a_row_unless_it_is_known_to_have_closed(rows: dict, name: str, months: list[int]) -> None:
    assert [month for month, _ in rows[name]] == months
    assert [month for month, is_open in rows[name] if is_open] == OPEN.get(name, months)


def test_open_establishments_are_counted_to_the_month_of_their_closure(register: DataFrame) -> None:
    changes: dict[str, dict[int, int]] = {name: {} for name in PRESENCE}
    for row in etablissement_events(register).collect():
        by_month, month = changes.get(row["siret"], {}), row["mois"] - DECEMBER
        by_month[month] = by_month.get(month, 0) + row["nb_etablissements"]
    created = index_of(CREATED) - DECEMBER
    assert all(by_month.pop(created) == 1 for by_month in changes.values())
    assert {name: {m: n for m, n in by_month.items() if n} for name, by_month in changes.items()} == PRESENCE


# Spells of the establishments (register included), months of the facts, and the rows of the company.
COMPANIES: dict[str, tuple[list[tuple[int, int]], list[int], list[int]]] = {
    "one after the other": ([(2, 4), (8, 10)], [2, 8], [2, 3, 4, 8, 9, 10]),
    "overlapping": ([(2, 6), (4, 12)], [2], [*range(2, 13)]),
    "open long before its first fact": ([(-40, 6)], [3, 4], [3, 4, 5, 6]),
    "another site is still open": ([(2, 4), (-40, 12)], [2], [*range(2, 13)]),
    "headcounts before any site": ([(5, 6)], [9, 3], [3, 4, 5, 6]),
    "only headcounts": ([], [9, 7], [*range(7, 13)]),
    "headcounts beyond the last month": ([], [13], []),
    "facts after its closure": ([(2, 4)], [6], []),
    "only in the register": ([(2, 12)], [], []),
}


def test_a_company_has_a_row_while_one_of_its_sites_is_open(spark: SparkSession) -> None:
    spells = spark.createDataFrame(
        [(siren, DECEMBER + a, DECEMBER + b) for siren, (some, _, _) in COMPANIES.items() for a, b in some],
        "siren string, premier int, dernier int",
    )
    facts = spark.createDataFrame(
        [(siren, DECEMBER + month) for siren, (_, some, _) in COMPANIES.items() for month in some],
        "siren string, mois int",
    )
    found: dict[str, list[int]] = {siren: [] for siren in COMPANIES}
    for row in company_months(spells, facts, DECEMBER + LAST).orderBy("mois").collect():
        found[row["siren"]].append(row["mois"] - DECEMBER)
    assert found == {siren: months for siren, (_, _, months) in COMPANIES.items()}
