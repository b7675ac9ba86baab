"""A small country, both panels, every column: the values known on each cut-off."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of
from sf_spark.lake.staged import read_or_empty
from sf_spark.panel.activites import ACTIVITY
from sf_spark.panel.build import PanelRules, StagedTables, entreprise_panel, etablissement_panel
from sf_spark.panel.measures import common_measures, company_measures

SCHEMAS = {
    "cotisation": "siret string, siren string, periode_debut date, periode_fin date, du double, "
    "known_on date, superseded_on date",
    "debit": "siret string, siren string, numero_compte string, periode_debut date, periode_fin date, "
    "numero_ecart_negatif string, numero_historique int, date_traitement date, part_ouvriere double, "
    "part_patronale double, _batch string, _line long, known_on date, superseded_on date",
    "effectif": "siret string, periode date, effectif int, _batch string, _line long, known_on date, "
    "superseded_on date",
    "effectif_ent": "siren string, periode date, effectif int, _batch string, _line long, known_on date, "
    "superseded_on date",
    "procol": "siren string, date_effet date, action_procol string, stade_procol string, known_on date, "
    "superseded_on date",
    "sirene": "siret string, siren string, siege boolean, departement string, code_commune string, ape string, "
    "date_creation date, est_actif boolean, date_debut date, _batch string, _line long, known_on date, "
    "superseded_on date",
    "sirene_ul": "siren string, raison_sociale string, nom_unite_legale string, prenom1_unite_legale string, "
    "categorie_juridique string, ape string, date_creation date, _batch string, _line long, known_on date, "
    "superseded_on date",
}
FLOWS_AND_STATES = ["cotisation", "montant_part_ouvriere", "montant_part_patronale", "dette", "nb_ecarts_negatifs"]
FLOWS_AND_STATES += ["effectif", "effectif_age_mois"]
ETABLISSEMENT = ["siret", "siren", "periode", *FLOWS_AND_STATES, "departement", "code_commune", "ape", "siege"]
ETABLISSEMENT += ["age_mois"]
ENTREPRISE = ["siren", "periode", *FLOWS_AND_STATES, "nb_etablissements", "departement", "code_commune"]
ENTREPRISE += ["categorie_juridique", "ape", "procedure", "stade", "date_procedure", "raison_sociale", "en_procedure"]
ENTREPRISE += ["age_mois", "est_dans_perimetre"]
PME, ARTISAN, STAFFED, SPREAD = "100000001", "100000002", "100000003", "100000004"
SHOP, PLANT = PME + "00011", PME + "00029"
OPENED, BUILT, FOUNDED = date(2020, 1, 15), date(2023, 6, 30), date(2019, 12, 31)
LONG_AGO = date(2010, 1, 1)
PANEL = PanelRules(
    last_month=index_of(date(2024, 8, 1)), perimeter_effectif=10, perimeter_months=36, cutoff_day=20
)  # what lies beyond August 2024 is still to come
Q1_2024 = (date(2024, 1, 1), date(2024, 4, 1))
YEAR_2022 = (date(2022, 1, 1), date(2023, 1, 1))


def d(month: int, day: int = 20) -> date:
    return date(2024, month, day)


COTISATIONS = [
    (SHOP, PME, d(1, 1), d(2, 1), 1200.0, d(2), None),
    (PLANT, PME, *Q1_2024, 100.0, d(4), None),
    # Three establishments of one company: one is closed when its last correction falls, one was never in the register.
    (SPREAD + "00011", SPREAD, *YEAR_2022, 1200.07, date(2023, 1, 20), None),
    (SPREAD + "00029", SPREAD, date(2022, 1, 1), date(2022, 4, 1), 100.0, date(2022, 4, 20), d(5)),
    (SPREAD + "00029", SPREAD, date(2022, 1, 1), date(2022, 4, 1), 70.01, d(5), None),
    (SPREAD + "00037", SPREAD, date(2022, 1, 1), date(2022, 2, 1), -0.01, date(2022, 2, 20), None),
    (SPREAD + "00037", SPREAD, date(2022, 2, 1), date(2022, 3, 1), None, date(2022, 3, 20), None),
]
DEBITS = [
    (SHOP, PME, "1", *Q1_2024, "101", 1, d(3, 5), 10.0, 30.0, "2403", 2, d(3, 5), None),
    (SHOP, PME, "1", *Q1_2024, "101", 2, d(5, 25), 0.0, 0.0, "2405", 3, d(5, 25), None),
]
EFFECTIFS = [
    (SHOP, date(2023, 11, 1), 4, "2401", 2, d(3, 1), None),
    (SHOP, date(2023, 12, 1), 5, "2401", 2, d(4, 1), None),
]
EFFECTIFS_ENT = [
    (PME, date(2023, 11, 1), 9, "2401", 2, d(3, 1), None),
    (PME, d(1, 1), 11, "2401", 2, d(5, 1), None),
    (ARTISAN, date(2020, 1, 1), 9, "2401", 3, date(2020, 5, 1), None),
    (STAFFED, date(2020, 1, 1), 10, "2401", 4, date(2020, 5, 1), None),
    (STAFFED, date(2020, 2, 1), 9, "2401", 4, date(2020, 6, 1), None),
]
PROCOLS = [(PME, d(5, 21), "redressement", "ouverture", d(5, 21), None)]
SIRENES = [
    (SHOP, PME, True, "75", "75101", "62.01Z", OPENED, True, OPENED, "2401", 2, OPENED, d(4)),
    (SHOP, PME, True, "92", "92012", "62.02A", OPENED, True, OPENED, "2404", 2, d(4), None),
    (PLANT, PME, False, "69", "69381", "10.71C", BUILT, False, d(6, 30), "2401", 3, BUILT, None),
    (SPREAD + "00029", SPREAD, True, "13", "13055", "56.10A", LONG_AGO, False, d(3, 1), "2401", 4, LONG_AGO, None),
]
SIRENE_ULS = [
    (PME, "ACME", None, None, "5710", "62.01Z", FOUNDED, "2401", 2, FOUNDED, None),
    (ARTISAN, "", "DUPONT", "MARIE", "1000", "43.21A", None, "2401", 3, LONG_AGO, None),
]
Rows = dict[tuple[str, date], dict[str, Any]]


@pytest.fixture(scope="module")
def panels(spark: SparkSession) -> tuple[Rows, Rows]:
    """The rows of both panels by key."""
    staged = dict(
        zip(SCHEMAS, (COTISATIONS, DEBITS, EFFECTIFS, EFFECTIFS_ENT, PROCOLS, SIRENES, SIRENE_ULS), strict=True)
    )
    tables = StagedTables.read(
        lambda name, ddl: (
            spark.createDataFrame(staged[name], SCHEMAS[name])
            if name in staged
            else read_or_empty(spark, "", name, ddl, None)
        ),
        cutoff_day=20,
    )
    sites = etablissement_panel(tables, PANEL, None).localCheckpoint()  # the job reads them where it wrote them
    panels = (sites, entreprise_panel(tables, sites, PANEL, None))
    added = [*common_measures(20), *company_measures(20)]
    columns = [[*ETABLISSEMENT, *added[: len(common_measures(20))], "est_ouvert"], ENTREPRISE + added]
    newer = {*ACTIVITY[1:], "source_procedure"}
    assert [[name for name in panel.columns if name not in newer] for panel in panels] == columns
    assert [newer - {*panel.columns} for panel in panels] == [{"source_procedure"}, set()]
    etablissement, entreprise = (
        panel.select(names).collect() for panel, names in zip(panels, (ETABLISSEMENT, ENTREPRISE), strict=True)
    )
    by_siret = {(row["siret"], row["periode"]): row.asDict() for row in etablissement}
    by_siren = {(row["siren"], row["periode"]): row.asDict() for row in entreprise}
    assert (len(by_siret), len(by_siren)) == (len(etablissement), len(entreprise))  # one row a key
    return by_siret, by_siren


def months_of(rows: Rows, key: str) -> list[date]:
    return sorted(periode for entity, periode in rows if entity == key)


def test_an_establishment_month_by_month(panels: tuple[Rows, Rows]) -> None:
    rows = panels[0]
    none, recovered = (0.0, 0.0, 0.0, 0), (10.0, 30.0, 10.0 + 30.0, 1)
    paris, nanterre = ("75", "75101", "62.01Z", True), ("92", "92012", "62.02A", True)
    assert months_of(rows, SHOP) == [d(month, 1) for month in range(2, 9)]
    assert [tuple(rows[SHOP, d(month, 1)].values()) for month in (2, 3, 5, 6)] == [
        (SHOP, PME, d(2, 1), 1200.0, *none, None, None, *paris, 4 * 12 + 1),
        (SHOP, PME, d(3, 1), None, *recovered, 4, 1 + 3, *paris, 4 * 12 + 2),  # November's headcount
        (SHOP, PME, d(5, 1), None, *recovered, 5, 5, *nanterre, 4 * 12 + 4),  # in April the register told of the move
        (SHOP, PME, d(6, 1), None, *none, 5, 6, *nanterre, 4 * 12 + 5),  # the payment of 25 May counts from June
    ]


def test_a_closed_establishment_ends_with_the_month_of_its_closure(panels: tuple[Rows, Rows]) -> None:
    rows = panels[0]
    lyon = ("69", "69381", "10.71C", False)
    assert [tuple(rows[PLANT, month].values()) for month in months_of(rows, PLANT)] == [
        (PLANT, PME, d(4, 1), 33.33, 0.0, 0.0, 0.0, 0, None, None, *lyon, 9),
        (PLANT, PME, d(5, 1), 33.33, 0.0, 0.0, 0.0, 0, None, None, *lyon, 10),
        (PLANT, PME, d(6, 1), 33.34, 0.0, 0.0, 0.0, 0, None, None, *lyon, 11),
        (PLANT, PME, d(7, 1), None, 0.0, 0.0, 0.0, 0, None, None, *lyon, 12),  # closed on 30 June, after the cut-off
    ]


def test_a_company_month_by_month(panels: tuple[Rows, Rows]) -> None:
    rows = panels[1]
    none, recovered = (0.0, 0.0, 0.0, 0), (10.0, 30.0, 10.0 + 30.0, 1)
    seats, register = (("75", "75101"), ("92", "92012")), ("5710", "62.01Z")
    in_bonis, opened = (None, None, None, "ACME", False), ("redressement", "ouverture", d(5, 21), "ACME", True)
    assert months_of(rows, PME) == [d(month, 1) for month in range(2, 9)]
    assert [tuple(rows[PME, month].values()) for month in months_of(rows, PME)] == [
        (PME, d(2, 1), 1200.0, *none, None, None, 2, *seats[0], *register, *in_bonis, 49, False),
        (PME, d(3, 1), None, *recovered, 9, 4, 2, *seats[0], *register, *in_bonis, 50, False),
        (PME, d(4, 1), 33.33, *recovered, 9, 5, 2, *seats[1], *register, *in_bonis, 51, False),
        (PME, d(5, 1), 33.33, *recovered, 11, 4, 2, *seats[1], *register, *in_bonis, 52, True),
        # Opened on 21 May: June is the first cut-off that knows. From 31 December to 20 June: month 54 is not over.
        (PME, d(6, 1), 33.34, *none, 11, 5, 2, *seats[1], *register, *opened, 53, True),
        (PME, d(7, 1), None, *none, 11, 6, 1, *seats[1], *register, *opened, 54, True),
        (PME, d(8, 1), None, *none, 11, 7, 1, *seats[1], *register, *opened, 55, True),
    ]


def test_a_company_of_which_only_headcounts_are_known_stays_to_the_end(panels: tuple[Rows, Rows]) -> None:
    rows, june = panels[1], date(2020, 6, 1)
    first = index_of(date(2020, 5, 1))
    assert [index_of(month) for month in months_of(rows, ARTISAN)] == [*range(first, PANEL.last_month + 1)]
    assert tuple(rows[ARTISAN, june].values()) == (
        *(ARTISAN, june, None, 0.0, 0.0, 0.0, 0, 9, 5, 0, None, None),
        *("1000", "43.21A", None, None, None, "MARIE DUPONT", False, None, False),
    )
    assert rows[STAFFED, june]["raison_sociale"] is None


def test_the_perimeter_is_ten_employees_once_in_thirty_six_months(panels: tuple[Rows, Rows]) -> None:
    inside: dict[str, list[date]] = {ARTISAN: [], STAFFED: []}
    for (siren, month), row in sorted(panels[1].items()):
        if row["est_dans_perimetre"] and siren in inside:
            inside[siren].append(month)
    assert inside[ARTISAN] == []  # nine employees, always
    # Ten employees were published in May 2020, nine ever since: 36 months, to April 2023.
    assert (inside[STAFFED][0], inside[STAFFED][-1], len(inside[STAFFED])) == (date(2020, 5, 1), date(2023, 4, 1), 36)


def test_contributions_are_conserved_to_the_cent(panels: tuple[Rows, Rows]) -> None:
    due = {PME: 1200_00 + 100_00, SPREAD: 1200_07 + 70_01 - 1}
    for rows in panels:
        posted = dict.fromkeys(due, 0)
        for row in rows.values():
            if row["siren"] in due:
                posted[row["siren"]] += round((row["cotisation"] or 0.0) * 100)
        assert posted == due


def test_an_amount_that_falls_after_a_closure_has_its_row_and_nothing_goes_beyond_the_last_month(
    panels: tuple[Rows, Rows],
) -> None:
    closed = SPREAD + "00029"
    since_closure = [month for month in months_of(panels[0], closed) if month >= d(1, 1)]
    # Closed in March 2024; the correction from 100.00 to 70.01 falls in May, June and July.
    assert since_closure == [d(m, 1) for m in (1, 2, 3, 5, 6, 7)]
    shares = [2333 - 3333, 2334 - 3333, 2334 - 3334]  # of 70.01 and of 100.00
    assert [panels[0][closed, d(m, 1)]["cotisation"] for m in (5, 6, 7)] == [cents / 100 for cents in shares]
    assert max(periode for rows in panels for _, periode in rows) == d(8, 1)
