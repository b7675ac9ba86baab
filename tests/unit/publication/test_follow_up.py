"""The table of follow-ups, and the funnel: what counts for which list, territory and service."""

from datetime import date
from math import sqrt

import pytest
from pyspark.sql import DataFrame, SparkSession

from sf_spark.publication.follow_up import ALL, FOLLOW_UP, follow_up_rows, funnel
from sf_spark.publication.list_columns import SCHEMA as LISTS

SUIVI = (
    "siret string, date date, service string, agent string, state string, niveau string, actions string, "
    "difficultes string, resultat string, commentaire string, known_on date, _batch string, _file string, _line long"
)
AVIS = (
    "siren string, liste string, date date, service string, agent string, utile boolean, motifs string, "
    "commentaire string, known_on date, _batch string, _file string, _line long"
)
MARCH, FIRST = date(2026, 3, 1), "detection-2026-03"


def frame(spark: SparkSession, ddl: str, rows: list[dict]) -> DataFrame:
    names = spark.createDataFrame([], ddl).columns
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], ddl).coalesce(1)


def note(siren: str, day: date, state: str, service: str = "ddets_25", actions: tuple[str, ...] = ()) -> dict:
    row = {"siren": siren, "siret": f"{siren}00011", "date": day, "service": service, "type": "suivi"}
    return row | {"state": state, "actions": list(actions)}


def opinion(siren: str, useful: bool, service: str = "ddets_25", agent: str = "A", name: str = FIRST) -> dict:
    row = {"siren": siren, "list": name, "date": date(2026, 4, 1), "service": service, "type": "avis"}
    return row | {"agent": agent, "utile": useful}


@pytest.fixture(scope="module")
def counted(spark: SparkSession) -> dict[tuple[str, str, str], dict]:
    def listed(siren: str, departement: str | None, rank: int | None = 1, name: str = FIRST, edition: int = 1) -> dict:
        row = {"list": name, "periode": MARCH, "horizon": 18, "edition": edition}
        return row | {"siren": siren, "departement": departement, "rank": rank}

    lists = [
        *(listed(str(n), "25") for n in range(1, 5)),
        listed("5", "2A"),
        listed("6", None),
        listed("7", "25", rank=None),  # has just left the list
    ]
    corrected = [listed("1", "25", name="detection-2026-02-v2", edition=2) | {"periode": date(2026, 2, 1)}]
    replaced = [listed("9", "25", name="detection-2026-02") | {"periode": date(2026, 2, 1)}]
    done = ("Soutien financier public",)
    follow_up = [
        note("1", date(2026, 3, 21), "sous surveillance"),  # the day after the cut-off
        note("1", date(2026, 5, 2), "en cours", actions=done),
        note("2", date(2027, 3, 20), "sous surveillance", service="urssaf"),  # the last day of its year
        note("3", date(2026, 3, 20), "en cours", actions=done),  # of March, before its list; after that of February
        note("4", date(2027, 3, 21), "en cours", actions=done),  # a year is over
        note("5", date(2026, 4, 1), "en cours"),  # contacted, nothing done yet
        note("7", date(2026, 4, 1), "en cours", actions=done),
        opinion("1", True),
        opinion("1", True, agent="B"),
        opinion("1", False, service="urssaf"),
        opinion("2", True),
        opinion("2", False, agent="B"),  # a tie is not right
        opinion("4", False),
        opinion("8", True),  # on no list
        opinion("1", True, name="detection-2026-01"),
        opinion("1", True, name="detection-2026-02"),  # of the edition that a correction has replaced
        opinion("1", False, service=ALL, name="detection-2026-02-v2"),  # a service of that name is counted once
    ]
    rows = funnel(
        frame(spark, LISTS, [*lists, *corrected, *replaced]), frame(spark, FOLLOW_UP, follow_up), cutoff_day=20
    )
    return {(row["list"], row["departement"], row["service"]): row.asDict() for row in rows.collect()}


def test_detected_contacted_accompanied(counted) -> None:
    steps = ("detectees", "contactees", "accompagnees")
    found = {key[1:]: tuple(row[step] for step in steps) for key, row in counted.items() if key[0] == FIRST}
    assert found == {
        ("25", "ddets_25"): (4, 1, 1),
        ("25", "urssaf"): (4, 1, 0),
        ("25", ALL): (4, 2, 1),
        ("2A", "ddets_25"): (1, 1, 0),
        ("2A", ALL): (1, 1, 0),
        ("inconnu", ALL): (1, 0, 0),
        (ALL, "ddets_25"): (6, 2, 1),
        (ALL, "urssaf"): (6, 1, 0),
        (ALL, ALL): (6, 3, 1),
    }


def test_useful_detections_and_precision_as_the_field_sees_it(counted) -> None:
    row = counted[(FIRST, ALL, ALL)]
    assert (row["avis"], row["avis_utiles"], row["part_utile"]) == (6, 3, 3 / 6)
    # 1: two of three say useful; 2: a tie; 4: not
    assert (row["entreprises_jugees"], row["detections_justes"], row["precision_terrain"]) == (3, 1, 1 / 3)
    z, n, p = 1.6449, 3, 1 / 3
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    assert (row["precision_basse"], row["precision_haute"]) == pytest.approx((centre - half, centre + half))
    silent = counted[(FIRST, "inconnu", ALL)]
    assert [silent[name] for name in ("avis", "part_utile", "precision_terrain", "precision_basse")] == [0] + [None] * 3


def test_the_edition_in_force_is_reported(counted) -> None:
    february = {key[0] for key in counted} - {FIRST}
    assert february == {"detection-2026-02-v2"}
    row = counted[("detection-2026-02-v2", "25", ALL)]
    assert (row["detectees"], row["contactees"], row["accompagnees"], row["avis"]) == (1, 1, 1, 2)


def test_the_last_line_of_a_note_or_opinion_holds(spark: SparkSession) -> None:
    siret, day = "11111111100011", date(2026, 3, 9)
    place = {"siret": siret, "date": day, "service": "ddets_25", "known_on": day, "_file": "f"}
    said = {"siren": "111111111", "liste": FIRST, "date": day, "service": "ddets_25", "agent": "A", "known_on": day}
    rows = follow_up_rows(
        frame(
            spark,
            SUIVI,
            [
                place | {"state": "en cours", "_batch": "2603", "_line": 2, "actions": "Soutien financier public"},
                place | {"state": "terminé", "_batch": "2603", "_line": 3, "actions": "Prise en charge judiciaire|x"},
            ],
        ),
        frame(
            spark,
            AVIS,
            [
                said | {"utile": False, "motifs": "Déjà connue", "_batch": "2604", "_line": 2},
                said | {"utile": True, "_batch": "2603", "_line": 9, "known_on": date(2026, 3, 10)},
            ],
        ),
    ).collect()
    found = {row["type"]: row for row in rows}
    assert len(rows) == 2
    assert found["suivi"].asDict() | {"known_on": None} == {
        "siren": "111111111",
        "siret": siret,
        "date": day,
        "service": "ddets_25",
        "agent": None,
        "type": "suivi",
        "list": None,
        "state": "terminé",
        "niveau": None,
        "actions": ["Prise en charge judiciaire", "x"],
        "difficultes": [],
        "resultat": None,
        "utile": None,
        "motifs": None,
        "commentaire": None,
        "known_on": None,
    }
    assert (found["avis"]["utile"], found["avis"]["motifs"], found["avis"]["list"]) == (True, [], FIRST)
