"""Short-time work: hours authorised for each month, and hours consumed as they become known. Pure and lazy.

Authorised hours are a state: those of the requests known at the cut-off that fall in the month, day by day of their
range, to the hundredth of an hour. The last status of a request replaces the former ones:

    request of 310 hours, 2024-01-16 to 2024-02-15 (31 days)      2024-01: 160, 2024-02: 150
    the same, revised to 620 hours on 2024-02-02                  2024-01: 160, 2024-02: 300

Consumed hours are a flow, posted in the month in which they become known; totals are conserved.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month, month_index
from sf_spark.panel.asof import state_changes


def demande_entries(apdemande: DataFrame, cutoff_day: int) -> DataFrame:
    """Entries of the requests: one for each known version of a request, over the months that it covers.

    Returns:
        ``siret, siren, mois, fin`` and ``demandes``: struct<state, fin>, of which ``state`` is struct<debut, fin,
        heures (hundredths)>.
    """
    order, values = ("date_statut", "_batch", "_line"), ("periode_debut", "periode_fin", "hta")
    changes = state_changes(apdemande, ("siret", "siren", "id_demande"), order, values, cutoff_day)
    first, last = F.col("state.periode_debut"), F.col("state.periode_fin")
    hours = F.round(F.col("state.hta") * 100).cast("long")
    state = F.struct(first.alias("debut"), last.alias("fin"), hours.alias("heures"))
    end = F.least("fin", month_index(last) + 1).alias("fin")
    return changes.where(first <= last).select(
        *("siret", "siren"),
        F.greatest("mois", month_index(first)).alias("mois"),
        end,
        F.struct(state.alias("state"), end).alias("demandes"),
    )


def consommation_postings(apconso: DataFrame, cutoff_day: int) -> DataFrame:
    """Hours consumed, posted in the month they become known, and reversed in the month they are withdrawn.

    Returns:
        ``siret, siren, mois, apart_centiemes`` (hundredths of an hour); several rows a month.
    """
    hours = F.round(F.col("heure_consomme") * 100).cast("long")
    sides = F.array(
        F.struct(known_month(F.col("known_on"), cutoff_day).alias("mois"), hours.alias("apart_centiemes")),
        F.struct(known_month(F.col("superseded_on"), cutoff_day).alias("mois"), (-hours).alias("apart_centiemes")),
    )
    return (
        apconso.where(F.col("heure_consomme").isNotNull())
        .select("siret", "siren", F.inline(sides))
        .where(F.col("mois").isNotNull())
    )


def demande_measures() -> dict[str, Column]:
    """``apart_heures_autorisees`` (hours of the month, 0 without a request), ``apart_demandes_en_cours`` (number)."""
    requests = F.coalesce("demandes", F.array())
    start, after = F.col("periode"), F.add_months("periode", 1)
    total = F.aggregate(
        requests,
        F.lit(0).cast("long"),
        lambda hours, request: hours + _authorised_before(request, after) - _authorised_before(request, start),
    )
    return {"apart_heures_autorisees": total / 100, "apart_demandes_en_cours": F.size(requests)}


def _authorised_before(request: Column, day: Column) -> Column:
    """Hundredths of an hour that fall before a day: differences of these add up to the whole request."""
    length = F.datediff(request["fin"], request["debut"]) + 1
    elapsed = F.greatest(F.lit(0), F.least(length, F.datediff(day, request["debut"])))
    return F.coalesce(F.call_function("div", request["heures"] * elapsed, length.cast("long")), F.lit(0).cast("long"))
