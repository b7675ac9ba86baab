"""What the pages say of a level, a status and a place: the words for agents."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sf_spark.publication.lists import Stay
from sf_spark.publication.report import list_rows, model, pages
from tests.unit.publication.report.companies import EDITION, MARCH, card_of, row_of

ENGINE = pages.environment()
RULES = {"dette_recente": "En trois mois, la dette a augmenté"}
RULED = replace(EDITION, rules=RULES, stay=Stay(enter_share=1.5, leave_share=0.35, months_below=12))


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("&#39;", "'")


def card(row: dict[str, Any] | None = None, **more: Any) -> str:
    return plain(pages.card_page(ENGINE, RULED, card_of(2, **more), row or row_of(2)))


def line(row: dict[str, Any], commune: str = "") -> dict[str, Any]:
    text = "".join(list_rows.list_data(RULED, [row], {row["siren"]: commune}))
    content = json.loads(text.removeprefix("window.LISTE = ").removesuffix(";\n"))
    return dict(zip(content["champs"], content["lignes"][0], strict=True)) | {"page": content}


def test_a_level_moved_by_a_rule_is_marked_and_the_rule_is_told_in_french() -> None:
    moved = row_of(2, level="fort", level_model="modere", adjustment="dette_recente")
    page = card(moved)
    assert "Le score seul donnerait : alerte modérée." in page and f"« {RULES['dette_recente']} »" in page
    assert "dette_recente" not in page
    assert (line(moved)["regle"], line(moved)["page"]["regles"]) == ("dette_recente", RULES)
    assert ("règle d'expert" in card(), line(row_of(2))["regle"]) == (False, None)
    assert list_rows.rule_of({"adjustment": "former_rule"}, RULES) == "former_rule"


def test_a_rule_that_may_not_be_seen_is_still_said_to_have_moved_the_level() -> None:
    def without_rule(**more: Any) -> dict[str, Any]:
        return {name: value for name, value in row_of(2, **more).items() if name != "adjustment"}

    moved = without_rule(level="fort", level_model="modere", months_below=0)
    assert "a déplacé le niveau, que votre habilitation ne permet pas de voir" in card(moved)
    assert line(moved)["regle"] == ""
    assert line(without_rule(level="fort", level_model="fort"))["regle"] is None
    assert line(without_rule(level="modere", level_model="aucun", months_below=2))["regle"] is None  # it stays


def test_a_company_below_the_cut_off_says_since_when() -> None:
    below = row_of(2, level="modere", level_model="aucun", months_below=2)
    assert "Sous le seuil depuis 2 mois, maintenue sur la liste" in card(below)
    assert line(below)["dessous"] == 2
    assert "Sous le seuil depuis" not in card(row_of(2, months_below=0))


LEFT = {"status": "sortie", "rank": None, "level": "aucun", "level_model": "aucun", "score": 4.0}
UNKNOWN = {"level": None, "level_model": None, "score": None}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "Sous le seuil"),
        (UNKNOWN | {"procedure": "liquidation"}, "Procédure ouverte"),
        (UNKNOWN, "Non évaluée ce mois-ci"),
        ({"level_model": "modere"}, "Niveau abaissé par une règle"),
        ({"level": "modere", "level_model": "modere"}, "Au-delà de la longueur de la liste"),
    ],
)
def test_a_company_that_left_says_why(more: dict[str, Any], expected: str) -> None:
    left = row_of(2, **(LEFT | more))
    shown = line(left)
    assert (shown["depart"], shown["niveau"]) == (expected, {"modere": 1, "aucun": 0, None: -1}[left["level"]])
    page = card(left)
    assert f"Sortie de la liste : {expected[0].lower()}{expected[1:]}." in page and "None" not in page
    assert expected in plain(pages.help_page(ENGINE, RULED))
    assert list_rows.why_left(row_of(2)) == ""


def test_filters_count_what_the_page_shows_at_first() -> None:
    rows = [row_of(1), row_of(2), row_of(4 + 1), row_of(3, **LEFT)]  # departments 34, 2A, 34 and, left, 974
    assert list_rows.choices(rows, list_rows.place_of) == [("2A", 1), ("34", 1 + 1), ("974", 0)]
    page = plain(pages.list_page(ENGINE, RULED, rows))
    assert '2A – Corse-du-Sud <span class="compte">(1)' in page
    assert '974 – La Réunion <span class="compte">(sorties seulement)' in page


def test_a_row_has_its_department_by_name_and_its_commune() -> None:
    shown = line(row_of(2), "AJACCIO")
    assert (shown["departement"], shown["commune"]) == ("2A", "AJACCIO")
    assert shown["page"]["departements"] == {"2A": "2A – Corse-du-Sud"}
    assert list_rows.department("977") == "977"  # a collectivity without a name of its own
    made = dict(pages.report_pages(EDITION, [row_of(2)], [card_of(2)], model.Quality()))
    assert "TOULOUSE" in made["donnees/liste.js"].decode()


def period(procedure: str, debut: date, fin: date | None) -> dict[str, Any]:
    label = {"liquidation": "Liquidation judiciaire", "redressement": "Redressement judiciaire"}.get(procedure)
    return {"procedure": procedure, "debut": debut, "fin": fin, "libelle": label, "stade": "", "source": "procol"}


def test_a_proceeding_that_ended_is_told_at_the_top() -> None:
    first, converted, closed = date(2019, 5, 6), date(2020, 2, 3), date(2021, 1, 4)
    both = [period("redressement", first, converted), period("liquidation", converted, closed)]
    notice = "Liquidation judiciaire du 3 février 2020 au 4 janvier 2021 : vérifier que l'entreprise existe encore"
    assert notice in card(procedures=both).split("<h2")[0]
    assert model.ended_proceedings({"procedures": both}) == both[1:]  # the first became the second
    still = [period("redressement", first, converted), period("liquidation", converted, None)]
    assert model.ended_proceedings({"procedures": still}) == model.ended_proceedings({}) == []


def test_a_card_tells_months_scores_and_the_length_of_its_series() -> None:
    page = card(serie=card_of(2)["serie"][-7:], paiement={"mois": MARCH, "nb_jours": 1.0})
    assert "Évolution sur 7 mois" in page and "telles que connues le 20 de chaque mois" in page
    assert "5 mois de suite" in page and "Situation juridique" in page
    assert f"{100 * 0.4:.1f} %".replace(".", ",") in page.split('id="alertes"')[1]
    assert ">1 jour " in page


def test_the_help_gives_the_figures_of_entering_and_staying() -> None:
    page = plain(pages.help_page(ENGINE, RULED))
    assert "1,5 fois le seuil bas (18,8 %)" in page  # 1.5 * 12.5
    assert "0,35 fois le seuil bas (4,4 %)" in page  # 0.35 * 12.5
    assert "au plus 12 mois de suite" in page and "il suffit d'un score d'au moins 1 fois le seuil bas" in page
    assert RULES["dette_recente"] in page
    assert "fois le seuil bas" not in pages.help_page(ENGINE, EDITION)
