"""Short-time work: authorisations and consumption."""

import random
from datetime import date

from tests.fuzz import readers as r
from tests.fuzz.layouts import cells as c
from tests.fuzz.layouts.layout import Fact, Fuzzed, Rule, cell, one_fact, words

# apdemande
_DEMANDE = words(
    "id_da etab_siret eff_ent eff_etab date_statut date_deb date_fin hta mta eff_auto motif_recours_se perimetre_ap",
    "s_heure_consom_tot s_eff_consom_tot s_montant_consom_tot",
)


def _demande(day: r.Reader, reason: r.Reader) -> Rule:
    return one_fact(
        "siret",
        cell("etab_siret"),
        {
            "id_demande": ("id_da", r.text),
            "effectif_entreprise": ("eff_ent", r.staff),
            "effectif": ("eff_etab", r.staff),
            "date_statut": ("date_statut", day),
            "periode_debut": ("date_deb", day),
            "periode_fin": ("date_fin", day),
            "hta": ("hta", r.number),
            "mta": ("mta", r.comma),
            "effectif_autorise": ("eff_auto", r.staff),
            "motif_recours_se": ("motif_recours_se", reason),
            "perimetre": ("perimetre_ap", r.integer),
            "heures_consommees": ("s_heure_consom_tot", r.number),
            "effectif_consomme": ("s_eff_consom_tot", r.staff),
            "montant_consomme": ("s_montant_consom_tot", r.comma),
        },
    )


def _settled(fact: Fact) -> date:
    return fact["date_statut"]


def _demande_16(g: random.Random) -> list[str]:
    end = g.choice([c.day(g), c.quoted(c.day(g)), c.quoted(f"{c.day(g)} 00:00:00")])
    return [
        *(c.quoted("f" + c.digits(g, 9)), c.quoted(c.siret(g)), "559.0", c.maybe(g, "12.7")),
        *(c.quoted(c.day(g)), c.quoted(c.day(g)), end, c.amount(g), c.quoted(c.with_comma(g)), "99.0"),
        *(c.quoted(str(g.randrange(1, 8))), '"2"', c.amount(g), "319.0", c.amount(g), '"3"'),
    ]


def _demande_37(g: random.Random) -> list[str]:
    return [
        *('"2. Entre 20 et 49 salariés"', c.quoted("f" + c.digits(g, 9)), c.quoted(c.siret(g)), '"RS"', '"73187"'),
        *('"VILLE, LA"', '"28"', '"Z"', "20.0", "12.0", c.quoted(c.french(g)), "7.23", "3.1", "4.1"),
        *(c.quoted(c.french(g)), c.quoted(c.french(g)), c.amount(g), c.quoted(c.with_comma(g)), "9.0", "1"),
        *(c.quoted(str(g.randrange(1, 9))), '"2"', '"3"', '"1"', c.amount(g), c.quoted(c.with_comma(g)), "319.0"),
        *('"SINAPSE"', "1", '"28"', '"C"', '"AUTRES"', '"x"', '"2012"', '"02"', '"2012-02"', '"2012-1"'),
    ]


APDEMANDE = (
    Fuzzed(
        *("apdemande", "2021-05", "demande_ap.csv", ",", True),
        '"ID_DA","ETAB_SIRET","EFF_ENT","EFF_ETAB","DATE_STATUT","DATE_DEB","DATE_FIN","HTA","MTA","EFF_AUTO",'
        '"MOTIF_RECOURS_SE","PERIMETRE_AP","S_HEURE_CONSOM_TOT","S_EFF_CONSOM_TOT","S_MONTANT_CONSOM_TOT","RECOURS_ANTERIEUR"',
        _demande_16,
        _demande(r.midnight_iso, r.reason),
        _settled,
        _DEMANDE,
        without=frozenset({"eff_ent_tr"}),
        money=("mta", "montant_consomme"),
    ),
    Fuzzed(
        *("apdemande", "2019", "demande_ap.csv", ",", True),
        "EFF_ENT_TR,ID_DA,ETAB_SIRET,ETAB_RSS,ETAB_CODE_INSEE,ETAB_VILLE,CODE_NAF2,CODE_NAF2_2,EFF_ENT,EFF_ETAB,"
        "DATE_STATUT,TX_PC,TX_PC_UNEDIC_DARES,TX_PC_ETAT_DARES,DATE_DEB,DATE_FIN,HTA,MTA,EFF_AUTO,PROD_HTA_EFF,"
        "MOTIF_RECOURS_SE,PERIMETRE_AP,RECOURS_ANTERIEUR,AVIS_CE,S_HEURE_CONSOM_TOT,S_MONTANT_CONSOM_TOT,"
        "S_EFF_CONSOM_TOT,SOURCE,CPT,CODENAF2,CODE_NAF_21,CODE_NAF_TP,EFF_ENT_TR_TDB,Date_Statut_Annee,Date_Statut_Mois,"
        "Date_Statut_Annee_Mois,Date_Statut_Annee_Trim",
        _demande_37,
        _demande(r.french, r.integer),
        _settled,
        _DEMANDE | {"eff_ent_tr"},
        money=("mta", "montant_consomme"),
    ),
)

# apconso
_CONSO = words("id_da etab_siret heures montants effectifs mois")


def _conso(month: r.Reader) -> Rule:
    return one_fact(
        "siret",
        cell("etab_siret"),
        {
            "id_conso": ("id_da", r.text),
            "heure_consomme": ("heures", r.number),
            "montant": ("montants", r.number),
            "effectif": ("effectifs", r.staff),
            "periode": ("mois", month),
        },
    )


def _consumed(fact: Fact) -> date:
    return r.months_later(fact["periode"].replace(day=1), 1)


def _conso_24(g: random.Random) -> list[str]:
    month = f"{g.randrange(1, 13):02d}/{g.randrange(2004, 2021)}"
    return [
        *(c.quoted("d" + c.digits(g, 9)), c.quoted(c.siret(g)), '"073"', '"84"', '"28"', '"Z"', "20", "12"),
        *(c.quoted(month), c.amount(g), c.amount(g), "16.0", '"S"', '"C"', '"TP"', '"x"', "2005", "1", "x", "x"),
        *('"a"', '"b, c"', '"d"', '"e"'),
    ]


APCONSO = (
    Fuzzed(
        *("apconso", "2021-05", "consommation_ap.csv", ",", False),
        '"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"',
        lambda g: [
            *(c.quoted("d" + c.digits(g, 9)), c.quoted(c.siret(g)), c.amount(g), c.amount(g)),
            *(c.maybe(g, "16.9"), c.quoted(c.day(g))),
        ],
        _conso(r.iso),
        _consumed,
        _CONSO,
        without=frozenset({"date_payement_mois"}),
        money=("montant",),
    ),
    Fuzzed(
        *("apconso", "2019", "consommation_ap.csv", ",", False),
        "ID_DA,ETAB_SIRET,DEP,REG,CODENAF2,CODE_NAF2_2,EFF_ENT,EFF_ETAB,MOIS,HEURES,MONTANTS,EFFECTIFS,SOURCE,"
        "CODE_NAF_21,CODE_NAF_TP,EFF_ENT_TR_TDB,Date_Payement_Annee,Date_Payement_Mois,Date_Payement_Annee_Mois,"
        "Date_Payement_Annee_Trim,Naf5_code,Naf5_libelle,Naf38_code,Naf38_libelle",
        _conso_24,
        _conso(r.month),
        _consumed,
        _CONSO | {"date_payement_mois"},
        money=("montant",),
    ),
)

LAYOUTS = (*APDEMANDE, *APCONSO)
