"""Names of amounts and ratios of accounts, as tables and signals write them. No Spark: file readers use them too."""

AMOUNTS = ("chiffre_d_affaires", "marge_brute", "ebe", "ebit", "resultat_net")  # EUR
# Percent, days where the name says so, years for capacite_de_remboursement. Open data: INPI and BCE.
RATIOS = (
    *("taux_d_endettement", "ratio_de_liquidite", "ratio_de_vetuste", "autonomie_financiere"),
    *("poids_bfr_exploitation_sur_ca", "couverture_des_interets", "caf_sur_ca", "capacite_de_remboursement"),
    *("marge_ebe", "resultat_courant_avant_impots_sur_ca", "poids_bfr_exploitation_sur_ca_jours"),
    *("rotation_des_stocks_jours", "credit_clients_jours", "credit_fournisseurs_jours"),
)
PUBLISHED = (*AMOUNTS, *RATIOS)
# Of the Banque de France: percent, days for delai_fournisseur.
RATIOS_BDF = (
    *("poids_frng", "taux_marge", "delai_fournisseur", "dette_fiscale", "financier_court_terme", "frais_financier"),
)
