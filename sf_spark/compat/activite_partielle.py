"""Short-time work: requests and consumptions are joined on the first nine characters of their number.

A family shares these characters: a request and its amendments. Families are processed in order, and the running sum of
one includes the hours of those before it, in the months of its own range:

    family    range               consumed    running sum
    first     2020-01, 2020-02    10, 20      10, 30
    second    2020-02, 2020-03    5, 7        25, 32        (20 + 5, then + 7): February keeps the 25
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.series import ARRIVAL, each_month, last_to_arrive
from sf_spark.domain.calendar import month_index

HAS_ACTIVITE_PARTIELLE = "_has_apart"  # whether the original has a document on short-time work for the month
_MONTHLY_HOURS = 157.67  # the authors' own figure for a full-time month
_FAMILY_LENGTH = 9


def add_activite_partielle(rows: DataFrame, apdemande: DataFrame, apconso: DataFrame, known: DataFrame) -> DataFrame:
    """Add hours authorised, consumed, and consumed so far, the reason (code) and the share of the month's hours.

    Args:
        rows: ``siret, mois, effectif``.
        apdemande: Requests; their hours count whole in each month of the range.
        apconso: Consumptions, counted in their month whatever the day; those without a known family are ignored.
        known: ``siret`` of establishments in both files; the others get nulls.

    Returns:
        The rows with ``apart_*``, ``ratio_apart`` and ``_has_apart`` (true or null).
    """
    requests = apdemande.join(known, on="siret", how="left_semi").select(
        "siret",
        _family(F.col("id_demande")),
        *ARRIVAL,
        month_index(F.col("periode_debut")).alias("_from"),
        (month_index(F.col("periode_fin")) + 1).alias("_after"),
        "hta",
        "motif_recours_se",
    )
    consumed = _consumed(apconso, _families(requests))
    joined = rows
    for part in (_authorised(requests), _monthly(consumed), _so_far(consumed)):
        joined = joined.join(part, on=["siret", "mois"], how="left")
    share = F.try_divide(F.col("apart_heures_consommees"), F.col("effectif") * _MONTHLY_HOURS)
    return joined.select(
        *rows.columns,
        "apart_heures_autorisees",
        "apart_motif_recours",
        "apart_heures_consommees",
        "apart_heures_consommees_cumulees",
        share.alias("ratio_apart"),
        F.coalesce("_authorised", "_consumed", "_in_range").alias(HAS_ACTIVITE_PARTIELLE),
    )


def _family(number: Column) -> Column:
    return F.left(number, F.lit(_FAMILY_LENGTH)).alias("_family")


def _authorised(requests: DataFrame) -> DataFrame:
    """``siret, mois`` and the hours of the request of the month that arrived last."""
    months = each_month(F.col("_from"), F.col("_after"))
    hours = requests.select("siret", months.alias("mois"), *ARRIVAL, F.col("hta").alias("apart_heures_autorisees"))
    return last_to_arrive(hours, "siret", "mois").withColumn("_authorised", F.lit(True))


def _families(requests: DataFrame) -> DataFrame:
    """``siret, _family``, its rank within the establishment, and the columns of its last request.

    The original keeps families in an object of JavaScript: numbers first, by value, then the others by first arrival.
    """
    families = requests.groupBy("siret", "_family").agg(
        F.min(F.struct(*ARRIVAL)).alias("_first"),
        F.max(F.struct(*ARRIVAL, "_from", "_after", "motif_recours_se")).alias("_last"),
    )
    value = F.when(F.col("_family").rlike(r"^(0|[1-9][0-9]*)\z"), F.col("_family").try_cast("long"))
    place = F.row_number().over(Window.partitionBy("siret").orderBy(value.asc_nulls_last(), "_first"))
    return families.select(
        "siret", "_family", place.alias("_place"), "_last._from", "_last._after", "_last.motif_recours_se"
    )


def _consumed(apconso: DataFrame, families: DataFrame) -> DataFrame:
    """Hours by establishment, family and month, with the columns of the family."""
    hours = apconso.select(
        "siret", _family(F.col("id_conso")), month_index(F.col("periode")).alias("mois"), "heure_consomme"
    )
    summed = hours.groupBy("siret", "_family", "mois").agg(F.sum("heure_consomme").alias("_hours"))
    return summed.join(families, on=["siret", "_family"], how="inner")


def _monthly(consumed: DataFrame) -> DataFrame:
    """``siret, mois``, the hours of all families, the reason of the last one."""
    return consumed.groupBy("siret", "mois").agg(
        F.sum("_hours").alias("apart_heures_consommees"),
        F.max_by("motif_recours_se", "_place").alias("apart_motif_recours"),
        F.lit(True).alias("_consumed"),
    )


def _so_far(consumed: DataFrame) -> DataFrame:
    """``siret, mois`` and the running sum of the last family in whose range the month is."""
    used = consumed.select("siret", "_place", "_from", "_after").distinct()
    ranges = used.select("siret", "_place", each_month(F.col("_from"), F.col("_after")).alias("mois"))
    hours = consumed.select("siret", "mois", F.col("_place").alias("_other"), "_hours")
    by_then = F.sum(F.when(F.col("_other") <= F.col("_place"), F.col("_hours")))
    seen = (
        ranges.join(hours, on=["siret", "mois"], how="left")
        .groupBy("siret", "_place", "mois")
        .agg(F.coalesce(by_then, F.lit(0.0)).alias("_hours"))
    )
    so_far = Window.partitionBy("siret", "_place").orderBy("mois").rowsBetween(Window.unboundedPreceding, 0)
    running = seen.withColumn("_running", F.sum("_hours").over(so_far))
    return running.groupBy("siret", "mois").agg(
        F.max_by("_running", "_place").alias("apart_heures_consommees_cumulees"), F.lit(True).alias("_in_range")
    )
