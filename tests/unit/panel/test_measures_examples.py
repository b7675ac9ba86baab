"""The measures of all sources on a few companies, month by month, in arithmetic anyone can check."""

from datetime import date
from typing import Any

import pytest

from sf_spark.panel.inputs import COLUMNS

SHOP, PLANT, OFFICE = "10000000100011", "10000000100029", "20000000200013"
WORKSHOP, KIOSK = "30000000300014", "40000000400015"
FIRM, OTHER, MAKER, SELLER = SHOP[:9], OFFICE[:9], WORKSHOP[:9], KIOSK[:9]


def d(month: int, day: int = 20, year: int = 2024) -> date:
    return date(year, month, day)


def at(siret: str, known_on: date, **fact: Any) -> dict[str, Any]:
    return {"siret": siret, "siren": siret[:9], "known_on": known_on, **fact}


def of(siren: str, known_on: date, **fact: Any) -> dict[str, Any]:
    return {"siren": siren, "known_on": known_on, **fact}


def debt(siret: str, day: date, amount: float, compte: str = "1") -> dict[str, Any]:
    ecart = {"numero_compte": compte, "periode_debut": d(1, 1), "periode_fin": d(2, 1), "numero_ecart_negatif": "101"}
    return at(siret, day, **ecart, numero_historique=1, date_traitement=day, part_ouvriere=0.0, part_patronale=amount)


def due(siret: str, start: date, end: date, amount: float, known_on: date) -> dict[str, Any]:
    return at(siret, known_on, periode_debut=start, periode_fin=end, du=amount)


def plan(siret: str, created: date, ends: date, days: int | None, amount: float, stade: str = "APPROB") -> dict:
    terms = {"date_creation": created, "date_echeance": ends, "duree_delai": days, "montant_echeancier": amount}
    return at(siret, created, **terms, stade=stade)


def request(siret: str, number: str, status: date, start: date, end: date, hours: float) -> dict[str, Any]:
    return at(siret, status, id_demande=number, date_statut=status, periode_debut=start, periode_fin=end, hta=hours)


CLOSED = at(KIOSK, d(3, 10), siege=True, est_actif=False, date_debut=d(3, 10), date_creation=d(1, 1, 2020))
STAGED: dict[str, list[dict[str, Any]]] = {
    "cotisation": [
        due(SHOP, d(12, 1, 2023), d(1, 1), 100.0, d(1)),
        due(SHOP, d(1, 1), d(2, 1), 100.0, d(2)),
        due(SHOP, d(2, 1), d(3, 1), 100.0, d(3)) | {"superseded_on": d(5)},  # withdrawn: February was not declared
        due(PLANT, d(1, 1), d(4, 1), 0.0, d(4)),  # nothing due, but declared
        due(OFFICE, d(1, 1), d(2, 1), 10.0, d(2)),
        due(KIOSK, d(1, 1), d(4, 1), 90.0, d(5)),
    ],
    "debit": [debt(SHOP, d(1, 2), 600.0), debt(PLANT, d(6, 3), 50.0), debt(KIOSK, d(1, 2), 600.0)],
    "effectif": [
        at(SHOP, d(1, 1), periode=d(9, 1, 2023), effectif=30),
        at(PLANT, d(1, 1), periode=d(9, 1, 2023), effectif=12),
        at(SHOP, d(5, 1), periode=d(1, 1), effectif=8),
        at(KIOSK, d(1, 1), periode=d(9, 1, 2023), effectif=30),
    ],
    "effectif_ent": [of(siren, d(1, 1), periode=d(9, 1, 2023), effectif=42) for siren in (FIRM, MAKER)],
    "delai": [
        plan(SHOP, d(1, 3), d(4, 5), 92, 1000.0),
        plan(PLANT, d(2, 21), d(5, 20), 90, 500.0),  # created after the cut-off of February, due on that of May
        plan(SHOP, d(1, 5), d(9, 1), 200, 700.0, stade="REFUS"),
        plan(SHOP, d(1, 5), d(9, 1), None, 700.0),
        plan(OFFICE, d(3, 1), d(3, 19), 18, 100.0),  # over before the cut-off
    ],
    "ccsf": [at(SHOP, d(2, 20), date_traitement=d(2, 20)), at(PLANT, d(4, 21), date_traitement=d(4, 21))],
    "apdemande": [
        request(SHOP, "A0000000100", d(1, 10), d(1, 16), d(2, 15), 310.0),
        request(SHOP, "A0000000100", d(2, 2), d(1, 16), d(2, 15), 620.0),
        request(PLANT, "B0000000100", d(2, 25), d(2, 1), d(3, 31), 60.0),  # known after the end of February
    ],
    "apconso": [
        at(SHOP, d(2, 1), heure_consomme=10.5),
        at(SHOP, d(3, 1), heure_consomme=20.25) | {"superseded_on": d(5)},
        at(SHOP, d(5), heure_consomme=20.5),
    ],
    "paydex": [
        of(FIRM, d(2, 15), date_valeur=d(1, 15), nb_jours=12),
        of(FIRM, d(4, 21), date_valeur=d(3, 21), nb_jours=30),
    ],
    "ratios": [
        of(FIRM, d(7, 31, 2022), date_cloture_exercice=d(12, 31, 2021), type_bilan="C", ebe=1.0),
        of(FIRM, d(7, 31), date_cloture_exercice=d(12, 31, 2023), type_bilan="S", ebe=3.0),
        of(FIRM, d(7, 31), date_cloture_exercice=d(12, 31, 2023), type_bilan="C", ebe=4.0),
        of(FIRM, d(7, 31), date_cloture_exercice=d(12, 31, 2023), type_bilan="K", ebe=5.0),
        of(OTHER, d(1, 31), date_cloture_exercice=d(6, 30, 2023), type_bilan="S", ebe=None, marge_brute=7.0),
    ],
    "bdf": [of(FIRM, d(1, 31), arrete_bilan_bdf=d(6, 30, 2023), taux_marge=-2.5)],
    "sirene": [
        at(SHOP, d(1, 15, 2020), est_actif=True, date_creation=d(1, 15, 2020), date_debut=d(1, 15, 2020), siege=True)
        | {"departement": "75"},
        at(PLANT, d(3, 1), est_actif=True, date_creation=d(2, 25), date_debut=d(2, 25)) | {"superseded_on": d(10)},
        at(PLANT, d(10), est_actif=False, date_creation=d(2, 25), date_debut=d(9, 30)),
        at(WORKSHOP, d(1, 15, 2020), est_actif=True, date_creation=d(1, 15, 2020), date_debut=d(8, 1)),
        CLOSED | {"est_actif": True, "known_on": d(1, 1), "superseded_on": d(3, 10)},
        CLOSED,
    ],
    "sirene_histo": [
        at(WORKSHOP, d(1, 15, 2020), date_debut=d(1, 15, 2020), date_fin=d(5, 1), est_actif=True),
        at(WORKSHOP, d(5, 2), date_debut=d(5, 2), date_fin=d(6, 20), est_actif=False),
        at(WORKSHOP, d(6, 21), date_debut=d(6, 21), date_fin=d(7, 31), est_actif=True),
        at(WORKSHOP, d(8, 1), date_debut=d(8, 1), est_actif=True),  # another attribute changed
        at(PLANT, d(11), date_debut=d(9, 30), est_actif=False),  # repeated
    ],
    "sirene_ul": [of(FIRM, d(1, 1), categorie_juridique="5710", ape="62.01Z")],
}
MONTHS = [f"2024-{month:02d}" for month in range(1, 13)]


@pytest.fixture(scope="module")
def panels(cells: Any) -> Any:
    return cells(STAGED, last=date(2025, 11, 1))


def series(rows: dict, key: str, measure: str, months: list[str] = MONTHS) -> list[Any]:
    return [rows[key, month][measure] for month in months]


def test_a_payment_plan_is_in_force_from_its_creation_to_its_due_date(panels: Any) -> None:
    sites = panels[0]
    assert series(sites, SHOP, "nb_delais", MONTHS[:5]) == [1, 1, 1, 0, 0]
    assert series(sites, SHOP, "delai_montant_echeancier", MONTHS[:4]) == [1000.0, 1000.0, 1000.0, 0.0]
    # From the cut-off to 5 April: 11 + 29 + 31 + 5, 9 + 31 + 5, 11 + 5 days.
    assert series(sites, SHOP, "delai_nb_jours_restants", MONTHS[:4]) == [76.0, 45.0, 16.0, None]
    late = series(sites, SHOP, "delai_deviation_remboursement", MONTHS[:4])
    assert late[:3] == [pytest.approx((600 - 1000 * days / 92) / 1000) for days in (76, 45, 16)]
    assert late[3] is None
    assert series(sites, OFFICE, "nb_delais", MONTHS[2:4]) == [0, 0]


def test_plans_of_a_company_are_taken_together(panels: Any) -> None:
    sites, companies = panels
    assert series(sites, PLANT, "nb_delais", ["2024-04", "2024-05"]) == [1, 0]  # due on the very cut-off of May
    march = companies[FIRM, "2024-03"]
    assert (march["nb_delais"], march["delai_montant_echeancier"]) == (2, 1000.0 + 500.0)
    assert march["delai_nb_jours_restants"] == 11 + 30 + 20  # the later one ends on 20 May
    left = 1000 * 16 / 92 + 500 * 61 / 90
    assert march["delai_deviation_remboursement"] == pytest.approx((600 - left) / 1500)


def test_months_since_the_commission(panels: Any) -> None:
    sites, companies = panels
    assert series(sites, SHOP, "mois_depuis_ccsf", MONTHS[:4]) == [None, 0, 1, 2]
    assert series(sites, PLANT, "mois_depuis_ccsf", ["2024-04", "2024-05"]) == [None, 0]
    assert series(companies, FIRM, "mois_depuis_ccsf", MONTHS[:6]) == [None, 0, 1, 2, 0, 1]


def test_silence_counts_from_the_last_declared_month(panels: Any) -> None:
    sites, companies = panels
    # February's declaration is withdrawn in May: the last one is January's again.
    assert series(sites, SHOP, "mois_depuis_declaration", MONTHS[:6]) == [1, 1, 1, 2, 4, 5]
    assert series(sites, PLANT, "mois_depuis_declaration", MONTHS[:6]) == [None, None, None, 1, 2, 3]
    assert series(companies, FIRM, "mois_depuis_declaration", MONTHS[:6]) == [1, 1, 1, 1, 2, 3]


def test_authorised_hours_are_prorated_by_day_and_a_revision_replaces(panels: Any) -> None:
    sites, companies = panels
    # 31 days: 16 in January, 15 in February; revised on 2 February, when January's row was already written.
    assert series(sites, SHOP, "apart_heures_autorisees", MONTHS[:3]) == [310 * 16 / 31, 620 * 15 / 31, 0.0]
    assert series(sites, SHOP, "apart_demandes_en_cours", MONTHS[:3]) == [1, 1, 0]
    # 60 hours over 29 + 31 days, known on 25 February: the row of February did not know.
    assert series(sites, PLANT, "apart_heures_autorisees", MONTHS[1:4]) == [0.0, 60 * 31 / 60, 0.0]
    assert series(companies, FIRM, "apart_heures_autorisees", MONTHS[:4]) == [160.0, 300.0, 31.0, 0.0]


def test_consumed_hours_fall_when_they_become_known_and_are_conserved(panels: Any) -> None:
    sites, companies = panels
    hours = [0.0, 10.5, 20.25, 0.0, 20.5 - 20.25, 0.0]
    assert series(sites, SHOP, "apart_heures_consommees", MONTHS[:6]) == hours
    assert series(companies, FIRM, "apart_heures_consommees", MONTHS[:6]) == hours
    assert sum(hours) == 10.5 + 20.5


def test_payment_behaviour_is_the_last_known_with_its_age(panels: Any) -> None:
    companies = panels[1]
    assert series(companies, FIRM, "paydex_nb_jours", MONTHS[:6]) == [None, 12.0, 12.0, 12.0, 30.0, 30.0]
    assert series(companies, FIRM, "paydex_age_mois", MONTHS[:6]) == [None, 1, 2, 3, 2, 3]
    assert series(companies, OTHER, "paydex_nb_jours", ["2024-06"]) == [None]


def test_accounts_are_known_after_seven_months_and_hold_for_fourteen(panels: Any) -> None:
    companies = panels[1]
    # Those of 2021 held from August 2022 to September 2023; of the three of 2023, the complete ones of the company.
    assert series(companies, FIRM, "bilan_ebe", MONTHS[5:9]) == [None, None, 4.0, 4.0]
    assert series(companies, FIRM, "bilan_age_mois", MONTHS[5:9]) == [None, None, 8, 9]
    assert [row["bilan_marge_brute"] for row in (companies[OTHER, "2024-02"], companies[OTHER, "2024-12"])] == [
        7.0,
        7.0,
    ]
    assert companies[OTHER, "2024-02"]["bilan_ebe"] is None
    assert series(companies, FIRM, "bdf_taux_marge", MONTHS[:3]) == [None, -2.5, -2.5]
    assert series(companies, FIRM, "bdf_age_mois", MONTHS[1:3]) == [8, 9]


def test_accounts_expire(panels: Any) -> None:
    rows = panels[1]
    ages = {month: rows[FIRM, month]["bilan_age_mois"] for month in ("2024-08", "2025-09", "2025-10")}
    assert ages == {"2024-08": 8, "2025-09": 8 + 13, "2025-10": None}
    assert rows[FIRM, "2025-10"]["bilan_ebe"] is None


def test_openings_and_closures_count_once_in_the_month_they_are_known(panels: Any) -> None:
    companies = panels[1]
    # The plant, created on 25 February, known on 1 March; closed on 30 September, known in October, repeated in
    # November.
    assert series(companies, FIRM, "nb_ouvertures") == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert series(companies, FIRM, "nb_fermetures") == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert series(companies, FIRM, "nb_etablissements") == [1, 1, *[2] * 7, 1, 1, 1]


def test_an_establishment_that_closes_and_reopens(panels: Any) -> None:
    companies = panels[1]
    # The workshop closes on 2 May and reopens on 21 June, after the cut-off; without it the company has no row.
    months = [month for month in MONTHS if (MAKER, month) in companies]
    assert months == [month for month in MONTHS if month != "2024-06"]
    counts = {name: series(companies, MAKER, name, months) for name in ("nb_etablissements", "nb_fermetures")}
    assert counts["nb_etablissements"] == [1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    assert counts["nb_fermetures"] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert series(companies, MAKER, "nb_ouvertures", months) == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_a_company_sees_the_worst_of_its_open_establishments(panels: Any) -> None:
    companies = panels[1]
    # Shop: debt from January. Plant: debt from June, closed in October: its row of October is the last, and not open.
    assert series(companies, FIRM, "nb_etablissements_en_dette") == [1] * 5 + [2] * 4 + [1] * 3
    assert series(companies, FIRM, "part_etablissements_en_dette", ["2024-01", "2024-06", "2024-12"]) == [
        1 / 2,
        1.0,
        1.0,
    ]
    assert series(companies, FIRM, "effectif_max_etablissement", ["2024-04", "2024-06", "2024-12"]) == [30, 12, 8]


def test_a_source_never_delivered_is_unknown_and_not_zero(cells: Any) -> None:
    absent = frozenset(COLUMNS) - {"cotisation", "effectif", "effectif_ent", "sirene", "sirene_ul", "procol"}
    staged = {name: facts for name, facts in STAGED.items() if name not in absent}
    sites, companies = cells(staged, absent=absent)
    unknown = ["dette", "nb_ecarts_negatifs", "nb_delais", "delai_montant_echeancier", "apart_heures_autorisees"]
    unknown += ["apart_heures_consommees", "apart_demandes_en_cours", "mois_depuis_ccsf"]
    assert {sites[SHOP, "2024-06"][name] for name in unknown} == {None}
    assert {companies[FIRM, "2024-06"][name] for name in [*unknown, "nb_etablissements_en_dette"]} == {None}
    assert companies[FIRM, "2024-06"]["nb_etablissements"] == 2
    assert sites[SHOP, "2024-02"]["cotisation"] == 100.0


def test_a_row_that_only_an_amount_asks_for_says_that_its_establishment_is_closed(panels: Any) -> None:
    sites, companies = panels
    found = {month: sites[KIOSK, month]["est_ouvert"] for siret, month in sites if siret == KIOSK}
    # Closed on 10 March: the month of the closure has its row, in which it is closed.
    assert found == {f"2024-{month:02d}": month <= 2 for month in (1, 2, 3, 5, 6, 7)}
    assert [companies[SELLER, f"2024-{month:02d}"]["nb_etablissements_en_dette"] for month in (2, 3, 5)] == [1, 0, 0]
