"""Deliveries before and after NAF 2025: the register of each, with the same units."""

import csv
import re

import pytest

from sf_spark.demo.world.plan import DemoPlan
from sf_spark.demo.world.reference import ALL_ACTIVITES, NAF_2025
from sf_spark.domain.naf import divisions

STOCK, INSEE, UNITS = "StockEtablissement_utf8_geo.csv", "StockEtablissement_utf8.csv", "sireneUL.csv"
HISTORY = "StockEtablissementHistorique_utf8.csv"
OLDER = {"NAFRev1", "NAP"}


@pytest.fixture(scope="module")
def change(new_demo, tmp_path_factory):
    """November 2026 to February 2027."""
    plan = DemoPlan(entreprises=120, annees=3, last_batch="2702", monthly_deliveries=3, dirty_share=0.0)
    return new_demo(plan, tmp_path_factory.mktemp("change"))


def rows(demo, batch, name):
    with (demo.landing / batch / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_codes_of_naf_2025_are_consistent():
    assert set(NAF_2025) == {activite.code for activite in ALL_ACTIVITES}
    assert len(set(NAF_2025.values())) == len(NAF_2025)
    assert all(re.fullmatch(r"\d{2}\.\d{2}[A-Y]", code) for code in NAF_2025.values())
    assert all((old[-1] == "Z") == (new[-1] == "Y") for old, new in NAF_2025.items())  # divided, or not
    assert {int(code[:2]) for code in NAF_2025.values()} <= divisions("naf2025")


def test_both_codes_until_december_then_the_new_one(change):
    assert change.batches == ["2611", "2612", "2701", "2702"]
    for batch in change.batches:
        name = STOCK if batch < "2701" else INSEE
        assert {path.name for path in (change.landing / batch).iterdir()} & {STOCK, INSEE} == {name}
        sites = [r for r in rows(change, batch, name) if r["etatAdministratifEtablissement"] == "A"]
        for row in sites:
            code, beside = row["activitePrincipaleEtablissement"], row["activitePrincipaleNAF25Etablissement"]
            nomenclature = row["nomenclatureActivitePrincipaleEtablissement"]
            if batch < "2701":
                assert (nomenclature, beside) == ("NAFRev2", NAF_2025[code])
            else:
                assert (nomenclature, beside) == ("NAF2025", code)
        units = [r for r in rows(change, batch, UNITS) if r["etatAdministratifUniteLegale"] == "A"]
        nomenclatures = {r["nomenclatureActivitePrincipaleUniteLegale"] for r in units}
        assert nomenclatures == ({"NAFRev2"} if batch < "2701" else {"NAF2025"})
        missing = [r for r in units if not r["activitePrincipaleNAF25UniteLegale"]]
        assert 0 < len(missing) < len(units) / 3  # some are left without a code beside


def test_insee_s_own_file_has_54_columns_and_no_longitude(change):
    header = list(rows(change, "2701", INSEE)[0])
    assert len(header) == 48 + 5 + 1
    assert header[-1] == "activitePrincipaleNAF25Etablissement"
    assert "coordonneeLambertAbscisseEtablissement" in header and "longitude" not in header


def test_units_keep_their_activity_and_all_else_across_the_change(change):
    before = {row["siret"]: row for row in rows(change, "2612", STOCK)}
    after = {row["siret"]: row for row in rows(change, "2701", INSEE)}
    assert before.keys() <= after.keys()
    changing = {"activitePrincipaleEtablissement", "nomenclatureActivitePrincipaleEtablissement", "dateDebut"}
    changing |= {"nombrePeriodesEtablissement"}
    steady = [siret for siret in before if before[siret]["etatAdministratifEtablissement"] == "A"]
    steady = [siret for siret in steady if after[siret]["etatAdministratifEtablissement"] == "A"]
    assert len(steady) > 100
    for siret in steady:
        old, new = before[siret], after[siret]
        assert new["activitePrincipaleEtablissement"] == NAF_2025[old["activitePrincipaleEtablissement"]]
        assert {name for name in old if name in new and old[name] != new[name]} <= changing
        assert new["dateDebut"] == "2027-01-01"
    closed = [siret for siret in before if before[siret]["etatAdministratifEtablissement"] == "F"]
    assert closed and all(
        after[siret]["nomenclatureActivitePrincipaleEtablissement"] in {"NAFRev2", *OLDER} for siret in closed
    )


def test_the_history_tells_of_the_change_and_closes_nobody(change):
    lines = rows(change, "2701", HISTORY)
    assert all(row["dateFin"] == "" or row["dateDebut"] <= row["dateFin"] for row in lines)
    recoded = [
        row for row in lines if row["dateDebut"] == "2027-01-01" and row["etatAdministratifEtablissement"] == "A"
    ]
    assert {row["nomenclatureActivitePrincipaleEtablissement"] for row in recoded} == {"NAF2025"}
    assert {row["changementEtatAdministratifEtablissement"] for row in recoded} == {"false"}
    ended = {row["siret"] for row in lines if row["dateFin"] == "2026-12-31"}
    assert len(recoded) > 100 and ended >= {row["siret"] for row in recoded}


def test_before_december_2025_there_is_one_code(new_demo, tmp_path):
    plan = DemoPlan(entreprises=40, annees=2, last_batch="2512", monthly_deliveries=1, dirty_share=0.0)
    demo = new_demo(plan, tmp_path)
    assert len(rows(demo, "2511", STOCK)[0]) == 57
    assert len(rows(demo, "2512", STOCK)[0]) == 58
