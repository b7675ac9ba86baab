"""Layouts of the delivered files: names, headers, and how each is written."""

from dataclasses import dataclass

from sf_spark.demo.files import effectifs
from sf_spark.demo.files.registre import Era
from sf_spark.demo.world.plan import Timeline

COTISATION, DEBIT = "sigfaible_cotisdues.csv.gz", "sigfaible_debits.csv.gz"
DELAI, CCSF, PROCOL = "sigfaible_delais.csv", "sigfaible_ccsf.csv", "sigfaible_pcoll.csv"
EFFECTIF, EFFECTIF_ENT = "sigfaible_effectif_siret.csv", "sigfaible_effectif_siren.csv"
APCONSO, APDEMANDE = "consommation_ap.csv", "demande_ap.csv"
SIRENE, SIRENE_UL = "StockEtablissement_utf8_geo.csv", "sireneUL.csv"
SIRENE_HISTO, RATIOS = "StockEtablissementHistorique_utf8.csv", "ratios_inpi_bce.csv"
PAYDEX = "Retro-Paydex"  # delivered under a name that holds two dates

ETABLISSEMENT_COLUMNS: tuple[str, ...] = (
    "siren", "nic", "siret", "statutDiffusionEtablissement", "dateCreationEtablissement",
    "trancheEffectifsEtablissement", "anneeEffectifsEtablissement",
    "activitePrincipaleRegistreMetiersEtablissement", "dateDernierTraitementEtablissement", "etablissementSiege",
    "nombrePeriodesEtablissement", "complementAdresseEtablissement", "numeroVoieEtablissement",
    "indiceRepetitionEtablissement", "typeVoieEtablissement", "libelleVoieEtablissement", "codePostalEtablissement",
    "libelleCommuneEtablissement", "libelleCommuneEtrangerEtablissement", "distributionSpecialeEtablissement",
    "codeCommuneEtablissement", "codeCedexEtablissement", "libelleCedexEtablissement",
    "codePaysEtrangerEtablissement", "libellePaysEtrangerEtablissement", "complementAdresse2Etablissement",
    "numeroVoie2Etablissement", "indiceRepetition2Etablissement", "typeVoie2Etablissement",
    "libelleVoie2Etablissement", "codePostal2Etablissement", "libelleCommune2Etablissement",
    "libelleCommuneEtranger2Etablissement", "distributionSpeciale2Etablissement", "codeCommune2Etablissement",
    "codeCedex2Etablissement", "libelleCedex2Etablissement", "codePaysEtranger2Etablissement",
    "libellePaysEtranger2Etablissement", "dateDebut", "etatAdministratifEtablissement", "enseigne1Etablissement",
    "enseigne2Etablissement", "enseigne3Etablissement", "denominationUsuelleEtablissement",
    "activitePrincipaleEtablissement", "nomenclatureActivitePrincipaleEtablissement",
    "caractereEmployeurEtablissement", "longitude", "latitude", "geo_score", "geo_type", "geo_adresse", "geo_id",
    "geo_ligne", "geo_l4", "geo_l5",
)  # fmt: skip

_NAF_2025 = "activitePrincipaleNAF25Etablissement"
_GEOCODED = ETABLISSEMENT_COLUMNS.index("longitude")  # the columns from here on are not INSEE's own
_SINCE_2024 = {  # the column after which INSEE has added others in March 2024
    "indiceRepetitionEtablissement": (
        "dernierNumeroVoieEtablissement", "indiceRepetitionDernierNumeroVoieEtablissement",
    ),
    "libellePaysEtrangerEtablissement": (
        "identifiantAdresseEtablissement", "coordonneeLambertAbscisseEtablissement",
        "coordonneeLambertOrdonneeEtablissement",
    ),
}  # fmt: skip
INSEE_COLUMNS: tuple[str, ...] = (
    *(each for name in ETABLISSEMENT_COLUMNS[:_GEOCODED] for each in (name, *_SINCE_2024.get(name, ()))),
    _NAF_2025,
)
# The columns of each era, in the order of Era: geocoded, geocoded with NAF 2025, INSEE's own with NAF 2025.
COLUMNS_OF_ERA: tuple[tuple[str, ...], ...] = (
    ETABLISSEMENT_COLUMNS,
    (*ETABLISSEMENT_COLUMNS[:_GEOCODED], _NAF_2025, *ETABLISSEMENT_COLUMNS[_GEOCODED:]),
    INSEE_COLUMNS,
)
_INSEE_NAME = "StockEtablissement_utf8.csv"  # not geocoded

UNITE_LEGALE_COLUMNS: tuple[str, ...] = (
    "siren", "statutDiffusionUniteLegale", "unitePurgeeUniteLegale", "dateCreationUniteLegale", "sigleUniteLegale",
    "sexeUniteLegale", "prenom1UniteLegale", "prenom2UniteLegale", "prenom3UniteLegale", "prenom4UniteLegale",
    "prenomUsuelUniteLegale", "pseudonymeUniteLegale", "identifiantAssociationUniteLegale",
    "trancheEffectifsUniteLegale", "anneeEffectifsUniteLegale", "dateDernierTraitementUniteLegale",
    "nombrePeriodesUniteLegale", "categorieEntreprise", "anneeCategorieEntreprise", "dateDebut",
    "etatAdministratifUniteLegale", "nomUniteLegale", "nomUsageUniteLegale", "denominationUniteLegale",
    "denominationUsuelle1UniteLegale", "denominationUsuelle2UniteLegale", "denominationUsuelle3UniteLegale",
    "categorieJuridiqueUniteLegale", "activitePrincipaleUniteLegale", "nomenclatureActivitePrincipaleUniteLegale",
    "activitePrincipaleNAF25UniteLegale", "nicSiegeUniteLegale", "economieSocialeSolidaireUniteLegale",
    "caractereEmployeurUniteLegale",
)  # fmt: skip

HISTORIQUE_COLUMNS: tuple[str, ...] = (
    "siren", "nic", "siret", "dateFin", "dateDebut", "etatAdministratifEtablissement",
    "changementEtatAdministratifEtablissement", "enseigne1Etablissement", "enseigne2Etablissement",
    "enseigne3Etablissement", "changementEnseigneEtablissement", "denominationUsuelleEtablissement",
    "changementDenominationUsuelleEtablissement", "activitePrincipaleEtablissement",
    "nomenclatureActivitePrincipaleEtablissement", "changementActivitePrincipaleEtablissement",
    "caractereEmployeurEtablissement", "changementCaractereEmployeurEtablissement",
)  # fmt: skip

RATIOS_COLUMNS: tuple[str, ...] = (
    "siren", "date_cloture_exercice", "chiffre_d_affaires", "marge_brute", "ebe", "ebit", "resultat_net",
    "taux_d_endettement", "ratio_de_liquidite", "ratio_de_vetuste", "autonomie_financiere",
    "poids_bfr_exploitation_sur_ca", "couverture_des_interets", "caf_sur_ca", "capacite_de_remboursement",
    "marge_ebe", "resultat_courant_avant_impots_sur_ca", "poids_bfr_exploitation_sur_ca_jours",
    "rotation_des_stocks_jours", "credit_clients_jours", "credit_fournisseurs_jours", "type_bilan", "confidentiality",
)  # fmt: skip

_HEADERS: dict[str, str] = {
    COTISATION: "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due",
    DEBIT: (
        "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;"
        "Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours"
    ),
    DELAI: (
        "Urssaf_gestion;Dep;Siret;Numero_compte_externe;Numero_structure;Date_creation;Date_echeance;Duree_delai;"
        "Denomination_premiere_ligne;Indic_6M;Annee_creation;Montant_global_echeancier;Code_externe_stade;"
        "Code_externe_action"
    ),
    CCSF: "Urssaf_gestion;Dep;Siret;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action",
    PROCOL: "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx",
    APCONSO: '"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"',
    APDEMANDE: (
        '"ID_DA","ETAB_SIRET","EFF_ENT","EFF_ETAB","DATE_STATUT","DATE_DEB","DATE_FIN","HTA","MTA","EFF_AUTO",'
        '"MOTIF_RECOURS_SE","PERIMETRE_AP","S_HEURE_CONSOM_TOT","S_EFF_CONSOM_TOT","S_MONTANT_CONSOM_TOT",'
        '"RECOURS_ANTERIEUR"'
    ),
    SIRENE_UL: ",".join(UNITE_LEGALE_COLUMNS),
    SIRENE_HISTO: ",".join(HISTORIQUE_COLUMNS),
    PAYDEX: "SIREN;NB_JOURS;NB_JOURS_LIB;DATE_VALEUR",
    RATIOS: ";".join(RATIOS_COLUMNS),
}


@dataclass(frozen=True)
class Layout:
    """How one delivered file is written."""

    name: str
    delimiter: str
    newline: str = "\n"
    blank_lines: bool = False  # a blank line here and there, as in real deliveries

    @property
    def compressed(self) -> bool:
        """Tell whether the file is gzipped."""
        return self.name.endswith(".gz")

    def file_name(self, timeline: Timeline, batch: int) -> str:
        """Return the name of that file in a delivery."""
        if self.name == SIRENE and Era.of(timeline, batch) == Era.NEW:
            return _INSEE_NAME
        if self.name != PAYDEX:
            return self.name
        year, month = timeline.year_and_month(timeline.initial + batch)
        return f"E_{year}{month:02d}080930_Retro-Paydex_{year}{month:02d}15.csv"  # asked on the 8th, made on the 15th

    def header(self, timeline: Timeline, batch: int) -> str:
        """Return the header of that file in a delivery."""
        if self.name == EFFECTIF:
            return effectifs.siret_header(timeline, batch)
        if self.name == EFFECTIF_ENT:
            return effectifs.siren_header(timeline, batch)
        if self.name == SIRENE:
            return ",".join(COLUMNS_OF_ERA[Era.of(timeline, batch)])
        return _HEADERS[self.name]


LAYOUTS: tuple[Layout, ...] = (
    Layout(COTISATION, ";", blank_lines=True),
    Layout(DEBIT, ";"),
    Layout(DELAI, ";", newline="\r\n"),
    Layout(CCSF, ";"),
    Layout(PROCOL, ";", blank_lines=True),
    Layout(EFFECTIF, ";"),
    Layout(EFFECTIF_ENT, ";"),
    Layout(APCONSO, ",", blank_lines=True),
    Layout(APDEMANDE, ","),
    Layout(SIRENE, ","),
    Layout(SIRENE_UL, ","),
    Layout(SIRENE_HISTO, ","),
    Layout(PAYDEX, ";"),
    Layout(RATIOS, ";"),
)
