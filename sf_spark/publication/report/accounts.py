"""Accounts on a card: each figure with its name and unit in French. Pure."""

from datetime import date
from typing import Any

from sf_spark.domain.ratios import AMOUNTS, PUBLISHED, RATIOS_BDF
from sf_spark.publication.report.french import euros, percent, plural
from sf_spark.publication.report.model import Row

LABELS = {
    "chiffre_d_affaires": "Chiffre d'affaires",
    "marge_brute": "Marge brute",
    "ebe": "Excédent brut d'exploitation",
    "ebit": "Résultat d'exploitation",
    "resultat_net": "Résultat net",
    "taux_d_endettement": "Taux d'endettement",
    "ratio_de_liquidite": "Ratio de liquidité",
    "ratio_de_vetuste": "Ratio de vétusté",
    "autonomie_financiere": "Autonomie financière",
    "poids_bfr_exploitation_sur_ca": "BFR d'exploitation sur chiffre d'affaires",
    "couverture_des_interets": "Couverture des intérêts",
    "caf_sur_ca": "Capacité d'autofinancement sur chiffre d'affaires",
    "capacite_de_remboursement": "Capacité de remboursement",
    "marge_ebe": "Marge d'EBE",
    "resultat_courant_avant_impots_sur_ca": "Résultat courant avant impôts sur chiffre d'affaires",
    "poids_bfr_exploitation_sur_ca_jours": "BFR d'exploitation",
    "rotation_des_stocks_jours": "Rotation des stocks",
    "credit_clients_jours": "Crédit clients",
    "credit_fournisseurs_jours": "Crédit fournisseurs",
    "poids_frng": "Poids du fonds de roulement",
    "taux_marge": "Taux de marge",
    "delai_fournisseur": "Délai fournisseurs",
    "dette_fiscale": "Poids de la dette fiscale et sociale",
    "financier_court_terme": "Poids du financement à court terme",
    "frais_financier": "Poids des frais financiers",
}
_YEARS = ("capacite_de_remboursement",)


def accounts(card: Row) -> list[tuple[str, date | None, list[tuple[str, str]]]]:
    """Title, closing month and known figures of each set of accounts on a card."""
    sets = (("Comptes déposés", "comptes", PUBLISHED), ("Banque de France", "banque_de_france", RATIOS_BDF))
    found = []
    for title, column, names in sets:
        values = card.get(column) or {}
        facts = [(LABELS[name], figure(name, values[name])) for name in names if values.get(name) is not None]
        if facts:
            found.append((title, values["mois_cloture"], facts))
    return found


def figure(name: str, value: Any) -> str:
    """A figure of the accounts in its unit: euros, days, years, percent."""
    if name in AMOUNTS:
        return euros(value)
    if name.endswith("_jours") or name == "delai_fournisseur":
        return plural(value, "jour")
    return plural(value, "an", decimals=1) if name in _YEARS else percent(value)
