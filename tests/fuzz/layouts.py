"""The files that are mutated: for each source and layout a header, good lines, and how each staged value reads."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.fuzz import readers as r

Cells = Mapping[str, str]
ACCOUNT, SITE = "111982477292496174", "01234567800011"


@dataclass(frozen=True)
class Fuzzed:
    """One layout. ``values``: staged column to (header name, reader); ``key``: header names and length."""

    source: str
    layout: str
    file: str
    delimiter: str
    lazy: bool
    header: str
    line: Callable[[random.Random], list[str]]
    values: Mapping[str, tuple[str, r.Reader]]
    key: tuple[tuple[str, ...], int]
    skip: Callable[[Cells], bool] = lambda cells: False
    by_account: str = ""  # name and reader of the day on which the account is looked up
    account_day: r.Reader = r.verbatim
    all_required: bool = False

    @property
    def columns(self) -> list[str]:
        """Header names, in lower case."""
        return [name.strip('"').lower() for name in self.header.split(self.delimiter)]


def _siret(rng: random.Random) -> str:
    return f"{rng.randrange(10**14):014d}"


def _siren(rng: random.Random) -> str:
    return f"{rng.randrange(10**9):09d}"


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randrange(10 ** (count - 1), 10**count))


def _amount(rng: random.Random) -> str:
    return f"{rng.randrange(-(10**7), 10**7) / 100}"


def _day(rng: random.Random) -> str:
    return f"{rng.randrange(1990, 2026)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"


def _french(rng: random.Random) -> str:
    year, month, day = _day(rng).split("-")
    return f"{day}/{month}/{year}"


def _urssaf(rng: random.Random) -> str:
    return str(int(_day(rng).replace("-", "")) - 19_000_000)


def _period(rng: random.Random) -> str:
    code = f"{rng.randrange(1995, 2026)}{rng.choice(['62', *(f'{q}{m}' for q in range(1, 5) for m in range(4))])}"
    return code if rng.random() < 0.5 else code[2:]


_BY_PERIOD = {"periode_debut": ("periode", r.period_start), "periode_fin": ("periode", r.period_end)}
_COTISATION = {
    "numero_compte": ("compte", r.text),
    **_BY_PERIOD,
    "encaisse": ("enc_direct", r.comma),
    "du": ("cotis_due", r.comma),
}
_DEBIT = {
    "numero_compte": ("num_cpte", r.text),
    "numero_ecart_negatif": ("num_ecn", r.text),
    **_BY_PERIOD,
    "numero_historique": ("num_hist_ecn", r.integer),
    "date_traitement": ("dt_trt_ecn", r.aammjj),
    "part_ouvriere": ("mt_po", r.centimes),
    "part_patronale": ("mt_pp", r.centimes),
    "etat_compte": ("etat_cpte", r.integer),
    "code_operation_ecart_negatif": ("cd_op_ecn", r.text),
    "recours_en_cours": ("recours_en_cours", r.boolean),
}


def _debit_tail(rng: random.Random) -> list[str]:
    return [
        *(_digits(rng, 8), "1", "0", _period(rng), _digits(rng, 3), _digits(rng, 1), _urssaf(rng), _digits(rng, 6)),
        *(_digits(rng, 5), _digits(rng, 1), _digits(rng, 2), rng.choice("01")),
    ]


_DEBIT_TAIL = (
    "Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;"
    "Recours_en_cours"
)
_SIRET, _SIREN = (("siret",), 14), (("siren",), 9)

LAYOUTS = (
    Fuzzed(
        *("cotisation", "2025-12", "sigfaible_cotisdues.csv", ";", True),
        "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due",
        lambda g: ["671", "14", _siret(g), _digits(g, 18), _period(g), "5", _amount(g), _amount(g).replace(".", ",")],
        _COTISATION,
        _SIRET,
    ),
    Fuzzed(
        *("cotisation", "2019-07", "sigfaible_cotisdues.csv", ";", True),
        "Urssaf_gestion;Dep;Compte;periode;mer;enc_direct;cotis_due",
        lambda g: ["671", _digits(g, 6), ACCOUNT, _period(g), "5", _amount(g), _amount(g)],
        _COTISATION,
        _SIRET,
        by_account="compte",
        account_day=lambda cell: cell,
    ),
    Fuzzed(
        *("debit", "2025-12", "sigfaible_debits.csv", ";", False),
        f"Urssaf_gestion;Dep;num_cpte;Siren;Siret;{_DEBIT_TAIL}",
        lambda g: ["939", "27", _digits(g, 18), "012345678", _siret(g), *_debit_tail(g)],
        _DEBIT,
        _SIRET,
    ),
    Fuzzed(
        *("delai", "2025-12", "sigfaible_delais.csv", ";", False),
        "Urssaf_gestion;Dep;Siret;Numero_compte_externe;Numero_structure;Date_creation;Date_echeance;Duree_delai;"
        "Denomination_premiere_ligne;Indic_6M;Annee_creation;Montant_global_echeancier;Code_externe_stade;Code_externe_action",
        lambda g: [
            *(
                "217",
                "63",
                _siret(g),
                _digits(g, 18),
                _digits(g, 13),
                _french(g),
                _french(g),
                _digits(g, 3),
                "x y",
                "SUP",
            ),
            *(_digits(g, 4), _amount(g).replace(".", ","), "APPROB", "SUR PO"),
        ],
        {
            "date_creation": ("date_creation", r.french),
            "date_echeance": ("date_echeance", r.french),
            "duree_delai": ("duree_delai", r.lenient_integer),
            "annee_creation": ("annee_creation", r.integer),
            "montant_echeancier": ("montant_global_echeancier", r.comma),
            "stade": ("code_externe_stade", r.text),
            "denomination": ("denomination_premiere_ligne", r.text),
        },
        _SIRET,
    ),
    Fuzzed(
        *("ccsf", "2025-12", "sigfaible_ccsf.csv", ";", False),
        "Urssaf_gestion;Dep;Siret;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action",
        lambda g: ["152", "75", _siret(g), _digits(g, 18), _urssaf(g), "DEBUT", "CCSF"],
        {"date_traitement": ("date_de_traitement", r.aammjj), "stade": ("code_externe_stade", r.text)},
        _SIRET,
    ),
    Fuzzed(
        *("procol", "2018", "sigfaible_pcoll.csv", ";", False),
        "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx",
        lambda g: [
            _siret(g),
            "012345678",
            f"{g.randrange(10, 29)}MAY{g.randrange(1990, 2026)}",
            "1",
            "Redressement_ouverture",
        ],
        {"date_effet": ("dt_effet", r.english)},
        _SIRET,
    ),
    Fuzzed(
        *("apdemande", "2021-05", "demande_ap.csv", ",", True),
        '"ID_DA","ETAB_SIRET","EFF_ENT","EFF_ETAB","DATE_STATUT","DATE_DEB","DATE_FIN","HTA","MTA","EFF_AUTO",'
        '"MOTIF_RECOURS_SE","PERIMETRE_AP","S_HEURE_CONSOM_TOT","S_EFF_CONSOM_TOT","S_MONTANT_CONSOM_TOT","RECOURS_ANTERIEUR"',
        lambda g: [
            *(
                f'"f{_digits(g, 9)}"',
                f'"{_siret(g)}"',
                "559.0",
                "0.0",
                f'"{_day(g)}"',
                f'"{_day(g)}"',
                _day(g),
                _amount(g),
            ),
            *(_amount(g), "99.0", f'"{g.randrange(1, 8)}"', '"2"', _amount(g), "319.0", _amount(g), '"3"'),
        ],
        {
            "id_demande": ("id_da", r.text),
            "effectif": ("eff_etab", r.staff),
            "date_statut": ("date_statut", r.midnight_iso),
            "periode_debut": ("date_deb", r.midnight_iso),
            "periode_fin": ("date_fin", r.midnight_iso),
            "hta": ("hta", r.number),
            "mta": ("mta", r.comma),
            "motif_recours_se": ("motif_recours_se", r.reason),
            "perimetre": ("perimetre_ap", r.integer),
            "effectif_entreprise": ("eff_ent", r.staff),
            "effectif_autorise": ("eff_auto", r.staff),
            "heures_consommees": ("s_heure_consom_tot", r.number),
            "effectif_consomme": ("s_eff_consom_tot", r.staff),
            "montant_consomme": ("s_montant_consom_tot", r.comma),
        },
        (("etab_siret",), 14),
    ),
    Fuzzed(
        *("apconso", "2021-05", "consommation_ap.csv", ",", False),
        '"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"',
        lambda g: [f'"d{_digits(g, 9)}"', f'"{_siret(g)}"', _amount(g), _amount(g), "16.0", f'"{_day(g)}"'],
        {
            "id_conso": ("id_da", r.text),
            "heure_consomme": ("heures", r.number),
            "montant": ("montants", r.number),
            "effectif": ("effectifs", r.staff),
            "periode": ("mois", r.iso),
        },
        (("etab_siret",), 14),
    ),
    Fuzzed(
        *("sirene_ul", "2026-05", "sireneUL.csv", ",", False),
        "siren,dateCreationUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,prenom4UniteLegale,"
        "etatAdministratifUniteLegale,nomUniteLegale,nomUsageUniteLegale,denominationUniteLegale,"
        "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,nomenclatureActivitePrincipaleUniteLegale,"
        "activitePrincipaleNAF25UniteLegale",
        lambda g: [
            _siren(g),
            _day(g),
            "",
            "",
            "",
            "",
            "A",
            "",
            "",
            '"SOC ""X"", SA"',
            "5710",
            "62.01Z",
            "NAFRev2",
            "62.01Z",
        ],
        {
            "date_creation": ("datecreationunitelegale", r.lenient_iso),
            "raison_sociale": ("denominationunitelegale", r.verbatim),
        },
        _SIREN,
        skip=lambda c: (
            c["activiteprincipaleunitelegale"] != "" and c["nomenclatureactiviteprincipaleunitelegale"] != "NAFRev2"
        ),
    ),
    Fuzzed(
        *("sirene_histo", "2025-11", "StockEtablissementHistorique_utf8.csv", ",", False),
        "siren,nic,siret,dateFin,dateDebut,etatAdministratifEtablissement,changementEtatAdministratifEtablissement",
        lambda g: ["012345678", "00011", _siret(g), _day(g), _day(g), g.choice("AF"), g.choice(["true", "false"])],
        {
            "date_debut": ("datedebut", r.optional_iso),
            "date_fin": ("datefin", r.optional_iso),
            "changement_statut_actif": ("changementetatadministratifetablissement", r.boolean),
        },
        _SIRET,
        skip=lambda c: c["datedebut"] == c["datefin"] == "" or c["etatadministratifetablissement"] not in ("A", "F"),
    ),
    Fuzzed(
        *("paydex", "simple", "E_202011095813_Retro-Paydex_20201207.csv", ";", False),
        "SIREN;NB_JOURS;NB_JOURS_LIB;DATE_VALEUR",
        lambda g: [_siren(g), _digits(g, 2), "x", _french(g)],
        {"nb_jours": ("nb_jours", r.required_integer), "date_valeur": ("date_valeur", r.french)},
        _SIREN,
    ),
    Fuzzed(
        *("bdf", "2019-11", "bdf.csv", ";", True),
        "D1;ANNEE;ARRETE_BILAN;DENOM;CP;REGION;SECTEUR;POIDS_FRNG;TX_MARGE;DELAI_FRS;POIDS_DFISC_SOC;POIDS_FIN_CT;POIDS_FRAIS_FIN",
        lambda g: [
            *(_siren(g), _digits(g, 4), g.choice(["31DEC2012", "30juin2015", "31déc2013"]), "x", "75", "IDF", "01"),
            *(_amount(g) for _ in range(6)),
        ],
        {
            "annee_bdf": ("annee", r.integer),
            "arrete_bilan_bdf": ("arrete_bilan", r.bilan),
            "poids_frng": ("poids_frng", r.number),
            "taux_marge": ("tx_marge", r.number),
            "delai_fournisseur": ("delai_frs", r.number),
            "dette_fiscale": ("poids_dfisc_soc", r.number),
            "financier_court_terme": ("poids_fin_ct", r.number),
            "frais_financier": ("poids_frais_fin", r.number),
        },
        (("d1",), 9),
    ),
    Fuzzed(
        *("procedures", "open", "bodacc_procedures.csv", ";", False),
        "siren;date_jugement;nature",
        lambda g: [_siren(g), _day(g), "Jugement d'ouverture de liquidation judiciaire"],
        {"date_jugement": ("date_jugement", r.iso), "nature": ("nature", r.text)},
        _SIREN,
        all_required=True,
    ),
)
