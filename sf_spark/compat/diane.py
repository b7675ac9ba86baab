"""Accounts from Diane: items for 14 months, their values of past years, three ratios that the Banque de France lacks.

Of several balance sheets in a month the last one counts as a whole: its unknown items hide those of the others. Values
of past years differ: there, an unknown item keeps the value of an earlier balance sheet.

    balance sheet    ca       month of both: ca    twelve months on: ca_past_1
    first            100
    second           null     null                 100
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.bilans import months_of_use, past_years
from sf_spark.compat.series import ARRIVAL, Series
from sf_spark.domain.calendar import index_of

ENTIERS = (
    "effectif_consolide", "nombre_etab_secondaire", "nombre_filiale", "taille_compo_groupe", "nombre_mois",
)  # fmt: skip
NOMBRES = (
    "dette_fiscale_et_sociale", "frais_de_RetD", "conces_brev_et_droits_sim", "concours_bancaire_courant",
    "equilibre_financier", "independance_financiere", "endettement", "autonomie_financiere",
    "degre_immo_corporelle", "financement_actif_circulant", "liquidite_generale", "liquidite_reduite",
    "rotation_stocks", "credit_client", "credit_fournisseur", "ca_par_effectif", "taux_interet_financier",
    "taux_interet_sur_ca", "endettement_global", "taux_endettement", "capacite_remboursement",
    "capacite_autofinancement", "couverture_ca_fdr", "couverture_ca_besoin_fdr", "poids_bfr_exploitation",
    "exportation", "efficacite_economique", "productivite_potentiel_production", "productivite_capital_financier",
    "productivite_capital_investi", "taux_d_investissement_productif", "rentabilite_economique", "performance",
    "rendement_brut_fonds_propres", "rentabilite_nette", "rendement_capitaux_propres",
    "rendement_ressources_durables", "taux_marge_commerciale", "taux_valeur_ajoutee", "part_salaries", "part_etat",
    "part_preteur", "part_autofinancement", "ca", "ca_exportation", "achat_marchandises",
    "achat_matieres_premieres", "production", "marge_commerciale", "consommation", "autres_achats_charges_externes",
    "valeur_ajoutee", "charge_personnel", "impots_taxes", "subventions_d_exploitation",
    "excedent_brut_d_exploitation", "autres_produits_charges_reprises", "dotation_amortissement", "resultat_expl",
    "operations_commun", "produits_financiers", "charges_financieres", "interets", "resultat_avant_impot",
    "produit_exceptionnel", "charge_exceptionnelle", "participation_salaries", "impot_benefice",
    "benefice_ou_perte",
)  # fmt: skip
ITEMS = (*ENTIERS, *NOMBRES)
_RATIOS_WITH_PAST = ("taux_marge", "poids_frng", "dette_fiscale", "financier_court_terme", "frais_financier")
_MONTHS = 14
_COPIED = ("arrete_bilan_diane", "exercice_diane", *ITEMS)


def add_diane(rows: DataFrame, diane: DataFrame, series: Series) -> DataFrame:
    """Add the items (thousands of EUR, %, days: as delivered) and ``_past_1/_past_2``, and complete the ratios of bdf.

    The rows ``siren, mois`` hold the ratios of bdf, and start two years before the series.
    """
    joined = rows.join(_used(diane), on=["siren", "mois"], how="left")
    with_past = joined.select(*rows.columns, *_COPIED, *past_years((_known(name), name) for name in ITEMS))
    return _complete_ratios(with_past, series)


def _used(diane: DataFrame) -> DataFrame:
    """``siren, mois``, the last balance sheet of the month, and the last known value of each item."""
    months = months_of_use(F.col("arrete_bilan_diane"), _MONTHS)
    used = diane.select("siren", months.alias("mois"), *ARRIVAL, *_COPIED)
    # One line holds several years: they come last in the order of arrival.
    in_order = Window.partitionBy("siren", "mois").orderBy(*ARRIVAL, "exercice_diane")
    all_of_month = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    known = [F.last(name, ignorenulls=True).over(all_of_month).alias(_known(name)) for name in ITEMS]
    is_last = F.lead(F.lit(True)).over(in_order).isNull()
    return used.select("siren", "mois", *_COPIED, *known, is_last.alias("_is_last")).where("_is_last").drop("_is_last")


def _known(name: str) -> str:
    return f"_known_{name}"


def _complete_ratios(rows: DataFrame, series: Series) -> DataFrame:
    """Fill the ratios unknown in bdf, within the series, then their values of past years."""
    in_series = F.col("mois") >= index_of(series.debut)
    completed = rows.select(
        *(name for name in rows.columns if name not in _ratios()),
        *(F.coalesce(name, F.when(in_series, value)).alias(name) for name, value in _ratios().items()),
    )
    past = {f"{name}_past_{years}" for name in _RATIOS_WITH_PAST for years in (1, 2)}
    lagged = completed.select("*", *past_years((name, f"_{name}") for name in _RATIOS_WITH_PAST))
    return lagged.select(
        *(F.coalesce(name, f"_{name}").alias(name) if name in past else name for name in completed.columns)
    )


def _ratios() -> dict[str, Column]:
    """The three ratios, in %."""
    earned = (
        F.col("excedent_brut_d_exploitation")
        + F.col("produits_financiers")
        + F.col("produit_exceptionnel")
        - F.col("charge_exceptionnelle")
        - F.col("charges_financieres")
    )
    return {
        "poids_frng": F.col("couverture_ca_fdr") / 360 * 100,
        "dette_fiscale": _quotient(F.col("dette_fiscale_et_sociale"), F.col("valeur_ajoutee")) * 100,
        "frais_financier": _quotient(F.col("interets"), earned) * 100,
    }


def _quotient(numerator: Column, denominator: Column) -> Column:
    """Divide; over zero, infinity with the sign of the numerator; null for 0 over 0."""
    infinity = F.lit(float("inf"))
    return (
        F.when(denominator != 0, numerator / denominator).when(numerator > 0, infinity).when(numerator < 0, -infinity)
    )
