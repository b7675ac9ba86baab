"""Deliveries that broke other readers, from the files to panels and labels: one company for each kind.

2612    everything as expected
2701    the register changes all its codes; a debt line is damaged; a company leaves the perimeter; the list of
        proceedings is empty
2702    the perimeter file is broken: nothing of the batch is taken in
"""

from datetime import date
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs import build_labels, build_panel, ingest
from sf_spark.settings import load_settings

PLAIN, DAMAGED, LEAVES, SAME_DAY, BLANK, LIQUIDATED, RESOLVED, ENDED, REOPENED, RECODED, ACCOUNTS = (
    f"{rank}0{rank}3000{rank}7" if rank < 10 else f"{rank}3{rank}20{rank}" for rank in range(1, 12)
)
COMPANIES = (PLAIN, DAMAGED, LEAVES, SAME_DAY, BLANK, LIQUIDATED, RESOLVED, ENDED, REOPENED, RECODED, ACCOUNTS)
STOCK = (
    "siren,nic,siret,dateCreationEtablissement,etablissementSiege,complementAdresseEtablissement,"
    "numeroVoieEtablissement,indiceRepetitionEtablissement,typeVoieEtablissement,libelleVoieEtablissement,"
    "codePostalEtablissement,libelleCommuneEtablissement,libelleCommuneEtrangerEtablissement,"
    "distributionSpecialeEtablissement,codeCommuneEtablissement,codeCedexEtablissement,libelleCedexEtablissement,"
    "codePaysEtrangerEtablissement,libellePaysEtrangerEtablissement,dateDebut,etatAdministratifEtablissement,"
    "activitePrincipaleEtablissement,nomenclatureActivitePrincipaleEtablissement,longitude,latitude"
)
UNITS = (
    "siren,dateCreationUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,prenom4UniteLegale,"
    "etatAdministratifUniteLegale,nomUniteLegale,nomUsageUniteLegale,denominationUniteLegale,"
    "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,nomenclatureActivitePrincipaleUniteLegale"
)
HISTORY = (
    "siret,dateDebut,dateFin,etatAdministratifEtablissement,changementEtatAdministratifEtablissement,"
    "activitePrincipaleEtablissement,nomenclatureActivitePrincipaleEtablissement"
)
DEBIT = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours"
)
PCOLL = "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx"
RATIOS = (
    "siren;date_cloture_exercice;chiffre_d_affaires;marge_brute;ebe;ebit;resultat_net;taux_d_endettement;"
    "ratio_de_liquidite;ratio_de_vetuste;autonomie_financiere;poids_bfr_exploitation_sur_ca;couverture_des_interets;"
    "caf_sur_ca;capacite_de_remboursement;marge_ebe;resultat_courant_avant_impots_sur_ca;"
    "poids_bfr_exploitation_sur_ca_jours;rotation_des_stocks_jours;credit_clients_jours;credit_fournisseurs_jours;"
    "type_bilan;confidentiality"
)
SPELLS = {  # first day, last day, state
    REOPENED: (("2010-03-15", "2016-09-14", "A"), ("2016-09-15", "2019-04-29", "F"), ("2019-04-30", "", "A")),
    RECODED: (("2010-03-15", "2015-07-31", "A"), ("2015-08-01", "2018-05-20", "F"), ("2018-05-21", "", "F")),
}


def site(siren: str) -> str:
    return f"{siren}00011"


def account(siren: str) -> str:
    return f"117{int(siren) * 7919:015d}"


def register(code: str, nomenclature: str) -> dict[str, list[str]]:
    def since(siren: str) -> str:
        return SPELLS[siren][-1][0] if siren in SPELLS else "2010-03-15"

    return {
        "StockEtablissement_utf8_geo.csv": [STOCK]
        + [
            f"{s},00011,{site(s)},2010-03-15,true,,,,RUE,DES LILAS,75001,PARIS,,,75056,,,,,{since(s)},"
            f"{'F' if s == RECODED else 'A'},{code},{nomenclature},2.35,48.85"
            for s in COMPANIES
        ],
        "sireneUL.csv": [UNITS]
        + [f"{s},2010-03-15,,,,,A,,,SOCIETE {rank},5710,{code},{nomenclature}" for rank, s in enumerate(COMPANIES)],
        "StockEtablissementHistorique_utf8.csv": [HISTORY]
        + [
            f"{site(s)},{first},{last},{state},false,43.34Z,NAFRev2"
            for s, spells in SPELLS.items()
            for first, last, state in spells
        ],
    }


def debts() -> list[str]:
    return [
        f"117;75;{account(s)};{s};{site(s)};20100315;1;0;202610;101;1;1260720;{rank}0000;2000;1;2;0"
        for rank, s in enumerate(COMPANIES, start=1)
    ]


def proceedings() -> list[str]:
    events = (
        (SAME_DAY, "05MAR2025", "Redressement_ouverture"),
        (SAME_DAY, "05MAR2025", "Redressement_fin_procedure"),
        (BLANK, "05MAR2025", "Redressement_ouverture"),
        (BLANK, "10JUN2025", "Redressement_Fin_procedure "),
        (LIQUIDATED, "05MAR2025", "LIQUIDATION JUDICIAIRE_OUVERTURE"),
        (RESOLVED, "05MAR2024", "Redressement_ouverture"),
        (RESOLVED, "05MAR2025", "Redressement_plan_continuation"),
    )
    return [f"{site(s)};{s};{day};1;{label}" for s, day, label in events]


def ratios() -> list[str]:
    def line(year: int, kind: str, turnover: int, confidentiality: str = "Public") -> str:
        return f"{ACCOUNTS};{year}-12-31;{turnover};;;;5000{';' * 14};{kind};{confidentiality}"

    own = [line(year, "C", 1000 + year) for year in (2019, 2021, 2022)]
    return [*own, *(line(year, "K", 9000 + year) for year in range(2019, 2023)), line(2024, "C", 0, "Confidentiel")]


def delivery(inside: tuple[str, ...], code: tuple[str, str]) -> dict[str, list[str]]:
    months = "eff201911;eff202631;eff202632"
    return {
        "filter_siren.csv": ["siren", *inside],
        **register(*code),
        "sigfaible_effectif_siren.csv": [f"siren;{months};rais_soc", *(f"{s};25;25;25;X" for s in COMPANIES)],
        "sigfaible_effectif_siret.csv": [
            f"compte;siret;rais_soc;{months}",
            *(f"{account(s)};{site(s)};X;25;25;25" for s in COMPANIES),
        ],
        "sigfaible_cotisdues.csv": [
            "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due",
            *(f"117;75;{site(s)};{account(s)};202630;900;0;900" for s in COMPANIES),
        ],
        "sigfaible_debits.csv": [DEBIT, *debts()],
        "sigfaible_pcoll.csv": [PCOLL, *proceedings()],
        "ratios_inpi_bce.csv": [RATIOS, *ratios()],
        "bodacc_procedures.csv": [
            "siren;date_jugement;nature",
            f"{RESOLVED};2026-02-05;Jugement prononçant la résolution du plan de redressement et la liquidation "
            "judiciaire",
            f"{ENDED};2025-01-05;Jugement d'ouverture de liquidation judiciaire",
            f"{ENDED};2026-05-05;Jugement prononÃ§ant la clÃ´ture de la liquidation judiciaire",
        ],
    }


def deliveries() -> dict[str, dict[str, list[str]]]:
    december = delivery(COMPANIES, ("43.34Z", "NAFRev2"))
    january = delivery(tuple(s for s in COMPANIES if s != LEAVES), ("43.34Y", "NAF2025"))
    lines = january["sigfaible_debits.csv"]
    rank = 1 + COMPANIES.index(DAMAGED)
    lines[rank] = lines[rank].replace(";1260720;", ";126072x;")
    january["sigfaible_pcoll.csv"] = [PCOLL]
    return {"2612": december, "2701": january, "2702": january | {"filter_siren.csv": ["\x00\x01"]}}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("field")
    for batch, files in deliveries().items():
        (folder / "landing" / batch).mkdir(parents=True)
        for name, lines in files.items():
            (folder / "landing" / batch / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    overrides = [*(f"{key}={folder / key}" for key in ("landing", "lake")), "ingest.smallest_share=0.8"]
    settings = load_settings("test", overrides)
    said: list[str] = []
    for job, code in ((ingest, 1), (build_panel, 0), (build_labels, 0)):
        assert job.run(spark, settings, job.parser().parse_args([]), said.append) == code, said
    return settings.lake


def rows(lake: str, table: str) -> list[dict[str, Any]]:
    return DeltaTable(f"{lake}/{table}").to_pyarrow_table().to_pylist()


@pytest.fixture(scope="module")
def panel(lake: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["siren"], f"{row['periode']:%Y-%m}"): row for row in rows(lake, "panel/entreprise")}


def test_what_could_not_be_taken_in_is_refused_by_name(lake: str) -> None:
    failed = {(r["_batch"], r["_file"]): r["message"] for r in rows(lake, "deliveries") if r["status"] == "failed"}
    assert "holds 0 facts where 7 are in force" in failed.pop(("2701", "sigfaible_pcoll.csv"))
    assert {batch for batch, _ in failed} == {"2702"}
    assert len(failed) == len(deliveries()["2702"])
    assert all("filter_siren.csv" in message for (_, name), message in failed.items() if "filter" not in name)
    (held_back,) = [row for row in rows(lake, "held_back") if row["reason"] == "damaged_line"]
    assert (held_back["source"], held_back["key"]) == ("debit", site(DAMAGED))


@pytest.mark.parametrize("siren", [s for s in COMPANIES if s != RECODED])
def test_a_register_in_another_nomenclature_leaves_a_company_what_it_was(panel: dict, siren: str) -> None:
    names = ("departement", "raison_sociale", "nb_etablissements", "est_dans_perimetre", "ape", "section", "division")
    before, after = (panel[siren, month] for month in ("2026-12", "2027-01"))
    assert [after[name] for name in names] == [before[name] for name in names]
    assert (before["departement"], before["nb_etablissements"], before["est_dans_perimetre"]) == ("75", 1, True)
    assert (before["ape_naf25"], after["ape_naf25"], after["ape_est_derive"]) == (None, "43.34Y", False)


@pytest.mark.parametrize("siren", [DAMAGED, LEAVES, PLAIN])
def test_neither_damage_nor_leaving_takes_anything_back(panel: dict, siren: str) -> None:
    debt = (COMPANIES.index(siren) + 1) * 100 + 20  # euros of the two parts
    for month in ("2026-12", "2027-01"):
        assert (panel[siren, month]["dette"], panel[siren, month]["effectif"]) == (debt, 25)
    # 900 for the third quarter, known from October on: 300 a month.
    assert [panel[siren, month]["cotisation"] for month in ("2026-10", "2026-11", "2026-12")] == [300.0] * 3
    assert panel[siren, "2027-01"]["cotisation"] in (0.0, None)


def test_proceedings_are_listed_once_and_stay_when_their_list_comes_empty(panel: dict) -> None:
    def states(siren: str, *months: str) -> list[tuple[str | None, str | None]]:
        return [(panel[siren, month]["procedure"], panel[siren, month]["source_procedure"]) for month in months]

    assert states(SAME_DAY, "2025-03", "2027-01") == [(None, None)] * 2
    assert states(BLANK, "2025-05", "2025-06", "2027-01") == [("redressement", "procol"), (None, None), (None, None)]
    assert states(LIQUIDATED, "2025-03", "2026-12", "2027-01") == [("liquidation", "procol")] * 3
    assert states(RESOLVED, "2026-01", "2026-02") == [("redressement", "procol"), ("liquidation", "procedures")]
    assert states(ENDED, "2026-04", "2026-05") == [("liquidation", "procedures"), (None, None)]


def test_labels_know_both_sources(lake: str) -> None:
    labels = {(row["siren"], f"{row['periode']:%Y-%m}"): row for row in rows(lake, "labels/entreprise")}
    assert labels[LIQUIDATED, "2025-01"]["mois_avant_defaillance"] == 2
    assert labels[ENDED, "2024-10"]["cible_12m"] and labels[ENDED, "2025-01"]["en_procedure"]
    assert not labels[ENDED, "2026-05"]["en_procedure"]
    assert labels[PLAIN, "2025-12"]["cible_12m"] is False


def test_the_history_says_when_an_establishment_was_open(lake: str, panel: dict) -> None:
    sites = {(r["siret"], f"{r['periode']:%Y-%m}"): r["est_ouvert"] for r in rows(lake, "panel/etablissement")}
    assert not any(open_ for (siret, month), open_ in sites.items() if siret == site(RECODED) and month >= "2015-08")
    closed = [month for month in months("2019-05", "2027-01") if not sites.get((site(REOPENED), month))]
    assert closed == []  # the first fact is known in May 2019, after the reopening
    assert panel[REOPENED, "2027-01"]["nb_etablissements"] == 1
    assert sum(row["nb_fermetures"] or 0 for (siren, _), row in panel.items() if siren == PLAIN) == 0


def months(first: str, last: str) -> list[str]:
    start, end = (12 * int(text[:4]) + int(text[5:]) - 1 for text in (first, last))
    return [f"{date(month // 12, month % 12 + 1, 1):%Y-%m}" for month in range(start, end + 1)]


def test_accounts_are_one_series_and_confidential_zeros_are_unknown(panel: dict) -> None:
    types = {month: panel[ACCOUNTS, month]["bilan_type"] for month in months("2020-08", "2024-02")}
    assert set(types.values()) <= {"C", None}
    turnover = [panel[ACCOUNTS, month]["bilan_chiffre_d_affaires"] for month in ("2020-12", "2022-12", "2023-12")]
    assert turnover == [1000 + 2019, 1000 + 2021, 1000 + 2022]
    assert (panel[ACCOUNTS, "2025-12"]["bilan_chiffre_d_affaires"], panel[ACCOUNTS, "2025-12"]["bilan_type"]) == (
        None,
        "C",
    )
