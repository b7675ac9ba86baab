"""Exclusions from the perimeter whatever the headcount, in each month, as known at its cut-off."""

from datetime import date
from typing import Any

import pytest

from sf_spark.panel.build import Exclusions

EXCLUSIONS = Exclusions(categories_juridiques=("7210",), activites=("84.11Z",), siege_en_france=True)
START, CHANGE = date(2024, 1, 1), date(2024, 6, 20)
PLAIN, TOWN, COUNCIL, ABROAD, CHANGING, UNKNOWN = (f"{number}00000001" for number in range(1, 7))


def legal(siren: str, category: str | None, ape: str | None, known_on: date = START, until: date | None = None) -> dict:
    return {"siren": siren, "categorie_juridique": category, "ape": ape, "known_on": known_on, "superseded_on": until}


def seat(siren: str, departement: str | None) -> dict[str, Any]:
    place = {"siret": siren + "00011", "siren": siren, "siege": True, "departement": departement}
    return place | {"est_actif": True, "known_on": START, "date_debut": START, "date_creation": START}


COMPANIES = (PLAIN, TOWN, COUNCIL, ABROAD, CHANGING, UNKNOWN)


@pytest.mark.parametrize(
    ("exclusions", "expected"),
    [
        (EXCLUSIONS, {PLAIN: "111", TOWN: "000", COUNCIL: "000", ABROAD: "000", CHANGING: "011", UNKNOWN: "111"}),
        # Most other panels of the tests are built without any.
        pytest.param(Exclusions(), dict.fromkeys(COMPANIES, "111"), marks=pytest.mark.long),
    ],
)
def test_exclusions_hold_in_the_months_in_which_they_are_known(
    cells: Any, exclusions: Exclusions, expected: dict[str, str]
) -> None:
    staged = {
        "effectif_ent": [
            {"siren": s, "periode": date(2023, 9, 1), "effectif": 50, "known_on": START} for s in COMPANIES
        ],
        "sirene": [seat(s, None if s == ABROAD else "75") for s in COMPANIES],
        "sirene_ul": [
            legal(PLAIN, "5710", "62.01Z"),
            legal(TOWN, "7210", "62.01Z"),
            legal(COUNCIL, "5710", "84.11Z"),
            legal(ABROAD, "5710", "62.01Z"),
            legal(CHANGING, "7210", "62.01Z", until=CHANGE),
            legal(CHANGING, "5710", "62.01Z", CHANGE),
            legal(UNKNOWN, None, None),
        ],
    }
    rows = cells(staged, exclusions=exclusions)[1]
    found = {
        siren: "".join(str(int(rows[siren, f"2024-{m}"]["est_dans_perimetre"])) for m in ("05", "06", "12"))
        for siren in COMPANIES
    }
    assert found == expected
