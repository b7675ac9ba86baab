"""The wording of measures for agents: French label, signal shown, unit. A new measure is one line.

A measure that is not listed takes the dictionary's description and unit.
"""

from typing import NamedTuple


class Wording(NamedTuple):
    """The wording of a measure.

    Attributes:
        label: Its name in French.
        signal: The signal whose value is shown; empty: the measure's own level.
        unit: Written after the number; empty: the dictionary's unit.
    """

    label: str
    signal: str = ""
    unit: str = ""


WORDINGS: dict[str, Wording] = {
    "dette": Wording("Dette URSSAF", "dette_sur_cotisation_mean12m", "mois de cotisation"),
    "montant_part_ouvriere": Wording("Dette URSSAF, part des salariés"),
    "montant_part_patronale": Wording("Dette URSSAF, part de l'employeur"),
    "nb_ecarts_negatifs": Wording("Dettes URSSAF ouvertes"),
    "cotisation": Wording("Cotisations URSSAF du mois"),
    "mois_depuis_declaration": Wording("Mois écoulés depuis la dernière déclaration à l'URSSAF"),
    "mois_depuis_ccsf": Wording("Mois écoulés depuis le dernier passage en commission (CCSF)"),
    "delai_montant_echeancier": Wording("Délais de paiement URSSAF en cours"),
    "delai_nb_jours_restants": Wording("Durée restante du plus long délai de paiement"),
    "delai_deviation_remboursement": Wording("Retard sur l'échéancier de remboursement"),
    "nb_delais": Wording("Nombre de délais de paiement en cours"),
    "nb_etablissements_en_dette": Wording("Établissements avec une dette URSSAF"),
    "part_etablissements_en_dette": Wording("Part des établissements avec une dette URSSAF"),
    "effectif": Wording("Effectif salarié"),
    "effectif_age_mois": Wording("Ancienneté du dernier effectif publié"),
    "effectif_max_etablissement": Wording("Effectif du plus grand établissement"),
    "apart_heures_autorisees": Wording("Heures d'activité partielle autorisées dans le mois"),
    "apart_heures_consommees": Wording("Heures d'activité partielle consommées dans le mois"),
    "apart_demandes_en_cours": Wording("Demandes d'activité partielle en cours"),
    "paydex_nb_jours": Wording("Retard moyen de paiement des fournisseurs"),
    "bilan_chiffre_d_affaires": Wording("Chiffre d'affaires des derniers comptes"),
    "bilan_marge_brute": Wording("Marge brute des derniers comptes"),
    "bilan_ebe": Wording("Excédent brut d'exploitation"),
    "bilan_ebit": Wording("Résultat d'exploitation"),
    "bilan_resultat_net": Wording("Résultat net"),
    "bilan_taux_d_endettement": Wording("Taux d'endettement"),
    "bilan_ratio_de_liquidite": Wording("Ratio de liquidité"),
    "bilan_ratio_de_vetuste": Wording("Ratio de vétusté"),
    "bilan_autonomie_financiere": Wording("Autonomie financière"),
    "bilan_poids_bfr_exploitation_sur_ca": Wording("Besoin en fonds de roulement rapporté au chiffre d'affaires"),
    "bilan_couverture_des_interets": Wording("Couverture des intérêts"),
    "bilan_caf_sur_ca": Wording("Capacité d'autofinancement rapportée au chiffre d'affaires"),
    "bilan_capacite_de_remboursement": Wording("Capacité de remboursement", unit="ans"),
    "bilan_marge_ebe": Wording("Marge d'excédent brut d'exploitation"),
    "bilan_resultat_courant_avant_impots_sur_ca": Wording("Résultat courant rapporté au chiffre d'affaires"),
    "bilan_poids_bfr_exploitation_sur_ca_jours": Wording("Besoin en fonds de roulement d'exploitation"),
    "bilan_rotation_des_stocks_jours": Wording("Rotation des stocks"),
    "bilan_credit_clients_jours": Wording("Crédit accordé aux clients"),
    "bilan_credit_fournisseurs_jours": Wording("Crédit obtenu des fournisseurs"),
    "bilan_age_mois": Wording("Ancienneté des derniers comptes publiés"),
    "nb_etablissements": Wording("Établissements ouverts"),
    "nb_ouvertures": Wording("Établissements ouverts dans le mois"),
    "nb_fermetures": Wording("Établissements fermés en douze mois", "nb_fermetures_sum12m"),
    "age_mois": Wording("Âge de l'entreprise"),
    "secteur_section": Wording("Secteur"),
    "secteur_division": Wording("Secteur", "secteur_section"),
    "secteur_part_endettee": Wording("Part des entreprises du secteur avec une dette URSSAF"),
    "secteur_effectif_change12m": Wording("Variation moyenne des effectifs du secteur en un an"),
    "ecart_secteur_effectif_change12m": Wording(
        "Variation de l'effectif en un an, écart à la moyenne du secteur", unit="points"
    ),
    "est_personne_physique": Wording("Entreprise individuelle"),
}
