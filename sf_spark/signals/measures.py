"""The measures of the panels that signals are made of: meaning, unit, source."""

from dataclasses import dataclass

from sf_spark.signals.record import Theme


@dataclass(frozen=True)
class MeasureRecord:
    """A monthly measure of a panel, and the properties that its signals share."""

    name: str
    description: str
    unit: str
    source: str
    theme: Theme
    null_rule: str
    company_only: bool = False


_ALWAYS = "jamais null : 0 si rien n'est connu"
_URSSAF: Theme = "dette_urssaf"
_AP: Theme = "activite_partielle"
_EFF: Theme = "effectif"
_BILAN = "null si la clôture des derniers comptes connus remonte à 21 mois ou plus"
_BDF = "null sans ratio de la Banque de France en cours de validité"

_BOTH: tuple[MeasureRecord, ...] = (
    MeasureRecord(
        "cotisation",
        "cotisations dues à l'URSSAF dans le mois",
        "EUR",
        "cotisation",
        _URSSAF,
        "null si aucune période déclarée ne couvre le mois",
    ),
    MeasureRecord("dette", "dette envers l'URSSAF", "EUR", "debit", _URSSAF, _ALWAYS),
    MeasureRecord("montant_part_ouvriere", "dette URSSAF, part des salariés", "EUR", "debit", _URSSAF, _ALWAYS),
    MeasureRecord("montant_part_patronale", "dette URSSAF, part de l'employeur", "EUR", "debit", _URSSAF, _ALWAYS),
    MeasureRecord("nb_ecarts_negatifs", "nombre de dettes URSSAF ouvertes", "nombre", "debit", _URSSAF, _ALWAYS),
    MeasureRecord(
        "mois_depuis_declaration",
        "mois écoulés depuis la dernière période déclarée",
        "mois",
        "cotisation",
        _URSSAF,
        "null sans aucune déclaration",
    ),
    MeasureRecord(
        "delai_montant_echeancier", "montant des délais de paiement en cours", "EUR", "delai", _URSSAF, _ALWAYS
    ),
    MeasureRecord(
        "delai_nb_jours_restants",
        "jours restants du plus long délai de paiement",
        "jours",
        "delai",
        _URSSAF,
        "null sans délai en cours",
    ),
    MeasureRecord(
        "delai_deviation_remboursement",
        "écart au remboursement linéaire des délais, rapporté à leur montant",
        "ratio",
        "delai",
        _URSSAF,
        "null sans délai en cours",
    ),
    MeasureRecord("nb_delais", "nombre de délais de paiement en cours", "nombre", "delai", _URSSAF, _ALWAYS),
    MeasureRecord(
        "mois_depuis_ccsf",
        "mois écoulés depuis le dernier passage en commission (CCSF)",
        "mois",
        "ccsf",
        _URSSAF,
        "null sans passage en commission",
    ),
    MeasureRecord(
        "effectif",
        "effectif salarié, dernier publié",
        "salaries",
        "effectif",
        _EFF,
        "null avant le premier effectif publié",
    ),
    MeasureRecord(
        "effectif_age_mois",
        "âge du dernier effectif publié",
        "mois",
        "effectif",
        _EFF,
        "null avant le premier effectif publié",
    ),
    MeasureRecord(
        "apart_heures_autorisees",
        "heures d'activité partielle autorisées dans le mois",
        "heures",
        "apdemande",
        _AP,
        _ALWAYS,
    ),
    MeasureRecord(
        "apart_heures_consommees", "heures d'activité partielle consommées", "heures", "apconso", _AP, _ALWAYS
    ),
    MeasureRecord(
        "apart_demandes_en_cours", "demandes d'activité partielle en cours", "nombre", "apdemande", _AP, _ALWAYS
    ),
    MeasureRecord("age_mois", "âge", "mois", "sirene_ul", "demographie", "null si la date de création est inconnue"),
)

_COMPANY: tuple[MeasureRecord, ...] = (
    MeasureRecord(
        "nb_etablissements",
        "nombre d'établissements ouverts",
        "nombre",
        "sirene",
        "demographie",
        "jamais null : 0 sans établissement au répertoire",
        True,
    ),
    MeasureRecord(
        "nb_ouvertures", "établissements ouverts dans le mois", "nombre", "sirene", "demographie", _ALWAYS, True
    ),
    MeasureRecord(
        "nb_fermetures", "établissements fermés dans le mois", "nombre", "sirene", "demographie", _ALWAYS, True
    ),
    MeasureRecord(
        "nb_etablissements_en_dette", "établissements avec une dette URSSAF", "nombre", "debit", _URSSAF, _ALWAYS, True
    ),
    MeasureRecord(
        "part_etablissements_en_dette",
        "part des établissements avec une dette URSSAF",
        "ratio",
        "debit",
        _URSSAF,
        "null sans établissement ouvert",
        True,
    ),
    MeasureRecord(
        "effectif_max_etablissement",
        "effectif du plus grand établissement",
        "salaries",
        "effectif",
        _EFF,
        "null sans effectif d'établissement publié",
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
        "âge de la dernière observation des paiements",
        "mois",
        "paydex",
        "paiement_fournisseurs",
        "null sans observation",
        True,
    ),
    MeasureRecord(
        "bilan_age_mois", "âge des derniers comptes publiés", "mois", "ratios", "sante_financiere", _BILAN, True
    ),
    MeasureRecord(
        "bdf_age_mois", "âge des derniers ratios de la Banque de France", "mois", "bdf", "sante_financiere", _BDF, True
    ),
)

# Published accounts: name of the ratio, meaning, unit.
BILANS: dict[str, tuple[str, str]] = {
    "chiffre_d_affaires": ("chiffre d'affaires", "EUR"),
    "marge_brute": ("marge brute", "EUR"),
    "ebe": ("excédent brut d'exploitation", "EUR"),
    "ebit": ("résultat d'exploitation", "EUR"),
    "resultat_net": ("résultat net", "EUR"),
    "taux_d_endettement": ("taux d'endettement", "%"),
    "ratio_de_liquidite": ("ratio de liquidité", "%"),
    "ratio_de_vetuste": ("ratio de vétusté", "%"),
    "autonomie_financiere": ("autonomie financière", "%"),
    "poids_bfr_exploitation_sur_ca": ("poids du besoin en fonds de roulement d'exploitation", "%"),
    "couverture_des_interets": ("couverture des intérêts", "%"),
    "caf_sur_ca": ("capacité d'autofinancement sur chiffre d'affaires", "%"),
    "capacite_de_remboursement": ("capacité de remboursement", "ratio"),
    "marge_ebe": ("marge d'excédent brut d'exploitation", "%"),
    "resultat_courant_avant_impots_sur_ca": ("résultat courant avant impôts sur chiffre d'affaires", "%"),
    "poids_bfr_exploitation_sur_ca_jours": ("besoin en fonds de roulement d'exploitation", "jours"),
    "rotation_des_stocks_jours": ("rotation des stocks", "jours"),
    "credit_clients_jours": ("crédit clients", "jours"),
    "credit_fournisseurs_jours": ("crédit fournisseurs", "jours"),
}
BDF: dict[str, tuple[str, str]] = {
    "poids_frng": ("poids du fonds de roulement net global", "%"),
    "taux_marge": ("taux de marge", "%"),
    "delai_fournisseur": ("délai fournisseurs", "jours"),
    "dette_fiscale": ("poids des dettes fiscales et sociales", "%"),
    "financier_court_terme": ("poids du financement à court terme", "%"),
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
