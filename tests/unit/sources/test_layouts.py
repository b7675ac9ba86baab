"""Every layout of every partner file: recognised by its header, correct records and counts, bad cells named."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sf_spark.landing.source import UTF8
from sf_spark.sources import SOURCES, source_named
from tests.reading import accounts_of, read_file

A, B, OLD = "01234567800011", "01234567800029", "98765432100010"
SIREN = "012345678"
ACCOUNT = "111982477292496174"
SERIES = (date(2016, 1, 1), date(2019, 1, 1))


@dataclass
class Case:
    """A file in one layout: header, lines, class of each record, and the content of the facts, in order."""

    source: str
    layout: str
    header: str
    lines: list[str]
    classes: str  # one letter a record: a(ccepted), r(ejected), s(kipped)
    facts: list[dict[str, Any]]
    reasons: list[tuple[str, str]] = field(default_factory=list)
    encoding: str = UTF8


COTISATION = [
    Case(
        "cotisation",
        "2019-07",
        "Urssaf_gestion;Dep;Compte;periode;mer;enc_direct;cotis_due",
        [
            f"671;14;{ACCOUNT};1031;5;-68231;-21099,5",
            f"671;14;{ACCOUNT};1920;5;1;90",
            "671;14;000000000000000000;1031;5;1;2",  # an account without an establishment
            f"671;14;{ACCOUNT};2110;5;1;2",  # its last establishment has closed
            f"671;14;{ACCOUNT};1031;5;x;2",
        ],
        "aassr",
        [
            {"siret": A, "numero_compte": ACCOUNT, "periode_debut": date(2010, 7, 1), "du": -21099.5},
            {"siret": B, "periode_debut": date(2019, 4, 1), "periode_fin": date(2019, 7, 1), "du": 90.0},
        ],
        [("bad_number", "enc_direct")],
    ),
    Case(
        "cotisation",
        "2018",
        "compte;periode_debit;mer;enc_direct;periode;cotis_due;ecriture",
        [f"{ACCOUNT};x;5;4;1022;4;101"],
        "a",
        [{"siret": A, "periode_debut": date(2010, 5, 1), "encaisse": 4.0, "du": 4.0}],
    ),
]

_DEBIT = "Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn"
DEBIT = [
    Case(
        "debit",
        "2020-02",
        f"Urssaf_gestion;Dep;num_cpte;Siren;{_DEBIT};Recours_en_cours",
        [
            f"939;27;{ACCOUNT};012345678;20150708;5;0;201712;659;9;1170505;195907;864497;3;74;1",
            f"939;27;{ACCOUNT};012345678;20150708;5;0;201712;659;9;1170505;195907;864497;3;74;",
        ],
        "ar",
        [{"siret": B, "part_ouvriere": 195907 / 100, "recours_en_cours": True, "debit_id": f"{B}2017020120170301659"}],
        [("bad_boolean", "recours_en_cours")],
    ),
    Case(
        "debit",
        "2018",
        f"num_cpte;Siren;{_DEBIT}",
        [f"{ACCOUNT};012345678;20150708;5;0;201712;659;9;1170505;1;2;3;74"],
        "a",
        [{"siret": B, "part_patronale": 2 / 100, "recours_en_cours": None, "date_traitement": date(2017, 5, 5)}],
    ),
]

_DELAI = (
    "Numero_compte_externe;Numero_structure;Date_creation;Date_echeance;Duree_delai;Denomination_premiere_ligne;Indic_6M;"
    "Annee_creation;Montant_global_echeancier;Code_externe_stade;Code_externe_action"
)
DELAI = [
    Case(
        "delai",
        "2025-12",
        f"Urssaf_gestion;Dep;Siret;{_DELAI}",
        [
            f"217;63;{A};{ACCOUNT};5856690802766;01/01/2000;04/01/2001;456;x y;SUP;2000;5065,79;APPROB;SUR PO",
            f"217;63;{A};{ACCOUNT};5856690802766;01/01/2000;04/01/2001;abc;x y;SUP;2000;;APPROB;SUR PO",
            f"217;63;{A};{ACCOUNT};5856690802766;2000-01-01;04/01/2001;456;x y;SUP;MM;x;APPROB;SUR PO",
        ],
        "aar",
        [
            {
                "siret": A,
                "numero_compte": ACCOUNT,
                "numero_contentieux": "5856690802766",
                "date_creation": date(2000, 1, 1),
                "date_echeance": date(2001, 1, 4),
                "duree_delai": 456,
                "denomination": "x y",
                "indic_6m": "SUP",
                "annee_creation": 2000,
                "montant_echeancier": 5065.79,
                "stade": "APPROB",
                "action": "SUR PO",
            },
            {"duree_delai": None, "montant_echeancier": None},  # a duration that cannot be read is unknown
        ],
        [("bad_date", "date_creation"), ("bad_integer", "annee_creation"), ("bad_number", "montant_global_echeancier")],
    ),
    Case(
        "delai",
        "2019-07",
        f"Urssaf_gestion;Dep;{_DELAI}",
        [
            f"217;63;{ACCOUNT};58;03/03/2018;05/05/2018;63;x;INF;2018;100;APPROB;SUR PO",
            f"217;63;{ACCOUNT};58;03/03/2024;05/05/2024;63;x;INF;2018;100;APPROB;SUR PO",
        ],
        "as",
        [{"siret": B, "date_creation": date(2018, 3, 3), "montant_echeancier": 100.0}],
    ),
    Case(
        "delai",
        "2018",
        "Numero_compte_externe;Numero_structure;Date_creation;Date_echeance;Duree_delai;Denomination_premiere_ligne;"
        "Indic_6M;Annee_creation;Montant_global_echeancier;Numero_structure;Code_externe_stade;Code_externe_action",
        [f"{ACCOUNT};58;2016-03-03;2016-05-05;63;x;INF;2016;100.5;58;APPROB;SUR PO"],
        "a",
        [{"siret": A, "date_echeance": date(2016, 5, 5), "montant_echeancier": 100.5, "stade": "APPROB"}],
    ),
]

CCSF = [
    Case(
        "ccsf",
        "2025-12",
        "Urssaf_gestion;Dep;Siret;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action",
        [f"152;75;{A};{ACCOUNT};1180130;DEBUT;CCSF", f"152;75;{A};{ACCOUNT};11801300;DEBUT;CCSF"],
        "ar",
        [{"siret": A, "date_traitement": date(2018, 1, 30), "stade": "DEBUT", "action": "CCSF"}],
        [("bad_date", "date_de_traitement")],
    ),
    Case(
        "ccsf",
        "2019-07",
        "Urssaf_gestion;Dep;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action",
        [f"658;17;{ACCOUNT};1190420;REFUS;CCSF"],
        "a",
        [{"siret": B, "date_traitement": date(2019, 4, 20), "stade": "REFUS"}],
    ),
    Case(
        "ccsf",
        "2018",
        "Compte;Date;Stade;Action",
        [f"{ACCOUNT};990401;APPROB;CCSF"],
        "a",
        [{"siret": A, "date_traitement": date(1999, 4, 1), "stade": "APPROB", "action": "CCSF"}],
    ),
]

COMPTES = [
    Case(
        "comptes",
        "2019-07",
        "Urssaf_gestion;Dep;Compte;Etat_compte;Siren;Siret;Date_crea_siret;Date_disp_siret;Cle_md5",
        [
            f"049;05;{ACCOUNT};1;012345678;{B};1130828;;x",
            f"049;05;{ACCOUNT};3;012345678;{A};1030828;1170101;x",
            f"488;99;450359886246036238;3;987654321;{OLD};1110701;1110801;x",  # closed before the series
            "488;99;999999999999999999;1;987654321;9876543210X010;1110701;;x",  # provisional: no establishment at all
        ],
        "ars",
        [
            {"numero_compte": ACCOUNT, "siret": A, "date_fermeture": date(2017, 1, 1)},
            {"numero_compte": ACCOUNT, "siret": B, "date_fermeture": date(2899, 1, 1)},
            {"numero_compte": "450359886246036238", "siret": OLD, "date_fermeture": date(2011, 8, 1)},
        ],
        [("no_siret", "siret")],
    ),
]

_AP37 = (
    "EFF_ENT_TR,ID_DA,ETAB_SIRET,ETAB_RSS,ETAB_CODE_INSEE,ETAB_VILLE,CODE_NAF2,CODE_NAF2_2,EFF_ENT,EFF_ETAB,DATE_STATUT,"
    "TX_PC,TX_PC_UNEDIC_DARES,TX_PC_ETAT_DARES,DATE_DEB,DATE_FIN,HTA,MTA,EFF_AUTO,PROD_HTA_EFF,MOTIF_RECOURS_SE,"
    "PERIMETRE_AP,RECOURS_ANTERIEUR,AVIS_CE,S_HEURE_CONSOM_TOT,S_MONTANT_CONSOM_TOT,S_EFF_CONSOM_TOT,SOURCE,CPT,CODENAF2,"
    "CODE_NAF_21,CODE_NAF_TP,EFF_ENT_TR_TDB,Date_Statut_Annee,Date_Statut_Mois,Date_Statut_Annee_Mois,"
    "Date_Statut_Annee_Trim"
)
_AP16 = (
    '"ID_DA","ETAB_SIRET","EFF_ENT","EFF_ETAB","DATE_STATUT","DATE_DEB","DATE_FIN","HTA","MTA","EFF_AUTO",'
    '"MOTIF_RECOURS_SE","PERIMETRE_AP","S_HEURE_CONSOM_TOT","S_EFF_CONSOM_TOT","S_MONTANT_CONSOM_TOT","RECOURS_ANTERIEUR"'
)
APDEMANDE = [
    Case(
        "apdemande",
        "2021-05",
        _AP16,
        [
            f'"f28862688","{A}",559.0,0.0,"2012-02-11","2017-08-09",2017-09-09,42078.52,666113.56,99.0,"1","2",48512.0,319.0,'
            '689663.3,"3"',
            f'"f28862688","{A}",,,"2012-02-11","2017-08-09","2017-09-09 00:00:00",1.5,"666113,56",9.7,,"2",,,,"3"',
            f'"f","{A}",1,1,"2012-02-11","2017-08-09","2017-09-09",1,1,1,"8","2",1,1,1,"3"',
            '"f","",1,1,"2012-02-11","","2017-09-09",1,1,1,"1","2",1,1,1,"3"',
        ],
        "aarr",
        [
            {
                "siret": A,
                "id_demande": "f28862688",
                "effectif_entreprise": 559,
                "effectif": 0,
                "date_statut": date(2012, 2, 11),
                "periode_debut": date(2017, 8, 9),
                "periode_fin": date(2017, 9, 9),
                "hta": 42078.52,
                "mta": 666113.56,
                "effectif_autorise": 99,
                "motif_recours_se": 1,
                "perimetre": 2,
                "heures_consommees": 48512.0,
                "effectif_consomme": 319,
                "montant_consomme": 689663.3,
            },
            {
                "periode_fin": date(2017, 9, 9),
                "mta": 666113.56,
                "effectif_autorise": 9,
                "motif_recours_se": None,
                "montant_consomme": None,
            },
        ],
        [("bad_code", "motif_recours_se"), ("no_siret", "etab_siret"), ("bad_date", "date_deb")],
    ),
    Case(
        "apdemande",
        "2019",
        _AP37,
        [
            f'"2. Entre 20 et 49 salariés","f28862688","{A}","RS","73187",'
            '"VILLE","28","Z",20.0,12.0,"11/02/2012",7.23,3.1,4.1,'
            '"09/08/2017","09/09/2017",42078.52,"666113,56",9.0,1,"8","2","3","1",48512.0,"689663,3",319.0,"SINAPSE",1,"28",'
            '"C","AUTRES","x","2012","02","2012-02","2012-1"',
        ],
        "a",
        [
            {
                "siret": A,
                "periode_debut": date(2017, 8, 9),
                "mta": 666113.56,
                "motif_recours_se": 8,
                "montant_consomme": 689663.3,
            }
        ],
    ),
]
APCONSO = [
    Case(
        "apconso",
        "2021-05",
        '"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"',
        [
            f'"p95a076375","{A}",780.0,62.0,16.0,"2020-12-30"',
            f'"p95a076375","{A}","x",62.0,16.0,"12/2020"',
        ],
        "ar",
        [
            {
                "id_conso": "p95a076375",
                "heure_consomme": 780.0,
                "montant": 62.0,
                "effectif": 16,
                "periode": date(2020, 12, 30),
            }
        ],
        [("bad_date", "mois"), ("bad_number", "heures")],
    ),
    Case(
        "apconso",
        "2019",
        "ID_DA,ETAB_SIRET,DEP,REG,CODENAF2,CODE_NAF2_2,EFF_ENT,EFF_ETAB,MOIS,HEURES,MONTANTS,EFFECTIFS,SOURCE,CODE_NAF_21,"
        "CODE_NAF_TP,EFF_ENT_TR_TDB,Date_Payement_Annee,Date_Payement_Mois,Date_Payement_Annee_Mois,"
        "Date_Payement_Annee_Trim,Naf5_code,Naf5_libelle,Naf38_code,Naf38_libelle",
        [
            f'"d363954866","{A}","073","84","28","Z",20,12,"12/2004",311.54,214.0,0.0,'
            '"S","C","TP","x",2005,1,x,x,"a","b, c","d","e"'
        ],
        "a",
        [{"siret": A, "heure_consomme": 311.54, "periode": date(2004, 12, 1)}],
    ),
]

HISTO = [
    Case(
        "sirene_histo",
        "2025-11",
        "siren,nic,siret,dateFin,dateDebut,etatAdministratifEtablissement,changementEtatAdministratifEtablissement",
        [
            f"{SIREN},00011,{A},,2009-05-27,F,true",
            f"{SIREN},00011,{A},2009-05-26,,A,false",
            f"{SIREN},00011,{A},,,A,false",
            f"{SIREN},00011,{A},,2009-05-27,,nope",
            f"{SIREN},00011,{A},2009-02-30,2009-01-01,A,",
        ],
        "aassr",
        [
            {
                "siret": A,
                "date_debut": date(2009, 5, 27),
                "date_fin": None,
                "est_actif": False,
                "changement_statut_actif": True,
            },
            {"date_debut": None, "date_fin": date(2009, 5, 26), "est_actif": True},
        ],
        [("bad_date", "datefin"), ("bad_boolean", "changementetatadministratifetablissement")],
    ),
]

PAYDEX = [
    Case(
        "paydex",
        "simple",
        "SIREN;NB_JOURS;NB_JOURS_LIB;DATE_VALEUR",
        ["000000001;2;2 jours;15/12/2018", "000000001;6;6 jours;01/15/2019", "000000002;;;15/01/2019"],
        "arr",
        [{"siren": "000000001", "nb_jours": 2, "date_valeur": date(2018, 12, 15), "fpi_30": None}],
        [("bad_date", "date_valeur"), ("bad_integer", "nb_jours")],
    ),
    Case(
        "paydex",
        "stock",
        "SIREN;ETAT_ORGANISATION;CODE_PAYDEX;PAYDEX;NBR_JRS_RETARD;NBR_FOURNISSEURS;ENCOURS_ETUDIES;"
        "NBR_EXPERIENCES_PAIEMENT;NOTE100_ALERTEUR_PLUS_30;NOTE100_ALERTEUR_PLUS_90_JOURS;DATE_VALEUR",
        [
            "000000001;Actif;050;x;30;4;1234,5;7;12;3;15/12/2018",
            "000000002;Actif;072;x;;4;;7;;;15/12/2018",
            "000000003;Actif;;x;;;;;;;15/12/2018",
        ],
        "aaa",
        [
            {"nb_jours": 30, "nb_fournisseurs": 4.0, "encours_etudies": 1234.5, "fpi_30": 12.0, "fpi_90": 3.0},
            {"nb_jours": 12},
            {"nb_jours": None},
        ],
    ),
    Case(
        "paydex",
        "increment",
        "Référence Client;Siren;Siret;Raison sociale 1;Raison sociale 2;Enseigne;Sigle;"
        "Complément d'adresse;"
        "Adresse;Distribution spéciale;Code postal et bureau distributeur;Pays;Code postal;Ville;Qualité Etablissement;"
        "Code type d'établissement;Libellé type d'établissement;Etat d'activité établissement;"
        "Etat d'activité entreprise;"
        "Etat de procédure collective;Diffusible;Paydex;Retard moyen de paiements (j);Nombre de fournisseurs analysés;"
        "Montant total des encours étudiés (¤);Montant total des encours échus non réglés (¤);FPI 30+;FPI 90+;"
        "Code du mouvement;Libellé du mouvement;Date d'effet du mouvement",
        [
            f"r;000000001;{A};x;;;;;;;;;;;;;;;;;O;000;;4;10;0;1;2;M;mvt;2020-11-09",
            f"r;000000002;{A};x;;;;;;;;;;;;;;;;;O;085;;4;10;0;1;2;M;mvt;2020-11-09",
            f"r;000000003;{A};x;;;;;;;;;;;;;;;;;O;;17;4;10;0;1;2;M;mvt;2020-11-09",
            "Fin du fichier : total 3 ligne(s)",
        ],
        "aaa",
        [{"nb_jours": 180, "date_valeur": date(2020, 11, 9), "fpi_90": 2.0}, {"nb_jours": 0}, {"nb_jours": 17}],
        encoding="iso-8859-1",  # its ¤ is the € of ISO 8859-15
    ),
]

BDF = [
    Case(
        "bdf",
        "2019-11",
        "D1;ANNEE;ARRETE_BILAN;DENOM;CP;REGION;SECTEUR;POIDS_FRNG;TX_MARGE;DELAI_FRS;POIDS_DFISC_SOC;POIDS_FIN_CT;POIDS_FRAIS_FIN",
        [
            '000 111 222;2013;31DEC2012;SOC "X";87000;NA;01 Industrie;-37.5;-63.1;88.5;561.0;5.2;-9.4',
            "000 111 223;2014;31déc2013;SOC;75000;IDF;01 Industrie;;;203.8;204.0;9.2;7.3",
            "000 111 224;2014;31dec2013;SOC;75000;IDF;01 Industrie;a;1;203.8;204.0;9.2;7.3",
        ],
        "aar",
        [
            {
                "siren": "000111222",
                "annee_bdf": 2013,
                "arrete_bilan_bdf": date(2012, 12, 31),
                "raison_sociale": 'SOC "X"',
                "secteur": "01 Industrie",
                "poids_frng": -37.5,
                "taux_marge": -63.1,
                "delai_fournisseur": 88.5,
                "dette_fiscale": 561.0,
                "financier_court_terme": 5.2,
                "frais_financier": -9.4,
            },
            {"arrete_bilan_bdf": date(2013, 12, 31), "poids_frng": None},
        ],
        [("bad_date", "arrete_bilan"), ("bad_number", "poids_frng")],
    ),
]

_RATIOS = source_named("ratios").layouts[0].required
OPEN = [
    Case(
        "ratios",
        "open",
        ";".join([*_RATIOS, "confidentiality"]),
        [
            ";".join([SIREN, "2023-12-31", "1000.5", *["1"] * 18, "C", "Public"]),
            ";".join([SIREN, "2023-12-31", "", *["2"] * 18, "K", ""]),
            ";".join([SIREN, "2023-13-31", "x", *["2"] * 18, "K", ""]),
        ],
        "aar",
        [
            {
                "siren": SIREN,
                "date_cloture_exercice": date(2023, 12, 31),
                "chiffre_d_affaires": 1000.5,
                "type_bilan": "C",
            },
            {"chiffre_d_affaires": None, "credit_fournisseurs_jours": 2.0, "type_bilan": "K"},
        ],
        [("bad_date", "date_cloture_exercice"), ("bad_number", "chiffre_d_affaires")],
    ),
    Case(
        "procedures",
        "open",
        "siren;date_jugement;nature",
        [f"{SIREN};2024-03-05;Jugement d'ouverture de redressement judiciaire", f"{SIREN};05/03/2024;"],
        "ar",
        [{"siren": SIREN, "date_jugement": date(2024, 3, 5), "action_procol": "redressement"}],
        [("bad_date", "date_jugement"), ("empty", "nature")],
    ),
    Case(
        "contexte",
        "open",
        "type;code;drapeau;debut;fin",
        [
            "naf;55.10Z;secteur_restreint;2020-03-17;2021-06-30",
            f"siret;{A};france_relance;;",
            "commune;2A004;territoire_industrie;2020-01-01;",
            "siret;123;france_relance;;",
            "region;84;x;2020-99-01;",
        ],
        "aaarr",
        [
            {"type": "naf", "code": "55.10Z", "drapeau": "secteur_restreint", "date_fin": date(2021, 6, 30)},
            {"code": A, "date_debut": None},
            {"code": "2A004"},
        ],
        [("bad_code", "code"), ("bad_code", "type"), ("bad_date", "debut")],
    ),
    Case(
        "suivi",
        "open",
        "siret;date;service;etat;niveau;actions;difficultes;resultat;agent;commentaire",
        [
            f"{A};2026-03-09;ddets_25;en cours;orange;Soutien financier public|Prise en charge judiciaire;;;;",
            f"{A};2026-09-30;ddets_25;terminé;;;Difficultés de marché;procédure amiable;A. Roy;Appelée",
            f"{A};2026-03-09;ddets_25;ouvert;bleu;Aide;;perdu;;",
            f"{A};09/03/2026;;en cours;;Soutien financier public|;;;;",
        ],
        "aarr",
        [
            {
                "siret": A,
                "date": date(2026, 3, 9),
                "service": "ddets_25",
                "state": "en cours",
                "niveau": "orange",
                "actions": "Soutien financier public|Prise en charge judiciaire",
            },
            {"state": "terminé", "actions": None, "difficultes": "Difficultés de marché", "agent": "A. Roy"},
        ],
        [
            *(("bad_code", "etat"), ("bad_code", "niveau"), ("bad_code", "resultat"), ("bad_code", "actions")),
            *(("bad_date", "date"), ("empty", "service"), ("bad_code", "actions")),
        ],
    ),
    Case(
        "avis",
        "open",
        "siren;liste;date;service;utile;agent;motifs;commentaire",
        [
            f"{SIREN};detection-2026-03;2026-04-02;ddets_25;oui;A. Roy;;",
            f"{SIREN};detection-2026-03;2026-04-02;ddets_25;non;B. Fay;Déjà connue|Sans salarié;vue en mars",
            f"{SIREN};detection-2026-03;2026-04-02;ddets_25;non;;;",
            f"{SIREN};;;;peut-être;;;",
        ],
        "aarr",
        [
            {"siren": SIREN, "liste": "detection-2026-03", "date": date(2026, 4, 2), "utile": True, "motifs": None},
            {"utile": False, "motifs": "Déjà connue|Sans salarié", "agent": "B. Fay"},
        ],
        [
            ("empty", "motifs"),
            *(("empty", "liste"), ("empty", "service"), ("bad_date", "date"), ("bad_code", "utile")),
        ],
    ),
    Case(
        "liste_retraitee",
        "open",
        "siren;liste",
        [f"{SIREN};detection-2026-03", f"{SIREN};"],
        "ar",
        [{"siren": SIREN, "liste": "detection-2026-03"}],
        [("empty", "liste")],
    ),
    Case(
        "filter", "given", "siren", ["012345678", "876543210"], "aa", [{"siren": "012345678"}, {"siren": "876543210"}]
    ),
    Case("filter", "without header", "012345678", [], "a", [{"siren": "012345678"}]),  # the first line is a record
]

_UL = (
    "siren,dateCreationUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,prenom4UniteLegale,"
    "etatAdministratifUniteLegale,nomUniteLegale,nomUsageUniteLegale,denominationUniteLegale,"
    "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,nomenclatureActivitePrincipaleUniteLegale"
)
REGISTER = [
    Case(
        "sirene_ul",
        "2019",
        _UL,
        [f"{SIREN},1967-01-01,,,,,C,,,SOC,5422,68.01Z,NAFRev2"],
        "a",
        [{"siren": SIREN, "ape": "68.01Z", "ape_naf25": None, "est_luhn_valide": False}],
    ),
    Case(
        "sirene_ul",
        "2026-05",
        f"{_UL},activitePrincipaleNAF25UniteLegale,societeMissionUniteLegale",
        ["732829320,1967-01-01,,,,,A,,,SOC,5422,68.01Z,NAFRev2,68.02A,"],
        "a",
        [{"ape_naf25": "68.02A", "est_actif": True, "est_luhn_valide": True}],
    ),
    Case(
        "effectif",
        "2018",
        "eff202411;eff202412;compte;SIRET;rais_soc;ape_ins",  # the months came first until 2019
        [f"1 234;;{ACCOUNT};{A};x;1086e"],
        "a",
        [{"siret": A, "periode": date(2024, 1, 1), "effectif": 1234, "numero_compte": ACCOUNT}],
    ),
]
CASES = [*COTISATION, *DEBIT, *DELAI, *CCSF, *COMPTES, *APDEMANDE, *APCONSO, *HISTO, *PAYDEX, *BDF, *OPEN, *REGISTER]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source} {case.layout}")
def test_a_layout_gives_its_records_counts_and_reasons(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "delivered"
    path.write_bytes("\n".join([case.header, *case.lines, ""]).encode(case.encoding))
    accounts = accounts_of([(ACCOUNT, date(2017, 1, 1), A), (ACCOUNT, date(2020, 1, 1), B)])
    found = read_file(path, source_named(case.source), accounts=accounts, series=SERIES)
    assert found.reading.layout.name == case.layout
    assert "".join(kind[0] for kind in found.kinds) == case.classes
    assert [code for record in found.records for code in record.codes] == case.reasons
    assert len(found.facts) == len(case.facts)
    for fact, expected in zip(found.facts, case.facts, strict=True):
        assert {name: fact[name] for name in expected} == expected


def test_every_layout_in_scope_has_a_case() -> None:
    tested = {(case.source, case.layout) for case in CASES}
    elsewhere = {  # test_reading.py, test_diane.py and test_received_layouts.py
        *{("cotisation", "2025-12"), ("debit", "2025-12"), ("procol", "2018"), ("effectif_ent", "2018")},
        *{("sirene", "2019"), ("sirene", "insee"), ("paydex", "2023-11")},
        *{("diane", "export"), ("diane", "export in UTF-8")},
    }
    assert {(source.name, layout.name) for source in SOURCES for layout in source.layouts} == tested | elsewhere
