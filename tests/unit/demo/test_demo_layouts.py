"""Every delivered file has the layout that its partner gives it, character for character."""

import re

import pytest

ALL_FILES = {
    "sigfaible_cotisdues.csv.gz", "sigfaible_debits.csv.gz", "sigfaible_delais.csv", "sigfaible_ccsf.csv",
    "sigfaible_pcoll.csv", "sigfaible_effectif_siret.csv", "sigfaible_effectif_siren.csv", "consommation_ap.csv",
    "demande_ap.csv", "StockEtablissement_utf8_geo.csv", "sireneUL.csv", "StockEtablissementHistorique_utf8.csv",
    "Retro-Paydex", "ratios_inpi_bce.csv",
}  # fmt: skip

# Written out by hand from the description of the formats: nothing here comes from the generator.
HEADERS = {
    "sigfaible_cotisdues.csv.gz": "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due",
    "sigfaible_debits.csv.gz": "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;"
    "Num_Hist_Ecn;Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours",
    "sigfaible_delais.csv": "Urssaf_gestion;Dep;Siret;Numero_compte_externe;Numero_structure;Date_creation;"
    "Date_echeance;Duree_delai;Denomination_premiere_ligne;Indic_6M;Annee_creation;Montant_global_echeancier;"
    "Code_externe_stade;Code_externe_action",
    "sigfaible_ccsf.csv": "Urssaf_gestion;Dep;Siret;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action",
    "sigfaible_pcoll.csv": "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx",
    "consommation_ap.csv": '"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"',
    "demande_ap.csv": '"ID_DA","ETAB_SIRET","EFF_ENT","EFF_ETAB","DATE_STATUT","DATE_DEB","DATE_FIN","HTA","MTA",'
    '"EFF_AUTO","MOTIF_RECOURS_SE","PERIMETRE_AP","S_HEURE_CONSOM_TOT","S_EFF_CONSOM_TOT","S_MONTANT_CONSOM_TOT",'
    '"RECOURS_ANTERIEUR"',
    "StockEtablissement_utf8_geo.csv": "siren,nic,siret,statutDiffusionEtablissement,dateCreationEtablissement,"
    "trancheEffectifsEtablissement,anneeEffectifsEtablissement,activitePrincipaleRegistreMetiersEtablissement,"
    "dateDernierTraitementEtablissement,etablissementSiege,nombrePeriodesEtablissement,complementAdresseEtablissement,"
    "numeroVoieEtablissement,indiceRepetitionEtablissement,typeVoieEtablissement,libelleVoieEtablissement,"
    "codePostalEtablissement,libelleCommuneEtablissement,libelleCommuneEtrangerEtablissement,"
    "distributionSpecialeEtablissement,codeCommuneEtablissement,codeCedexEtablissement,libelleCedexEtablissement,"
    "codePaysEtrangerEtablissement,libellePaysEtrangerEtablissement,complementAdresse2Etablissement,"
    "numeroVoie2Etablissement,indiceRepetition2Etablissement,typeVoie2Etablissement,libelleVoie2Etablissement,"
    "codePostal2Etablissement,libelleCommune2Etablissement,libelleCommuneEtranger2Etablissement,"
    "distributionSpeciale2Etablissement,codeCommune2Etablissement,codeCedex2Etablissement,libelleCedex2Etablissement,"
    "codePaysEtranger2Etablissement,libellePaysEtranger2Etablissement,dateDebut,etatAdministratifEtablissement,"
    "enseigne1Etablissement,enseigne2Etablissement,enseigne3Etablissement,denominationUsuelleEtablissement,"
    "activitePrincipaleEtablissement,nomenclatureActivitePrincipaleEtablissement,caractereEmployeurEtablissement,"
    "activitePrincipaleNAF25Etablissement,longitude,latitude,geo_score,geo_type,geo_adresse,geo_id,geo_ligne,geo_l4,geo_l5",
    "sireneUL.csv": "siren,statutDiffusionUniteLegale,unitePurgeeUniteLegale,dateCreationUniteLegale,sigleUniteLegale,"
    "sexeUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,prenom4UniteLegale,"
    "prenomUsuelUniteLegale,pseudonymeUniteLegale,identifiantAssociationUniteLegale,trancheEffectifsUniteLegale,"
    "anneeEffectifsUniteLegale,dateDernierTraitementUniteLegale,nombrePeriodesUniteLegale,categorieEntreprise,"
    "anneeCategorieEntreprise,dateDebut,etatAdministratifUniteLegale,nomUniteLegale,nomUsageUniteLegale,"
    "denominationUniteLegale,denominationUsuelle1UniteLegale,denominationUsuelle2UniteLegale,"
    "denominationUsuelle3UniteLegale,categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,"
    "nomenclatureActivitePrincipaleUniteLegale,activitePrincipaleNAF25UniteLegale,nicSiegeUniteLegale,"
    "economieSocialeSolidaireUniteLegale,caractereEmployeurUniteLegale",
    "StockEtablissementHistorique_utf8.csv": "siren,nic,siret,dateFin,dateDebut,etatAdministratifEtablissement,"
    "changementEtatAdministratifEtablissement,enseigne1Etablissement,enseigne2Etablissement,enseigne3Etablissement,"
    "changementEnseigneEtablissement,denominationUsuelleEtablissement,changementDenominationUsuelleEtablissement,"
    "activitePrincipaleEtablissement,nomenclatureActivitePrincipaleEtablissement,"
    "changementActivitePrincipaleEtablissement,caractereEmployeurEtablissement,"
    "changementCaractereEmployeurEtablissement",
    "Retro-Paydex": "SIREN;NB_JOURS;NB_JOURS_LIB;DATE_VALEUR",
    "ratios_inpi_bce.csv": "siren;date_cloture_exercice;chiffre_d_affaires;marge_brute;ebe;ebit;resultat_net;"
    "taux_d_endettement;ratio_de_liquidite;ratio_de_vetuste;autonomie_financiere;poids_bfr_exploitation_sur_ca;"
    "couverture_des_interets;caf_sur_ca;capacite_de_remboursement;marge_ebe;resultat_courant_avant_impots_sur_ca;"
    "poids_bfr_exploitation_sur_ca_jours;rotation_des_stocks_jours;credit_clients_jours;credit_fournisseurs_jours;"
    "type_bilan;confidentiality",
}


def test_one_folder_a_month_up_to_the_last_batch(demo):
    assert demo.batches == ["2607", "2608", "2609", "2610"]
    for batch in demo.batches:
        expected = {demo.file_name(batch, file) for file in ALL_FILES}
        assert {path.name for path in (demo.landing / batch).iterdir()} == expected
    assert (demo.landing / "2610" / "E_202610080930_Retro-Paydex_20261015.csv").is_file()


@pytest.mark.parametrize("file", sorted(HEADERS))
def test_headers(demo, file):
    for batch in demo.batches:
        assert demo.content(batch, file).split("\n")[0].removesuffix("\r") == HEADERS[file]


def test_register_files_have_58_and_34_columns():
    # Geocoded: INSEE's 48 of before March 2024, its code in NAF 2025, and 9 of the geocoding.
    assert len(HEADERS["StockEtablissement_utf8_geo.csv"].split(",")) == 48 + 1 + 9
    assert len(HEADERS["sireneUL.csv"].split(",")) == 34


def test_headcount_files_gain_a_month_at_each_delivery(demo):
    # History starts 3 years before July 2026; headcounts of month m come in m + 4; one column more is still empty.
    for rank, last in enumerate(["eff202621", "eff202622", "eff202623", "eff202631"]):
        batch = demo.batches[rank]
        by_site = demo.content(batch, "sigfaible_effectif_siret.csv").split("\n")[0].split(";")
        by_company = demo.content(batch, "sigfaible_effectif_siren.csv").split("\n")[0].split(";")
        assert by_site[:7] == ["compte", "siret", "rais_soc", "ape_ins", "dep", "eff202331", "eff202332"]
        assert by_site[-3:] == [last, "base", "UR_EMET"]
        assert by_company[:3] == ["siren", "eff202331", "eff202332"]
        assert by_company[-2:] == [last, "rais_soc"]
        assert len(by_company) == 2 + (36 + rank - 4 + 1) + 1


def test_the_last_announced_column_is_empty(demo):
    rows = demo.rows("2610", "sigfaible_effectif_siren.csv")
    assert all(row["eff202631"] == "" for row in rows)
    assert any(row["eff202623"] != "" for row in rows)


def test_headcount_columns_are_months_in_order(demo, period):
    header = demo.read("2610", "sigfaible_effectif_siret.csv").header
    months = [period(name.removeprefix("eff")) for name in header if name.startswith("eff")]
    assert all(length == 1 for _, length in months)
    assert [start for start, _ in months] == list(range(12 * 2023 + 6, 12 * 2023 + 6 + len(months)))


def test_gzip_headers_carry_neither_name_nor_time(demo):
    for file in ("sigfaible_cotisdues.csv.gz", "sigfaible_debits.csv.gz"):
        start = (demo.landing / "2607" / file).read_bytes()[:8]
        assert start == b"\x1f\x8b\x08" + b"\x00" + b"\x00\x00\x00\x00"


def test_one_file_has_windows_line_ends_and_the_others_do_not(demo):
    for file in ALL_FILES:
        content = demo.content("2610", file)
        returns, lines = content.count("\r\n"), content.count("\n")
        assert returns == (lines if file == "sigfaible_delais.csv" else 0)
        assert content.endswith("\n")


def test_a_few_blank_lines(demo):
    blank = {file: len(demo.read("2610", file).blank) for file in ALL_FILES}
    assert blank["sigfaible_cotisdues.csv.gz"] >= 1 and blank["sigfaible_pcoll.csv"] >= 1
    assert sum(blank.values()) < 20


def test_accents_and_quoted_fields_travel(demo):
    names = demo.content("2610", "sireneUL.csv")
    assert re.search("[ÉÈÊÎÔÂÇ]", names) and "\ufeff" not in names
    signs = {row["enseigne1Etablissement"] for row in demo.rows("2610", "StockEtablissement_utf8_geo.csv")}
    assert any("," in sign for sign in signs) and any('"' in sign for sign in signs)
