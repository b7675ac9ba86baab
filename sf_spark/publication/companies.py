"""Columns of a list about the company itself: its identity, and what the services already know. Pure and lazy.

Everything is as known at the cut-off of the month of the list.
"""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain import territories
from sf_spark.domain.follow_up import OPEN_STATES
from sf_spark.domain.legal_forms import legal_form
from sf_spark.domain.naf import section_label
from sf_spark.domain.proceedings import proceeding_label

IDENTITY = (
    *("raison_sociale", "siret_siege", "departement", "code_commune", "ape", "section"),
    *("categorie_juridique", "annee_creation", "effectif"),
)
FACTS = (
    *("montant_part_ouvriere", "montant_part_patronale", "age_mois", "procedure", "stade_procedure"),
    *("nb_delais", "delai_nb_jours_restants"),
)
_FROM_REGISTER = ("siret_siege", "annee_creation")
_RECENT_MONTHS = 36  # agents filter companies younger than three years


def companies(panel: DataFrame, head_offices: DataFrame, creations: DataFrame) -> DataFrame:
    """``siren``, :data:`IDENTITY` and :data:`FACTS` of each company.

    Args:
        panel: The month of ``panel/entreprise``.
        head_offices: ``siren, siret_siege``.
        creations: ``siren, annee_creation``.
    """
    of_panel = [name for name in (*IDENTITY, *FACTS) if name not in (*_FROM_REGISTER, "stade_procedure")]
    known = panel.select("siren", *of_panel, F.col("stade").alias("stade_procedure"))
    return known.join(head_offices, on="siren", how="left").join(creations, on="siren", how="left")


def still_open(scores: DataFrame, panel: DataFrame) -> DataFrame:
    """The scores of companies that an agent can still call: those with an open establishment.

    A liquidation that has ended leaves a company *in bonis* with its old debts, for a model the worst of all. Companies
    whose number of establishments is unknown (no register was delivered) stay.

    Args:
        scores: ``siren``, and any columns.
        panel: ``siren, nb_etablissements`` of the same month.
    """
    ceased = panel.where(F.col("nb_etablissements") == 0).select("siren")
    return scores.join(ceased, on="siren", how="left_anti")


def head_offices(sirene: DataFrame, cutoff: date) -> DataFrame:
    """``siren, siret_siege`` on a day: of several head offices in the register, the one known last."""
    order = F.struct("known_on", "date_creation", "siret")
    seats = _known(sirene, cutoff).where("siege")
    return seats.groupBy("siren").agg(F.max_by("siret", order).alias("siret_siege"))


def creations(sirene_ul: DataFrame, cutoff: date) -> DataFrame:
    """``siren, annee_creation`` on a day, from the register of companies; null where unknown."""
    created = F.max_by(F.year("date_creation"), F.col("known_on"))
    return _known(sirene_ul, cutoff).groupBy("siren").agg(created.alias("annee_creation"))


def followed(follow_up: DataFrame, cutoff: date) -> DataFrame:
    """``siren`` of the companies with an open follow-up on a day, by the last note of each service on an establishment.

    Args:
        follow_up: ``siren, siret, service, date, state``.
        cutoff: The day.
    """
    said = follow_up.where(F.col("date") <= F.lit(cutoff)).groupBy("siren", "siret", "service")
    last = said.agg(F.max_by("state", F.col("date")).alias("state"))
    return last.where(F.col("state").isin(*OPEN_STATES)).select("siren").distinct()


def of_company(nomenclature: str) -> dict[str, Column]:
    """Columns of the list derived from the identity of a company.

    Args:
        nomenclature: Nomenclature of the sections: ``naf_rev2`` or ``naf2025``.
    """
    departement = F.col("departement")
    return {
        "departement_libelle": territories.department_label(departement),
        "region": territories.region_code(departement),
        "region_libelle": territories.region_label(departement),
        "section_libelle": section_label(F.col("section"), nomenclature),
        "forme_juridique": legal_form(F.col("categorie_juridique")),
        "tranche_effectif": territories.size_class(F.col("effectif")),
        "est_recente": F.col("age_mois") < _RECENT_MONTHS,
    }


def of_services(cutoff: date) -> dict[str, Column]:
    """Columns of the list with what the services know: debt, proceeding, payment plan.

    ``_known`` is true where the panel holds the company; otherwise the columns are null.

    Args:
        cutoff: The day from which the days left of a plan are counted.
    """
    due = F.date_add(F.lit(cutoff), F.col("delai_nb_jours_restants").cast("int"))
    return {
        "dette_sociale": F.col("montant_part_ouvriere") + F.col("montant_part_patronale"),
        "procedure_libelle": F.when(F.col("_known"), proceeding_label(F.col("procedure"), F.col("stade_procedure"))),
        "a_delai_en_cours": F.col("nb_delais") > 0,
        "delai_echeance": F.when(F.col("nb_delais") > 0, due),
    }


def _known(staged: DataFrame, cutoff: date) -> DataFrame:
    day = F.lit(cutoff)
    return staged.where((F.col("known_on") <= day) & (F.col("superseded_on").isNull() | (F.col("superseded_on") > day)))
