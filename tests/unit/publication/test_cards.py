"""Cards: which companies have one, its content, and the same numbers as in the reasons."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sf_spark.publication.card_inputs import first_month
from sf_spark.publication.cards import company_cards, site_cards
from tests.unit.publication.card_facts import A1, A2, B1, LAST, A, B, C, facts, month


@pytest.fixture(scope="module")
def cards(spark: SparkSession) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Of companies and of establishments, by key."""
    inputs = facts(spark)
    sites = site_cards(inputs)
    found = company_cards(inputs, sites).collect()
    return (
        {row["siren"]: row.asDict(recursive=True) for row in found},
        {row["siret"]: row.asDict(recursive=True) for row in sites.collect()},
    )


@pytest.fixture(scope="module")
def company(cards) -> dict[str, Any]:
    return cards[0][A]


def test_companies_of_the_last_two_years_and_of_any_list_have_a_card(cards) -> None:
    companies, sites = cards
    assert set(companies) == {A, B, C}  # 999999999 is in the register alone
    assert set(sites) == {A1, A2, B1}  # B2 is closed, and has no row
    assert (companies[C]["periode"], companies[C]["serie"], companies[C]["statut_procedure"]) == (None, [], "In bonis")
    assert [alert["list"] for alert in companies[C]["alertes"]] == ["detection-2023-01"]


def test_a_company_belongs_where_its_head_office_is_now(cards, company: dict[str, Any]) -> None:
    assert (company["departement"], company["region_libelle"], company["siret_siege"]) == ("75", "Île-de-France", A2)
    assert company["adresse"] == "12 BIS RUE DU LAC, 25000 PARIS"
    assert company["code_commune"] == "75104"
    places = {siret: (card["departement"], card["departement_entreprise"]) for siret, card in cards[1].items()}
    assert places == {A1: ("25", "75"), A2: ("75", "75"), B1: ("2A", "2A")}


def test_identity(cards, company: dict[str, Any]) -> None:
    assert company["raison_sociale"] == "LES PLATANES SAS"
    assert company["forme_juridique"] == "Société par actions simplifiée"
    assert (company["ape_libelle"], company["section_libelle"]) == (
        "Restauration traditionnelle",
        "Hébergement et restauration",
    )
    assert (company["effectif"], company["tranche_effectif"], company["effectif_mois"]) == (12, "10-19", month(4))
    assert cards[0][B]["raison_sociale"] == "ANNE ROY"
    assert cards[1][A2]["section"] == "J"  # the register's code: no row of the panel yet
    assert cards[1][A2]["raison_sociale"] == "LES PLATANES SAS"


def test_the_series_are_the_24_months_of_the_panel_in_order(cards, company: dict[str, Any]) -> None:
    assert first_month(LAST) == date(2024, 4, 1)
    assert [row["periode"] for row in company["serie"]] == [month(back) for back in range(23, -1, -1)]
    assert company["serie"][0]["cotisation"] == 100.0 + 23
    assert company["serie"][-1] == {
        "periode": LAST,
        "effectif": 12,
        "cotisation": 100.0,
        "montant_part_ouvriere": 10.0,
        "montant_part_patronale": 20.0,
        "dette": 30.0,
        "apart_heures_autorisees": None,
        "apart_heures_consommees": 7.5,
    }
    assert company["cotisation_mean12m"] == sum(100 + back for back in range(12)) / 12
    assert (cards[0][B]["periode"], cards[0][B]["cotisation_mean12m"]) == (month(3), None)  # five months only
    assert (company["dette"], company["montant_part_ouvriere"], company["montant_part_patronale"]) == (30.0, 10.0, 20.0)


def test_accounts_and_behaviour(cards, company: dict[str, Any]) -> None:
    accounts = {name: value for name, value in company["comptes"].items() if value is not None}
    assert accounts == {"mois_cloture": date(2024, 12, 1), "type_bilan": "C", "chiffre_d_affaires": 5e5}
    assert company["banque_de_france"]["poids_frng"] == 3.5
    assert company["paiement"] == {"mois": month(1), "nb_jours": 12.0}
    assert [cards[0][B][name] for name in ("comptes", "banque_de_france", "paiement")] == [None] * 3


def test_plans_and_requests(cards, company: dict[str, Any]) -> None:
    plans = [(plan["date_creation"], plan["montant_echeancier"], plan["en_cours"]) for plan in company["delais"]]
    assert plans == [
        (date(2026, 2, 2), 70.0, False),  # refused
        (date(2026, 1, 2), 900.0, True),
        (date(2024, 1, 2), 500.0, False),  # over
    ]
    assert cards[1][A1]["delais"] == company["delais"]
    (request,) = cards[1][A1]["demandes_activite_partielle"]
    assert (request["date_statut"], request["heures_autorisees"], request["motif"]) == (
        date(2026, 2, 5),
        80.0,
        "Conjoncture économique",
    )


def test_proceedings_when_the_panel_has_ended(cards) -> None:
    card = cards[0][B]
    assert card["procedures"] == [
        {
            "debut": date(2026, 1, 8),
            "fin": None,
            "procedure": "liquidation",
            "stade": "ouverture",
            "libelle": "Liquidation judiciaire",
            "source": "procol",
        }
    ]
    # The panel's last row is of December, when nothing was open yet.
    assert (card["statut_procedure"], card["procedure"], card["date_procedure"]) == (
        *("Liquidation judiciaire", "liquidation"),
        date(2026, 1, 8),
    )


def test_alerts_are_listed_once_a_month_with_their_reasons(company: dict[str, Any]) -> None:
    newest, first = company["alertes"]
    assert (newest["list"], first["list"]) == ("detection-2026-03-v2", "detection-2026-02")  # the correction replaces
    assert (newest["niveau"], newest["statut"], newest["premiere_alerte"]) == ("fort", "aggravee", month(1))
    assert newest["points"] == [{"theme": "dette_urssaf", "points": 7.5}, {"theme": "effectif", "points": 2.5}]
    assert [reason["texte"] for reason in newest["raisons"]] == [
        "Dette URSSAF : 30 €",
        "Effectif salarié : 12 salariés",
    ]
    for reason in newest["raisons"]:  # a number on the card is the one of the reason
        assert company["serie"][-1][reason["mesure"]] == reason["valeur"]
    assert (first["raisons"], first["points"]) == ([], [])


def test_establishments_head_office_first(company: dict[str, Any]) -> None:
    assert [(site["siret"], site["siege"], site["est_ouvert"]) for site in company["etablissements"]] == [
        (A2, True, True),
        (A1, False, True),
    ]


def test_follow_ups_and_freshness(cards, company: dict[str, Any]) -> None:
    (done,) = company["suivis"]  # an opinion is not a follow-up
    assert (done["date"], done["state"], done["actions"]) == (
        date(2026, 3, 9),
        "en cours",
        ["Soutien financier public"],
    )
    assert {fact["source"]: (fact["dernier_fait"], fact["connu_le"]) for fact in company["fraicheur"]} == {
        "effectif_ent": (month(4), month(0)),
        "cotisation": (month(1), date(2026, 2, 20)),
        "delai": (date(2026, 2, 2), date(2026, 2, 2)),
        "apdemande": (date(2026, 2, 5), date(2026, 2, 5)),
    }
    assert [fact["source"] for fact in cards[1][A1]["fraicheur"]] == ["cotisation", "delai", "apdemande"]


def test_no_list_of_a_card_is_null(cards) -> None:
    names = [*("etablissements", "serie", "delais", "procedures", "alertes", "suivis", "fraicheur")]
    assert all(isinstance(card[name], list) for card in cards[0].values() for name in names)


def test_the_digest_follows_the_card(cards, spark: SparkSession) -> None:
    inputs = facts(spark)
    company = company_cards(inputs, site_cards(inputs)).where(f"siren = '{A}'").first()
    assert company is not None and company["empreinte"] == cards[0][A]["empreinte"]
    assert len({card["empreinte"] for card in (*cards[0].values(), *cards[1].values())}) == 6
