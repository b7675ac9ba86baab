"""The facts that the application shows, as the partners delivered them: contributions, debts, plans, headcounts. Pure.

Only facts in force count: versions that a later delivery has withdrawn are left out, and so are companies that the
perimeter excludes. All frames are lazy; columns are those of :mod:`sf_spark.publication.application.relations`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_index, month_start
from sf_spark.domain.identifiers import siren_of
from sf_spark.domain.money import cents, euros
from sf_spark.domain.naf_bridge import with_own_codes
from sf_spark.domain.proceedings import IN_BONIS, proceeding_label, stage_code
from sf_spark.domain.stages import ACTIONS, FIN, OF_AN_ACCOUNT
from sf_spark.panel.rules import Exclusions
from sf_spark.publication.card_parts import SHORT_TIME_REASONS

Tables = Mapping[str, DataFrame]
_PLACE = "_batch string, _line long, superseded_on date"
_SITE = "siret string, siren string"
# The columns read from each staged table, as Spark DDL: a table that was never delivered is empty.
COLUMNS = {
    "cotisation": f"{_SITE}, periode_debut date, du double",
    "debit": f"{_SITE}, debit_id string, numero_historique int, date_traitement date, periode_prise_en_compte date, "
    "part_ouvriere double, part_patronale double",
    "delai": f"{_SITE}, date_creation date, date_echeance date, duree_delai int, montant_echeancier double, "
    "stade string, action string",
    "effectif": "siret string, periode date, effectif int",
    "effectif_ent": "siren string, periode date, effectif int",
    "apdemande": f"{_SITE}, periode_debut date, periode_fin date, hta double, motif_recours_se int",
    "apconso": f"{_SITE}, periode date, heure_consomme double",
    "procol": "siren string, date_effet date, action_procol string, stade_procol string",
    "sirene": f"{_SITE}, siege boolean, complement_adresse string, numero_voie string, indrep string, "
    "type_voie string, voie string, distribution_speciale string, code_postal string, commune string, "
    "code_cedex string, cedex string, commune_etranger string, pays_etranger string, code_commune string, "
    "departement string, ape string, ape_naf25 string, date_creation date, longitude double, latitude double, "
    "est_actif boolean",
    "sirene_ul": "siren string, raison_sociale string, prenom1_unite_legale string, nom_unite_legale string, "
    "categorie_juridique string, ape string, ape_naf25 string, date_creation date, est_actif boolean",
}
COLUMNS = {name: f"{ddl}, {_PLACE}" for name, ddl in COLUMNS.items()}
HOURS_OF_A_MONTH = 151.67  # for a full-time employee: 35 hours a week (article L3121-27 code du travail)
UNKNOWN_REASON = "Motif inconnu"
_LONGEST = 50  # characters of a stage or an action that the application keeps


def in_force(versions: DataFrame) -> DataFrame:
    """The rows that no later delivery has withdrawn."""
    return versions.where(F.col("superseded_on").isNull())


@dataclass(frozen=True)
class Perimeter:
    """The companies whose facts are shown.

    Attributes:
        companies: ``siren``, once each.
        are_kept: Whether these companies are inside (True) or outside (False).
    """

    companies: DataFrame
    are_kept: bool

    def of(self, facts: DataFrame) -> DataFrame:
        """The facts (``siren`` and any columns) of companies inside."""
        return facts.join(self.companies, on="siren", how="left_semi" if self.are_kept else "left_anti")


def perimeter(tables: Tables, exclusions: Exclusions) -> Perimeter:
    """Leave out the companies that the perimeter excludes, by the present register, whatever their headcount.

    Args:
        tables: Versions of ``sirene`` and ``sirene_ul``.
        exclusions: Legal categories, main activities of the company (NAF rev. 2), and whether a head office with a
            French department is required.
    """
    units = in_force(with_own_codes(tables["sirene_ul"], ["siren"]))
    out = F.coalesce(F.col("categorie_juridique").isin(*exclusions.categories_juridiques), F.lit(False))
    out |= F.coalesce(F.col("ape_propre").isin(*exclusions.activites), F.lit(False))
    excluded = units.where(out).select("siren").distinct()
    if not exclusions.siege_en_france:
        return Perimeter(excluded, are_kept=False)
    seats = in_force(tables["sirene"]).where("siege and departement is not null and departement != ''")
    kept = seats.select("siren").distinct().join(excluded, on="siren", how="left_anti")
    return Perimeter(kept, are_kept=True)


def cotisation(tables: Tables) -> DataFrame:
    """Contributions: rows of the same period are added; a quarter counts whole in its first month."""
    rows = in_force(tables["cotisation"]).withColumn("periode", F.trunc("periode_debut", "month"))
    due = euros(F.sum(cents(F.col("du"))))
    return rows.groupBy("siret", "siren", "periode").agg(due.alias("du"))


def debit(tables: Tables) -> DataFrame:
    """Debts, one row for each month in which a balance of the establishment changed; it holds until the next one.

    month     item A   item B   row
    2025-02   1000     -        1000
    2025-06   0        300      300      B has two operations in June: the one with the highest rank counts
    2025-09   -        100      100
    """
    order = ("numero_historique", "date_traitement", "_batch", "_line")
    balances = (F.struct(*order, cents(F.col(name)).alias("cents")) for name in ("part_ouvriere", "part_patronale"))
    workers, employers = (F.max(each)["cents"] for each in balances)
    last = (
        in_force(tables["debit"])
        .groupBy("siret", "siren", "debit_id", F.col("periode_prise_en_compte").alias("periode"))
        .agg(workers.alias("part_ouvriere"), employers.alias("part_patronale"))
    )
    item = Window.partitionBy("siret", "siren", "debit_id").orderBy("periode")
    so_far = Window.partitionBy("siret").orderBy("periode").rowsBetween(Window.unboundedPreceding, 0)
    parts = ("part_ouvriere", "part_patronale")
    changes = {name: F.col(name) - F.coalesce(F.lag(name).over(item), F.lit(0)) for name in parts}
    months = last.withColumns(changes).groupBy("siret", "siren", "periode")
    changed = months.agg(*(F.sum(name).alias(name) for name in parts))
    rows = changed.withColumns({name: euros(F.sum(name).over(so_far)) for name in parts})
    return rows.withColumn("is_last", _is_latest("siret"))


def delai(tables: Tables) -> DataFrame:
    """Payment plans as delivered."""
    texts = {name: F.substring(name, 1, _LONGEST) for name in ("stade", "action")}
    amount = euros(cents(F.col("montant_echeancier")))
    return in_force(tables["delai"]).withColumns({**texts, "montant_echeancier": amount})


def effectif(tables: Tables) -> DataFrame:
    """Headcounts of establishments; of several accounts of a SIRET the last delivered counts, as in the panel."""
    return _headcounts(tables["effectif"].withColumn("siren", siren_of(F.col("siret"))), "siret")


def effectif_ent(tables: Tables) -> DataFrame:
    """Headcounts of companies."""
    return _headcounts(tables["effectif_ent"], "siren").withColumnRenamed("effectif", "effectif_ent")


def ap(tables: Tables) -> DataFrame:
    """Short-time work: a request counts whole in every month of its range, a consumption in its own month."""
    requests = in_force(tables["apdemande"])
    first, last = month_index(F.col("periode_debut")), month_index(F.col("periode_fin"))
    labels = F.array(*(F.lit(text) for text in SHORT_TIME_REASONS))
    reason = F.coalesce(F.get(labels, F.col("motif_recours_se") - 1), F.lit(UNKNOWN_REASON))
    authorised = requests.where(first <= last).select(
        "siret",
        "siren",
        F.explode(F.sequence(first, last)).alias("mois"),
        _fte(F.col("hta")).alias("etp_autorise"),
        F.when(F.col("motif_recours_se").isNotNull(), reason).alias("motif"),
    )
    consumed = in_force(tables["apconso"]).select(
        "siret",
        "siren",
        month_index(F.col("periode")).alias("mois"),
        _fte(F.col("heure_consomme")).alias("etp_consomme"),
    )
    months = authorised.unionByName(consumed, allowMissingColumns=True).groupBy("siret", "siren", "mois")
    rows = months.agg(
        *(_exact_sum(name).alias(name) for name in ("etp_autorise", "etp_consomme")),
        F.concat_ws("; ", F.array_sort(F.collect_set("motif"))).alias("motif_recours"),
    )
    latest = consumed.agg(F.max("mois").alias("_latest"))
    is_last = (F.col("mois") == F.col("_latest")) & F.col("etp_consomme").isNotNull()
    return rows.crossJoin(F.broadcast(latest)).withColumns(
        {
            "periode": month_start(F.col("mois")),
            "motif_recours": F.nullif("motif_recours", F.lit("")),
            "is_last": F.coalesce(is_last, F.lit(False)),
        }
    )


def procol(tables: Tables) -> DataFrame:
    """Stages of proceedings, each once a company, without those of an account and those that name no proceeding."""
    stage = stage_code(F.col("stade_procol"))
    stages = in_force(tables["procol"]).where(F.col("action_procol").isNotNull())
    named = stages.where(F.coalesce(stage, F.lit("")) != OF_AN_ACCOUNT)
    rows = named.select("siren", "date_effet", "action_procol", "stade_procol").distinct()
    return rows.withColumn("libelle_procol", status_label(F.col("action_procol"), stage))


def status_label(action: Column, stage: Column) -> Column:
    """The status of a company after a stage, in the administration's words; ``In bonis`` after an end."""
    procedure = F.regexp_extract(action, "|".join(ACTIONS), 0)  # the delivered text may hold more
    return F.when(stage == FIN, IN_BONIS).otherwise(proceeding_label(procedure, stage))


CLEAN: Mapping[str, Callable[[Tables], DataFrame]] = {
    "clean_cotisation": cotisation,
    "clean_debit": debit,
    "clean_delai": delai,
    "clean_effectif": effectif,
    "clean_effectif_ent": effectif_ent,
    "clean_ap": ap,
    "clean_procol": procol,
}


def _headcounts(versions: DataFrame, key: str) -> DataFrame:
    order = [name for name in ("_batch", "_line") if name in versions.columns]
    counted = in_force(versions).where(F.col("effectif").isNotNull())
    last = F.max(F.struct(*order, "effectif"))["effectif"].alias("effectif")
    keys = list(dict.fromkeys((key, "siren", "periode")))
    return counted.groupBy(*keys).agg(last).withColumn("is_latest", _is_latest(key))


def _is_latest(key: str) -> Column:
    return F.col("periode") == F.max("periode").over(Window.partitionBy(key))


def _fte(hours: Column) -> Column:
    return hours / HOURS_OF_A_MONTH


def _exact_sum(name: str) -> Column:
    """A sum to the millionth, independent of the order of rows."""
    return F.sum(F.round(F.col(name) * 1_000_000).cast("long")) / 1_000_000
