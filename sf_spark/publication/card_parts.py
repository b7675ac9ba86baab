"""The parts of a card, each a frame with one row a company or establishment: series, plans, requests, freshness. Pure.

Facts are those in force. Measures come from the panels, so a number on a card is the one behind the signals and the
reasons of an alert.
"""

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month, month_index
from sf_spark.panel.delais import NOT_GRANTED

MEASURES = (
    *("effectif", "cotisation", "montant_part_ouvriere", "montant_part_patronale", "dette"),
    *("apart_heures_autorisees", "apart_heures_consommees"),
)
SERIES = (
    "array<struct<periode: date, effectif: int, cotisation: double, montant_part_ouvriere: double, "
    "montant_part_patronale: double, dette: double, apart_heures_autorisees: double, apart_heures_consommees: double>>"
)
PLANS = (
    "array<struct<siret: string, date_creation: date, date_echeance: date, duree_delai: int, "
    "montant_echeancier: double, stade: string, action: string, en_cours: boolean>>"
)
REQUESTS = (
    "array<struct<id_demande: string, date_statut: date, periode_debut: date, periode_fin: date, "
    "heures_autorisees: double, heures_consommees: double, effectif_autorise: int, motif: string>>"
)
FRESHNESS = "array<struct<source: string, libelle: string, dernier_fait: date, connu_le: date>>"
ALERTS = (
    "array<struct<list: string, horizon: int, periode: date, niveau: string, statut: string, probabilite: double, "
    "rang: int, premiere_alerte: date, regle: string, raisons: array<struct<theme: string, mesure: string, "
    "signal: string, valeur: double, texte: string>>, points: array<struct<theme: string, points: double>>>>"
)
FOLLOW_UPS = (
    "array<struct<date: date, service: string, siret: string, state: string, niveau: string, "
    "actions: array<string>, resultat: string>>"
)
SHORT_TIME_REASONS = (  # reasons of requests, from code 1 on; the other codes have no published meaning
    "Conjoncture économique",
    "Difficultés d'approvisionnement en matières premières ou en énergie",
    "Sinistre ou intempéries de caractère exceptionnel",
    "Transformation, restructuration ou modernisation des installations et des bâtiments",
    "Autres circonstances exceptionnelles",
)
# For the freshness of each source: its name in French, and the column that dates its facts.
SOURCES: Mapping[str, tuple[str, str]] = {
    "effectif_ent": ("Effectifs de l'entreprise (URSSAF)", "periode"),
    "effectif": ("Effectifs des établissements (URSSAF)", "periode"),
    "cotisation": ("Cotisations (URSSAF)", "periode_debut"),
    "debit": ("Dettes (URSSAF)", "date_traitement"),
    "delai": ("Délais de paiement (URSSAF)", "date_creation"),
    "apdemande": ("Activité partielle, demandes", "date_statut"),
    "apconso": ("Activité partielle, consommations", "periode"),
    "ratios": ("Comptes (INPI)", "date_cloture_exercice"),
    "bdf": ("Ratios (Banque de France)", "arrete_bilan_bdf"),
    "paydex": ("Paiement des fournisseurs", "date_valeur"),
    "procol": ("Procédures collectives (URSSAF)", "date_effet"),
    "procedures": ("Procédures collectives (BODACC)", "date_jugement"),
}


def series(panel: DataFrame, key: str, last: Sequence[str]) -> DataFrame:
    """The sorted months of each entity, and its last row.

    Args:
        panel: The months wanted of a panel.
        key: ``siren`` or ``siret``.
        last: Columns of the last row.

    Returns:
        ``key, serie`` (``SERIES``) and the columns.
    """
    months = F.collect_list(F.struct("periode", *MEASURES))
    row = F.max(F.struct("periode", *last))  # months are unique: the other fields are never compared
    grouped = panel.groupBy(key).agg(F.array_sort(months).cast(SERIES).alias("serie"), row.alias("_last"))
    return grouped.select(key, "serie", "_last.*")


def payment_plans(delai: DataFrame, key: str, last: Column, cutoff_day: int) -> DataFrame:
    """``key, delais`` (``PLANS``, the newest first).

    A plan is in force (``en_cours``) as in the panel: granted, complete, created by the cut-off of the last month, and
    due after it.

    Args:
        delai: In force.
        key: ``siren`` or ``siret``.
        last: First day of the last month (date).
        cutoff_day: Day of the cut-off.
    """
    granted = ~F.coalesce(F.upper("stade"), F.lit("")).isin(*NOT_GRANTED)
    complete = (F.col("duree_delai") >= 1) & (F.col("montant_echeancier") >= 0.01)
    begun = known_month(F.greatest("known_on", "date_creation"), cutoff_day) <= month_index(last)
    running = known_month(F.col("date_echeance"), cutoff_day) > month_index(last)
    plan = F.struct(
        *("siret", "date_creation", "date_echeance", "duree_delai", "montant_echeancier", "stade", "action"),
        F.coalesce(granted & complete & begun & running, F.lit(False)).alias("en_cours"),
    )
    return _newest_first(delai, key, (F.col("date_creation"), F.col("siret")), plan, PLANS, "delais")


def short_time_requests(apdemande: DataFrame) -> DataFrame:
    """``siret, demandes_activite_partielle`` (``REQUESTS``, the newest first), each request with its last status."""
    newest = apdemande.groupBy("siret", "id_demande").agg(
        F.max(
            F.struct(
                *("date_statut", "_batch", "_line", "periode_debut", "periode_fin", "hta", "heures_consommees"),
                *("effectif_autorise", "motif_recours_se"),
            )
        ).alias("_row")
    )
    reasons = F.array(*(F.lit(text) for text in SHORT_TIME_REASONS))
    flat = newest.select("siret", "id_demande", "_row.*")
    request = F.struct(
        *("id_demande", "date_statut", "periode_debut", "periode_fin"),
        F.col("hta").alias("heures_autorisees"),
        *("heures_consommees", "effectif_autorise"),
        F.get(reasons, F.col("motif_recours_se") - 1).alias("motif"),
    )
    order = (F.col("date_statut"), F.col("id_demande"))
    return _newest_first(flat, "siret", order, request, REQUESTS, "demandes_activite_partielle")


def freshness(staged: Mapping[str, DataFrame], key: str) -> DataFrame:
    """``key, fraicheur`` (``FRESHNESS``, in the order of ``SOURCES``): the newest fact of each source.

    Args:
        staged: Facts in force, by source; sources without ``key`` are left out.
        key: ``siren`` or ``siret``.
    """
    dated = [
        facts.select(key, F.lit(rank).alias("_rank"), F.col(SOURCES[name][1]).alias("_fait"), F.col("known_on"))
        for rank, (name, facts) in enumerate((name, staged[name]) for name in SOURCES)
        if key in facts.columns
    ]
    together = reduce(DataFrame.union, dated)
    newest = together.groupBy(key, "_rank").agg(F.max(F.struct("_fait", "known_on")).alias("_newest"))
    names, labels = (
        F.array(*(F.lit(text) for text in texts)) for texts in (SOURCES, (label for label, _ in SOURCES.values()))
    )
    fait = F.struct(
        F.get(names, F.col("_rank")).alias("source"),
        F.get(labels, F.col("_rank")).alias("libelle"),
        F.col("_newest._fait").alias("dernier_fait"),
        F.col("_newest.known_on").alias("connu_le"),
    )
    ordered = F.transform(
        F.array_sort(F.collect_list(F.struct("_rank", fait.alias("fait")))), lambda each: each["fait"]
    )
    return newest.groupBy(key).agg(ordered.cast(FRESHNESS).alias("fraicheur"))


def alerts(lists: DataFrame) -> DataFrame:
    """``siren, alertes`` (``ALERTS``, the newest list first), of the edition in force of each month and horizon."""
    editions = lists.groupBy("periode", "horizon").agg(F.max("edition").alias("edition"))
    in_force = lists.join(F.broadcast(editions), on=["periode", "horizon", "edition"], how="left_semi")
    reasons = F.transform(
        "reasons",
        lambda r: F.struct(r["theme"], r["measure"], r["signal"], r["value"], r["text"]),
    )
    points = F.array_sort(F.transform(F.map_entries("points"), lambda e: F.struct(e["key"], e["value"])))
    alert = F.struct(
        *("list", "horizon", "periode"),
        F.col("level").alias("niveau"),
        F.col("status").alias("statut"),
        F.col("probability").alias("probabilite"),
        F.col("rank").alias("rang"),
        F.col("first_alert").alias("premiere_alerte"),
        F.col("adjustment").alias("regle"),
        F.coalesce(reasons, F.array()).alias("raisons"),
        F.coalesce(points, F.array()).alias("points"),
    )
    order = (F.col("periode"), -F.col("horizon"))
    return _newest_first(in_force, "siren", order, alert, ALERTS, "alertes")


def follow_ups(follow_up: DataFrame) -> DataFrame:
    """``siren, suivis`` (``FOLLOW_UPS``, the newest first): actions, without opinions on detections."""
    done = follow_up.where(F.col("type") == "suivi")
    one = F.struct("date", "service", "siret", "state", "niveau", "actions", "resultat")
    return _newest_first(done, "siren", (F.col("date"), F.col("service"), F.col("siret")), one, FOLLOW_UPS, "suivis")


def _newest_first(rows: DataFrame, key: str, order: Sequence[Column], value: Column, kind: str, name: str) -> DataFrame:
    """``key, name``: the values of each key in descending order; ties by the value itself."""
    ordered = F.struct(*(column.alias(f"_{rank}") for rank, column in enumerate(order)), value.alias("value"))
    gathered = F.sort_array(F.collect_list(ordered), asc=False)
    return rows.groupBy(key).agg(F.transform(gathered, lambda each: each["value"]).cast(kind).alias(name))
