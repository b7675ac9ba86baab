"""The two tables of the former system's variables, from the staged tables. Pure and lazy.

Variables are computed from rows in force; withdrawn rows still define which establishments and companies exist.
"""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.compat.activite_partielle import add_activite_partielle
from sf_spark.compat.bdf import add_bdf
from sf_spark.compat.bilans import MONTHS_BEFORE
from sf_spark.compat.cible import add_cible
from sf_spark.compat.compte import add_compte
from sf_spark.compat.consolidation import add_consolidation
from sf_spark.compat.cotisation_dette import add_cotisation_dette
from sf_spark.compat.delais import add_delais
from sf_spark.compat.diane import add_diane
from sf_spark.compat.effectif import add_effectif
from sf_spark.compat.paydex import add_paydex
from sf_spark.compat.proceedings import add_ccsf, add_procol
from sf_spark.compat.random_order import add_random_order
from sf_spark.compat.ratios import add_ratios
from sf_spark.compat.series import Series, in_both, in_force, monthly_spine, with_periode
from sf_spark.compat.sirene import add_sirene
from sf_spark.compat.sirene_ul import add_sirene_ul
from sf_spark.domain.calendar import index_of

# The register alone does not add a company: it holds all of France, and the original kept those with accounts.
_MAKE_A_COMPANY = ("effectif_ent", "paydex", "bdf", "diane")


def compat_etablissement(staged: Mapping[str, DataFrame], series: Series) -> DataFrame:
    """One row for each month of the series and establishment that ever had a headcount: key (siret, periode).

    Args:
        staged: The tables of :data:`sf_spark.compat.inputs.COLUMNS`, by name.
        series: The months.
    """
    current = {name: in_force(frame) for name, frame in staged.items()}
    with_debts = in_both(staged["cotisation"], staged["debit"])
    with_activite_partielle = in_both(staged["apconso"], staged["apdemande"])
    rows = monthly_spine(staged["effectif"], "siret", series)
    rows = add_compte(rows, current["comptes"], series)
    rows = add_effectif(rows, current["effectif"], "siret", "effectif", series)
    rows = add_random_order(rows)
    rows = add_cotisation_dette(rows, current["cotisation"], current["debit"], with_debts, series)
    rows = add_delais(rows, current["delai"])
    rows = add_procol(rows, current["procol"], series)
    rows = add_ccsf(rows, current["ccsf"], series)
    rows = add_sirene(rows, current["sirene"])
    rows = add_cible(add_ratios(rows))
    rows = add_activite_partielle(rows, current["apdemande"], current["apconso"], with_activite_partielle)
    return with_periode(add_consolidation(rows), "siret")


def compat_entreprise(staged: Mapping[str, DataFrame], series: Series) -> DataFrame:
    """One row for each month of the series and company with headcounts, payments or accounts: key (siren, periode).

    Args:
        staged: The tables of :data:`sf_spark.compat.inputs.COLUMNS`, by name.
        series: The months.
    """
    current = {name: in_force(frame) for name, frame in staged.items()}
    companies = reduce(DataFrame.union, (staged[name].select("siren") for name in _MAKE_A_COMPANY))
    rows = monthly_spine(companies, "siren", series.starting_earlier(MONTHS_BEFORE))
    rows = add_sirene_ul(rows, current["sirene_ul"])
    rows = add_effectif(rows, current["effectif_ent"], "siren", "effectif_ent", series)
    rows = add_paydex(rows, current["paydex"])
    rows = add_bdf(rows, current["bdf"])
    rows = add_diane(rows, current["diane"], series)
    return with_periode(rows.where(F.col("mois") >= index_of(series.debut)), "siren")
