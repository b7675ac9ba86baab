"""Cards and follow-ups in a lake: what a delivery or a kill writes again; nothing learns from them."""

import re

import pytest

from sf_spark.lake.files import is_table
from sf_spark.steps import build_cards as step
from sf_spark.steps.build_cards import build_cards
from sf_spark.steps.build_follow_up import build_follow_up
from tests.steps.conftest import DUES, SITES, SmallLake, dues

COMPANIES, SITE_CARDS = "cards/entreprise", "cards/etablissement"
NOTES = (
    "siret;date;service;etat;actions\n"
    f"{SITES[2]};2024-02-10;ddets_75;en cours;Soutien financier public\n"
    f"{SITES[2]};2024-02-11;ddets_75;parti;\n"
)
OPINIONS = f"siren;liste;date;service;utile\n{SITES[0][:9]};detection-2024-01;2024-02-10;ddets_75;oui\n"


def cards(lake: SmallLake) -> list[str]:
    said: list[str] = []
    assert build_cards(lake.spark, lake.settings, said.append) == 0
    return said


def digests(lake: SmallLake, table: str = COMPANIES) -> dict[str, str]:
    key = "siren" if table == COMPANIES else "siret"
    return {row[key]: row["empreinte"] for row in lake.rows(table)}


def test_a_correction_of_one_company_writes_its_card_alone(lake: SmallLake) -> None:
    first = cards(lake)
    assert any("cards/entreprise: 2 rows, of which 2 new or other" in line for line in first)
    before, sites = digests(lake), digests(lake, SITE_CARDS)
    assert set(before) == {SITES[0][:9], SITES[2][:9]} and set(sites) == set(SITES)
    (card,) = [row for row in lake.rows(COMPANIES) if row["siren"] == SITES[2][:9]]
    assert (card["statut_procedure"], len(card["procedures"])) == ("Redressement judiciaire", 1)
    panel = {
        row["periode"]: row["cotisation"] for row in lake.rows("panel/entreprise") if row["siren"] == card["siren"]
    }
    assert {row["periode"]: row["cotisation"] for row in card["serie"]} == panel
    version = lake.version(COMPANIES)
    assert all("up to date" in line or "reading" in line for line in cards(lake))
    assert lake.version(COMPANIES) == version
    # The third establishment's last amount, 70 + 2, becomes 90 + 2.
    text = dues(100, 100, 100, 70).replace(f"{SITES[2]};c2;202411;5;0;72", f"{SITES[2]};c2;202411;5;0;92")
    lake.deliver("2402_01", DUES, text)
    lake.take("2402_01")
    lake.panels()
    said = cards(lake)
    assert any(f"{COMPANIES}: 2 rows, of which 1 new or other (50.0%) and 0 gone" in line for line in said), said
    assert any(f"{SITE_CARDS}: 3 rows, of which 1 new or other" in line for line in said), said
    changed = {siren for siren, digest in digests(lake).items() if digest != before[siren]}
    assert changed == {SITES[2][:9]}
    assert not [line for line in said if re.search("|".join(site[:9] for site in SITES), line)]  # no company is named


def test_a_kill_between_the_two_tables_is_completed(lake: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(rows, plan, key, report):
        if key == "siren":
            raise KeyboardInterrupt
        return commit(rows, plan, key, report)

    commit = step.commit_changed
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(step, "commit_changed", killed)
        cards(lake)
    assert is_table(f"{lake.settings.lake}/{SITE_CARDS}") and not is_table(f"{lake.settings.lake}/{COMPANIES}")
    cards(lake)
    assert len(digests(lake)) == 2


def test_follow_ups_come_in_by_ingest_and_stand_on_the_card(lake: SmallLake) -> None:
    said: list[str] = []
    build_follow_up(lake.spark, lake.settings, said.append)
    assert said == ["follow_up: no follow-up and no opinion was ever delivered"]
    lake.deliver("2402_02", "suivi_ddets_75.csv", NOTES)
    lake.deliver("2402_02", "avis_ddets_75.csv", OPINIONS)
    lake.take("2402_02")
    assert [row["source"] for row in lake.rows("quarantine")] == ["suivi"]
    labels = lake.version("labels/entreprise"), lake.version("signals/entreprise")
    build_follow_up(lake.spark, lake.settings, said.append)
    assert said[-1] == "follow_up: 1 follow-ups, 1 opinions"
    kinds = {row["type"]: row for row in lake.rows("follow_up")}
    assert kinds["suivi"]["siren"] == SITES[2][:9] and kinds["avis"]["utile"] is True
    cards(lake)
    noted = {row["siren"]: [note["state"] for note in row["suivis"]] for row in lake.rows(COMPANIES)}
    assert noted == {SITES[0][:9]: [], SITES[2][:9]: ["en cours"]}
    build_follow_up(lake.spark, lake.settings, said.append)
    assert said[-1] == "follow_up: up to date, built from the same deliveries"
    # What people thought of a list is for people: labels and signals do not read it.
    lake.labels(), lake.signals()
    assert labels == (lake.version("labels/entreprise"), lake.version("signals/entreprise"))
