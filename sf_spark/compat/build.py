"""The two tables of the former system's variables, from the rows in force. Pure and lazy."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.columns import siren_of
from sf_spark.compat.cible import add_cible
from sf_spark.compat.cotisation_dette import add_cotisation_dette
from sf_spark.compat.delais import add_delais
from sf_spark.compat.effectif import add_effectif
from sf_spark.compat.procedures import add_ccsf, add_procol
from sf_spark.compat.ratios import add_ratios
from sf_spark.compat.series import Series, in_force, monthly_spine, with_periode

_ARRIVAL = "_batch string, _file string, _line long, superseded_on date"
# Name of the staged table -> what is read of it, as Spark DDL: a table that is missing stands empty.
COLUMNS: dict[str, str] = {
    "cotisation": "siret string, periode_debut date, periode_fin date, du double",
    "debit": "siret string, numero_compte string, periode_debut date, periode_fin date, numero_ecart_negatif string, "
    "numero_historique int, date_traitement date, part_ouvriere double, part_patronale double",
    "delai": "siret string, date_creation date, date_echeance date, duree_delai int, montant_echeancier double",
    "effectif": "siret string, periode date, effectif int",
    "effectif_ent": "siren string, periode date, effectif int",
    "procol": "siret string, date_effet date, action_procol string, stade_procol string",
    "ccsf": "siret string, date_traitement date",
}
COLUMNS = {name: f"{ddl}, {_ARRIVAL}" for name, ddl in COLUMNS.items()}


def compat_etablissement(staged: Mapping[str, DataFrame], series: Series) -> DataFrame:
    """One row for each month of the series and establishment that has any headcount: key (siret, periode)."""
    held = {name: in_force(frame) for name, frame in staged.items()}
    rows = monthly_spine(held["effectif"], "siret", series)
    rows = add_effectif(rows, held["effectif"], "siret", "effectif", series)
    rows = add_cotisation_dette(rows, held["cotisation"], held["debit"], series)
    rows = add_delais(rows, held["delai"])
    rows = add_procol(rows, held["procol"], series)
    rows = add_ccsf(rows, held["ccsf"], series)
    rows = add_cible(add_ratios(rows))
    return with_periode(rows, "siret").withColumn("siren", siren_of(F.col("siret")))


def compat_entreprise(staged: Mapping[str, DataFrame], series: Series) -> DataFrame:
    """One row for each month of the series and company with a headcount: key (siren, periode)."""
    headcounts = in_force(staged["effectif_ent"])
    rows = monthly_spine(headcounts, "siren", series)
    return with_periode(add_effectif(rows, headcounts, "siren", "effectif_ent", series), "siren")
