"""The measures of the panels that signals are made of: what each says, its unit, where it comes from."""

from dataclasses import dataclass

from sf_spark.signals.record import Theme


@dataclass(frozen=True)
class MeasureRecord:
    """A monthly measure of a panel, and what its signals share."""

    name: str
    description: str
    unit: str
    source: str
    theme: Theme
    null_rule: str
    company_only: bool = False


_ALWAYS = "jamais nul : 0 si rien n'est connu"
_URSSAF: Theme = "dette_urssaf"
_AP: Theme = "activite_partielle"
_EFF: Theme = "effectif"
_BILAN = "null sans comptes publies depuis moins de 21 mois apres leur cloture"
_BDF = "null sans ratio de la Banque de France en cours de validite"

_BOTH: tuple[MeasureRecord, ...] = (
    MeasureRecord(
        "cotisation",
        "cotisations dues a l'URSSAF dans le mois",
        "EUR",
        "cotisation",
        _URSSAF,
        "null si aucune periode declaree ne couvre le mois",
    ),
    MeasureRecord("dette", "dette envers l'URSSAF", "EUR", "debit", _URSSAF, _ALWAYS),
    MeasureRecord("montant_part_ouvriere", "dette URSSAF, part des salaries", "EUR", "debit", _URSSAF, _ALWAYS),
    MeasureRecord("montant_part_patronale", "dette URSSAF, part de l'employeur", "EUR", "debit", _URSSAF, _ALWAYS),
    MeasureRecord("nb_ecarts_negatifs", "nombre de dettes URSSAF ouvertes", "nombre", "debit", _URSSAF, _ALWAYS),
    MeasureRecord(
        "mois_depuis_declaration",
        "mois ecoules depuis la derniere periode declaree",
        "mois",
        "cotisation",
        _URSSAF,
        "null sans aucune declaration",
    ),
    MeasureRecord(
        "delai_montant_echeancier", "montant des delais de paiement en cours", "EUR", "delai", _URSSAF, _ALWAYS
    ),
    MeasureRecord(
        "delai_nb_jours_restants",
        "jours restants du plus long delai de paiement",
        "jours",
        "delai",
        _URSSAF,
        "null sans delai en cours",
    ),
    MeasureRecord(
        "delai_deviation_remboursement",
        "ecart au remboursement lineaire des delais, rapporte a leur montant",
        "ratio",
        "delai",
        _URSSAF,
        "null sans delai en cours",
    ),
    MeasureRecord("nb_delais", "nombre de delais de paiement en cours", "nombre", "delai", _URSSAF, _ALWAYS),
    MeasureRecord(
        "mois_depuis_ccsf",
        "mois ecoules depuis le dernier passage en commission (CCSF)",
        "mois",
        "ccsf",
        _URSSAF,
        "null sans passage en commission",
    ),
    MeasureRecord(
        "effectif",
        "effectif salarie, dernier publie",
        "salaries",
        "effectif",
        _EFF,
        "null avant le premier effectif publie",
    ),
    MeasureRecord(
        "effectif_age_mois",
        "age du dernier effectif publie",
        "mois",
        "effectif",
        _EFF,
        "null avant le premier effectif publie",
    ),
    MeasureRecord(
        "apart_heures_autorisees",
        "heures d'activite partielle autorisees dans le mois",
        "heures",
        "apdemande",
        _AP,
        _ALWAYS,
    ),
    MeasureRecord(
        "apart_heures_consommees", "heures d'activite partielle consommees", "heures", "apconso", _AP, _ALWAYS
    ),
    MeasureRecord(
        "apart_demandes_en_cours", "demandes d'activite partielle en cours", "nombre", "apdemande", _AP, _ALWAYS
    ),
    MeasureRecord("age_mois", "age", "mois", "sirene_ul", "demographie", "null si la date de creation est inconnue"),
)

_COMPANY: tuple[MeasureRecord, ...] = (
    MeasureRecord(
        "nb_etablissements",
        "nombre d'etablissements ouverts",
        "nombre",
        "sirene",
        "demographie",
        "jamais nul : 0 sans etablissement au repertoire",
        True,
    ),
    MeasureRecord(
        "nb_ouvertures", "etablissements ouverts dans le mois", "nombre", "sirene", "demographie", _ALWAYS, True
    ),
    MeasureRecord(
        "nb_fermetures", "etablissements fermes dans le mois", "nombre", "sirene", "demographie", _ALWAYS, True
    ),
    MeasureRecord(
        "nb_etablissements_en_dette", "etablissements avec une dette URSSAF", "nombre", "debit", _URSSAF, _ALWAYS, True
    ),
    MeasureRecord(
        "part_etablissements_en_dette",
        "part des etablissements avec une dette URSSAF",
        "ratio",
        "debit",
        _URSSAF,
        "null sans etablissement ouvert",
        True,
    ),
    MeasureRecord(
        "effectif_max_etablissement",
        "effectif du plus grand etablissement",
        "salaries",
        "effectif",
        _EFF,
        "null sans effectif d'etablissement publie",
        True,
    ),
    MeasureRecord(
        "paydex_nb_jours",
        "retard moyen de paiement des fournisseurs",
        "jours",
        "paydex",
        "paiement_fournisseurs",
        "null sans observation",
        True,
    ),
    MeasureRecord(
        "paydex_age_mois",
        "age de la derniere observation des paiements",
        "mois",
        "paydex",
        "paiement_fournisseurs",
        "null sans observation",
        True,
    ),
    MeasureRecord(
        "bilan_age_mois", "age des derniers comptes publies", "mois", "ratios", "sante_financiere", _BILAN, True
    ),
    MeasureRecord(
        "bdf_age_mois", "age des derniers ratios de la Banque de France", "mois", "bdf", "sante_financiere", _BDF, True
    ),
)

# Accounts, as published: name of the ratio, what it says, unit.
BILANS: dict[str, tuple[str, str]] = {
    "chiffre_d_affaires": ("chiffre d'affaires", "EUR"),
    "marge_brute": ("marge brute", "EUR"),
    "ebe": ("excedent brut d'exploitation", "EUR"),
    "ebit": ("resultat d'exploitation", "EUR"),
    "resultat_net": ("resultat net", "EUR"),
    "taux_d_endettement": ("taux d'endettement", "%"),
    "ratio_de_liquidite": ("ratio de liquidite", "%"),
    "ratio_de_vetuste": ("ratio de vetuste", "%"),
    "autonomie_financiere": ("autonomie financiere", "%"),
    "poids_bfr_exploitation_sur_ca": ("poids du besoin en fonds de roulement d'exploitation", "%"),
    "couverture_des_interets": ("couverture des interets", "%"),
    "caf_sur_ca": ("capacite d'autofinancement sur chiffre d'affaires", "%"),
    "capacite_de_remboursement": ("capacite de remboursement", "ratio"),
    "marge_ebe": ("marge d'excedent brut d'exploitation", "%"),
    "resultat_courant_avant_impots_sur_ca": ("resultat courant avant impots sur chiffre d'affaires", "%"),
    "poids_bfr_exploitation_sur_ca_jours": ("besoin en fonds de roulement d'exploitation", "jours"),
    "rotation_des_stocks_jours": ("rotation des stocks", "jours"),
    "credit_clients_jours": ("credit clients", "jours"),
    "credit_fournisseurs_jours": ("credit fournisseurs", "jours"),
}
BDF: dict[str, tuple[str, str]] = {
    "poids_frng": ("poids du fonds de roulement net global", "%"),
    "taux_marge": ("taux de marge", "%"),
    "delai_fournisseur": ("delai fournisseurs", "jours"),
    "dette_fiscale": ("poids des dettes fiscales et sociales", "%"),
    "financier_court_terme": ("poids du financement a court terme", "%"),
    "frais_financier": ("poids des frais financiers", "%"),
}

MEASURES: dict[str, MeasureRecord] = {
    record.name: record
    for record in (
        *_BOTH,
        *_COMPANY,
        *(
            MeasureRecord(f"bilan_{name}", text, unit, "ratios", "sante_financiere", _BILAN, True)
            for name, (text, unit) in BILANS.items()
        ),
        *(
            MeasureRecord(f"bdf_{name}", f"{text} (Banque de France)", unit, "bdf", "sante_financiere", _BDF, True)
            for name, (text, unit) in BDF.items()
        ),
    )
}
DERIVED = ("secteur_division", "secteur_section", "est_personne_physique")
