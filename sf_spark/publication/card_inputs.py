"""The inputs of cards: the facts in force of each source, the panels, the lists, the follow-ups."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.domain.naf import NAF_REV2
from sf_spark.panel.inputs import completed, dated

MONTHS = 24  # length of the series
_SITE, _PLACE = "siret string, siren string", "_batch string, _line long, known_on date, superseded_on date"
# Name of the staged table -> the columns that cards read, as Spark DDL.
STAGED: Mapping[str, str] = {
    "sirene": f"{_SITE}, siege boolean, departement string, code_commune string, commune string, numero_voie string, "
    "indrep string, type_voie string, voie string, complement_adresse string, code_postal string, ape string, "
    "ape_naf25 string, date_creation date, est_actif boolean",
    "sirene_ul": "siren string, raison_sociale string, nom_unite_legale string, prenom1_unite_legale string, "
    "categorie_juridique string, date_creation date",
    "effectif_ent": "siren string, periode date, effectif int",
    "effectif": f"{_SITE}, periode date, effectif int",
    "cotisation": f"{_SITE}, periode_debut date, du double",
    "debit": f"{_SITE}, date_traitement date",
    "delai": f"{_SITE}, date_creation date, date_echeance date, duree_delai int, montant_echeancier double, "
    "stade string, action string",
    "apdemande": f"{_SITE}, id_demande string, date_statut date, periode_debut date, periode_fin date, hta double, "
    "heures_consommees double, effectif_autorise int, motif_recours_se int",
    "apconso": f"{_SITE}, periode date, heure_consomme double",
    "ratios": "siren string, date_cloture_exercice date",
    "bdf": "siren string, arrete_bilan_bdf date",
    "paydex": "siren string, date_valeur date",
    "procol": "siren string, date_effet date, action_procol string, stade_procol string",
    "procedures": "siren string, date_jugement date, nature string",
}
STAGED = {name: f"{ddl}, {_PLACE}" for name, ddl in STAGED.items()}


@dataclass(frozen=True)
class Facts:
    """The inputs of cards.

    Attributes:
        companies: ``panel/entreprise``, the months of the series.
        sites: ``panel/etablissement``, the same.
        staged: The facts in force (not superseded) of each source, by name: those of :data:`STAGED`.
        lists: ``lists/detection``, every edition.
        follow_up: ``follow_up``.
        last: First day of the last month of the series.
        cutoff_day: Day of the cut-off.
        nomenclature: Nomenclature of sections.
    """

    companies: DataFrame
    sites: DataFrame
    staged: Mapping[str, DataFrame]
    lists: DataFrame
    follow_up: DataFrame
    last: date
    cutoff_day: int
    nomenclature: str = NAF_REV2

    @property
    def today(self) -> date:
        """The cut-off of the last month."""
        return self.last.replace(day=self.cutoff_day)


def first_month(last: date) -> date:
    """The first month of the series that ends in a month."""
    return start_of(index_of(last) - MONTHS + 1)


def facts_in_force(table: Callable[[str, str], DataFrame], cutoff_day: int) -> dict[str, DataFrame]:
    """The staged facts in force, by source; ``read`` takes the name and the columns (DDL) of a table."""
    read = {name: completed(table(name, ddl), ddl) for name, ddl in STAGED.items()}
    return {name: dated(facts, cutoff_day).where("superseded_on is null") for name, facts in read.items()}
