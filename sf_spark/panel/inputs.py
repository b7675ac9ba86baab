"""The staged tables behind a panel, and the columns read from each. A source that was never delivered is empty."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import cutoff_of
from sf_spark.domain.ratios import PUBLISHED, RATIOS_BDF
from sf_spark.domain.timing import DELIVERY_DAY

_PLACE = "_batch string, _file string, _line long, known_on date, superseded_on date"
_SITE = "siret string, siren string"
# Name of the staged table -> the columns that the panel reads, as Spark DDL.
COLUMNS: dict[str, str] = {
    "cotisation": f"{_SITE}, periode_debut date, periode_fin date, du double",
    "debit": f"{_SITE}, numero_compte string, periode_debut date, periode_fin date, numero_ecart_negatif string, "
    "numero_historique int, date_traitement date, part_ouvriere double, part_patronale double",
    "effectif": "siret string, periode date, effectif int",
    "effectif_ent": "siren string, periode date, effectif int",
    "procol": "siren string, date_effet date, action_procol string, stade_procol string",
    "procedures": "siren string, date_jugement date, nature string",
    "sirene": f"{_SITE}, siege boolean, departement string, code_commune string, ape string, ape_naf25 string, "
    "date_creation date, est_actif boolean, date_debut date",
    "sirene_ul": "siren string, raison_sociale string, nom_unite_legale string, prenom1_unite_legale string, "
    "categorie_juridique string, ape string, ape_naf25 string, date_creation date",
    "sirene_histo": f"{_SITE}, date_debut date, date_fin date, est_actif boolean, ape string, ape_naf25 string",
    "delai": f"{_SITE}, date_creation date, date_echeance date, duree_delai int, montant_echeancier double, "
    "stade string",
    "ccsf": f"{_SITE}, date_traitement date",
    "apdemande": f"{_SITE}, id_demande string, date_statut date, periode_debut date, periode_fin date, hta double",
    "apconso": f"{_SITE}, heure_consomme double",
    "paydex": "siren string, date_valeur date, nb_jours int",
    "bdf": "siren string, arrete_bilan_bdf date, " + ", ".join(f"{name} double" for name in RATIOS_BDF),
    "ratios": "siren string, date_cloture_exercice date, type_bilan string, confidentialite string, "
    + ", ".join(f"{name} double" for name in PUBLISHED),
}
COLUMNS = {name: f"{ddl}, {_PLACE}" for name, ddl in COLUMNS.items()}


@dataclass(frozen=True)
class StagedTables:
    """The staged tables, each with the columns of :data:`COLUMNS` at least."""

    cotisation: DataFrame
    debit: DataFrame
    effectif: DataFrame
    effectif_ent: DataFrame
    procol: DataFrame
    procedures: DataFrame
    sirene: DataFrame
    sirene_ul: DataFrame
    sirene_histo: DataFrame
    delai: DataFrame
    ccsf: DataFrame
    apdemande: DataFrame
    apconso: DataFrame
    paydex: DataFrame
    bdf: DataFrame
    ratios: DataFrame

    @classmethod
    def read(cls, table: Callable[[str, str], DataFrame], cutoff_day: int) -> "StagedTables":
        """Read the tables with a function of the name and the columns (DDL) of each.

        A column that was never delivered is null.
        """
        read = {name: completed(table(name, ddl), ddl) for name, ddl in COLUMNS.items()}
        return cls(**{name: dated(frame, cutoff_day) for name, frame in read.items()})


def dated(staged: DataFrame, cutoff_day: int) -> DataFrame:
    """Staged facts for another cut-off day: deliveries are dated on day 20, and belong to the list of their month.

    _batch  known_on     cut-off day 15   cut-off day 25
    2403    2024-03-20   2024-03-15       2024-03-20
    2403    2024-02-18   2024-02-18       2024-02-18     a date by the source's own rule, before its delivery
    """
    if cutoff_day >= DELIVERY_DAY:
        return staged
    month = F.to_date(F.concat(F.lit("20"), F.substring("_batch", 1, 4)), "yyyyMM")
    ended = F.least("superseded_on", cutoff_of(F.col("superseded_on"), cutoff_day))
    return staged.withColumns(
        {
            "known_on": F.least("known_on", cutoff_of(month, cutoff_day)),
            "superseded_on": F.when(F.col("superseded_on").isNotNull(), ended),
        }
    )


def completed(frame: DataFrame, ddl: str) -> DataFrame:
    """A staged table with all of these columns: a column that was never delivered is null."""
    kinds = dict(column.split(" ") for column in ddl.split(", "))
    missing = {name: F.lit(None).cast(kind) for name, kind in kinds.items() if name not in frame.columns}
    return frame.withColumns(missing) if missing else frame
