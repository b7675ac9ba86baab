"""From NAF rev. 2 to NAF 2025 and back: a unit's own code, else the most frequent one of the units known under both."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of
from sf_spark.domain.naf_bridge import bridge, with_own_codes
from sf_spark.panel.build import Exclusions

CREATED, BEFORE, CHANGE, LATER = date(2012, 3, 5), date(2024, 6, 20), date(2024, 7, 20), date(2024, 10, 20)
KEEPS, SILENT, NEW, MOVED, ALONE, SCHOOL = (f"{number}00000001" for number in range(1, 7))
PEERS = [f"9{number:08d}" for number in range(3)]


def unit(siren: str, ape: str | None, naf25: str | None, known: date, until: date | None, batch: str) -> dict[str, Any]:
    codes = {"ape": ape, "ape_naf25": naf25}
    return {"siren": siren, **codes, "_batch": batch, "known_on": known, "superseded_on": until}


def both(siren: str, ape: str, naf25: str | None, after: str) -> list[dict[str, Any]]:
    """A unit before and after the change."""
    return [
        unit(siren, ape, naf25, CREATED, CHANGE, "2406"),
        unit(siren, None, after, CHANGE, None, "2407"),
    ]


UNITS = [
    *both(KEEPS, "62.02A", "62.20Y", "62.20Y"),
    *both(SILENT, "43.34Z", None, "43.34Y"),  # its code in NAF 2025 was never delivered before
    unit(NEW, None, "62.20Y", CHANGE, None, "2407"),  # born after the change
    unit(MOVED, "62.02A", "62.20Y", CREATED, CHANGE, "2406"),
    unit(MOVED, None, "62.20Y", CHANGE, LATER, "2407"),
    unit(MOVED, None, "56.11Y", LATER, None, "2410"),  # another activity since
    unit(ALONE, None, "01.11Y", CHANGE, None, "2407"),  # no unit to derive its former code from
    *both(SCHOOL, "85.31Z", "85.31Y", "85.31Y"),
    *both(PEERS[0], "62.01Z", "62.20Y", "62.20Y"),
    *both(PEERS[1], "56.10A", "56.11Y", "56.11Y"),
    *both(PEERS[2], "56.10A", "56.11Y", "56.11Y"),
]
SIRENS = [KEEPS, SILENT, NEW, MOVED, ALONE, SCHOOL, *PEERS]
STAGED = {
    "effectif_ent": [
        {"siren": s, "periode": date(2023, 9, 1), "effectif": 50, "known_on": date(2024, 1, 1)} for s in SIRENS
    ],
    "sirene_ul": UNITS,
}


def activity_of(rows: dict, siren: str, month: str) -> tuple:
    row = rows[siren, f"2024-{month}"]
    return tuple(row[name] for name in ("ape", "ape_naf25", "ape_est_derive", "division", "section"))


@pytest.fixture(scope="module")
def companies(cells: Any) -> Any:
    return cells(STAGED, exclusions=Exclusions(activites=("85.31Z",)))[1]


def test_the_former_code_of_a_unit_stays_its_own(companies: Any) -> None:
    assert activity_of(companies, KEEPS, "06") == ("62.02A", "62.20Y", False, 62, "J")
    assert activity_of(companies, KEEPS, "07") == ("62.02A", "62.20Y", False, 62, "J")
    assert activity_of(companies, SILENT, "06") == ("43.34Z", None, False, 43, "F")
    assert activity_of(companies, SILENT, "07") == ("43.34Z", "43.34Y", False, 43, "F")


def test_a_unit_without_a_former_code_takes_the_most_frequent_one_and_says_so(companies: Any) -> None:
    # Known under both codes: 62.20Y with 62.02A (two units) and 62.01Z (one).
    assert activity_of(companies, NEW, "07") == ("62.02A", "62.20Y", True, 62, "J")
    assert activity_of(companies, ALONE, "12") == (None, "01.11Y", None, None, None)


def test_another_activity_does_not_keep_the_former_code(companies: Any) -> None:
    assert activity_of(companies, MOVED, "09") == ("62.02A", "62.20Y", False, 62, "J")
    assert activity_of(companies, MOVED, "10") == ("56.10A", "56.11Y", True, 56, "I")


def test_the_perimeter_leaves_out_the_same_companies_after_the_change(companies: Any) -> None:
    for month in ("06", "07", "12"):
        outside = {siren for siren in SIRENS if not companies[siren, f"2024-{month}"]["est_dans_perimetre"]}
        assert outside == {SCHOOL}


def test_naf_2025_for_analysis_goes_the_other_way(cells: Any) -> None:
    rows = cells(STAGED, exclusions=Exclusions(activites=("85.31Z",)), nomenclature="naf2025")[1]
    assert activity_of(rows, KEEPS, "06") == ("62.02A", "62.20Y", False, 62, "K")
    # Before the change nobody was known under both codes; from July on this unit itself is.
    assert activity_of(rows, SILENT, "06") == ("43.34Z", None, None, None, None)
    assert activity_of(rows, SILENT, "07") == ("43.34Z", "43.34Y", False, 43, "F")
    assert activity_of(rows, NEW, "07") == ("62.02A", "62.20Y", False, 62, "K")
    assert {row["nomenclature"] for row in rows.values()} == {"naf2025"}
    outside = {siren for siren in SIRENS if not rows[siren, "2024-12"]["est_dans_perimetre"]}
    assert outside == {SCHOOL}


SITE, WITHOUT_HISTORY, RECODED = KEEPS + "00011", KEEPS + "00029", SILENT + "00011"


def at(siret: str, **fact: Any) -> dict[str, Any]:
    return {"siret": siret, "siren": siret[:9], "known_on": CREATED} | fact


@pytest.fixture(scope="module")
def recoded(cells: Any) -> Any:
    """A company whose sites have only their new code, one of them with a history; and one before and after the change.
    The second one has December, then January with every activity in NAF 2025 and nothing else changed.
    """
    stock = {"est_actif": True, "date_debut": CREATED, "ape_naf25": "62.20Y", "siege": True}
    place = {"siege": True, "departement": "75", "code_commune": "75056", "est_actif": True, "date_creation": CREATED}
    name = {"raison_sociale": "SOCIETE 0", "categorie_juridique": "5710"}
    old, new = {"ape": "43.34Z", "ape_naf25": None}, {"ape": None, "ape_naf25": "43.34Y"}
    dates = {"_batch": "2406", "known_on": CREATED, "superseded_on": CHANGE}
    later = {"_batch": "2407", "known_on": CHANGE}
    staged = {
        "effectif": [at(siret, periode=date(2023, 1, 1), effectif=9) for siret in (SITE, WITHOUT_HISTORY)],
        "effectif_ent": [fact for fact in STAGED["effectif_ent"] if fact["siren"] == SILENT],
        "sirene": [
            *(at(siret, **stock) for siret in (SITE, WITHOUT_HISTORY)),
            at(RECODED, **place, **old, **dates, date_debut=CREATED),
            at(RECODED, **place, **new, **later, date_debut=CHANGE),
        ],
        "sirene_histo": [
            at(SITE, date_debut=CREATED, date_fin=date(2023, 12, 31), est_actif=True, ape="47.91A"),
            at(SITE, date_debut=date(2024, 1, 1), est_actif=True, ape="62.01Z", known_on=date(2024, 1, 1)),
        ],
        "sirene_ul": [{"siren": SILENT} | name | old | dates, {"siren": SILENT} | name | new | later],
    }
    return cells(staged, exclusions=Exclusions(activites=("84.11Z",), siege_en_france=True))


def test_the_history_of_an_establishment_tells_its_former_code(recoded: Any) -> None:
    sites = recoded[0]
    assert activity_of(sites, SITE, "01") == ("62.01Z", "62.20Y", False, 62, "J")
    assert activity_of(sites, WITHOUT_HISTORY, "01") == (None, "62.20Y", None, None, None)


def test_a_register_that_changes_all_its_codes_keeps_its_companies(recoded: Any) -> None:
    rows = recoded[1]
    same = ("departement", "raison_sociale", "nb_etablissements", "est_dans_perimetre", "ape", "section")
    for month in ("06", "07", "12"):
        others = tuple(rows[SILENT, f"2024-{month}"][column] for column in same)
        assert others == ("75", "SOCIETE 0", 1, True, "43.34Z", "F")
    assert [rows[SILENT, f"2024-{month}"]["ape_naf25"] for month in ("06", "07")] == [None, "43.34Y"]
    assert [rows[SILENT, f"2024-{month}"]["nb_fermetures"] for month in ("06", "07")] == [0, 0]


def test_the_bridge_counts_what_was_known_by_each_month(spark: SparkSession) -> None:
    versions = [  # unit, ape, ape_naf25, known on
        ("a", "62.01Z", "62.10Y", date(2026, 1, 20)),
        ("b", "62.02A", "62.10Y", date(2026, 2, 21)),  # counts from March: a tie, the last code goes first
        ("c", "62.01Z", "62.10Y", date(2026, 4, 20)),
        ("c", "62.01Z", "62.10Y", date(2026, 5, 20)),  # the same unit again
        ("d", None, "62.10Y", date(2026, 6, 20)),
        ("e", "62.01Z", None, date(2026, 6, 20)),
    ]
    schema = "siren string, ape string, ape_naf25 string, known_on date, _batch string, _line long"
    rows = [(*version, f"{rank:04d}", 2) for rank, version in enumerate(versions)]
    register = with_own_codes(spark.createDataFrame(rows, schema), ("siren",))
    found = bridge([(register, "siren")], "naf_rev2", cutoff_day=20).orderBy("mois").collect()
    month = {n: index_of(date(2026, n, 1)) for n in range(1, 13)}
    assert [tuple(row) for row in found] == [
        ("naf_rev2", "62.10Y", month[1], month[3], "62.01Z"),
        ("naf_rev2", "62.10Y", month[3], month[4], "62.02A"),
        ("naf_rev2", "62.10Y", month[4], None, "62.01Z"),
    ]
    back = bridge([(register, "siren")], "naf2025", cutoff_day=20).orderBy("code").collect()
    assert [tuple(row) for row in back] == [
        ("naf2025", "62.01Z", month[1], None, "62.10Y"),
        ("naf2025", "62.02A", month[3], None, "62.10Y"),
    ]
