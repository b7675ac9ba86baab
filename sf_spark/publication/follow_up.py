"""Actions and opinions of the services on alerts: one table, and the funnel of each list. Pure.

    noted about a company of the list, from its cut-off on, for a year     detected   contacted   accompanied
    nothing                                                                x
    a follow-up, under watch                                               x          x
    a follow-up in progress or closed, with an action                      x          x           x

A follow-up from before the list, or on a company that is not on it, counts for no list. An opinion counts for the list
that it names. People read these rows; no model learns from them.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain import territories
from sf_spark.domain.calendar import cutoff_of
from sf_spark.domain.follow_up import CLOSED, IN_PROGRESS, SEVERAL
from sf_spark.domain.identifiers import siren_of

FOLLOW_UP_KIND, OPINION = "suivi", "avis"
FOLLOW_UP = (
    "siren string, siret string, date date, service string, agent string, type string, list string, state string, "
    "niveau string, actions array<string>, difficultes array<string>, resultat string, utile boolean, "
    "motifs array<string>, commentaire string, known_on date"
)
ALL = "tous"
WINDOW_MONTHS = 12  # a contact within so many months counts for the list
FUNNEL = (
    "list string, periode date, horizon int, edition int, departement string, departement_libelle string, "
    "service string, detectees long, contactees long, accompagnees long, avis long, avis_utiles long, "
    "part_utile double, entreprises_jugees long, detections_justes long, precision_terrain double, "
    "precision_basse double, precision_haute double"
)
_Z = 1.6449  # quantile of the middle 90 %, like the intervals of the models


def follow_up_rows(suivi: DataFrame, avis: DataFrame) -> DataFrame:
    """The table ``follow_up``: one row for each note of a service on an establishment and a day, and for each opinion.

    Args:
        suivi: ``staged/suivi``, in force. Of two lines with the same key the one delivered last counts.
        avis: ``staged/avis``, in force; the last opinion of an agent on a company and a list counts.
    """
    notes = _latest(suivi, ("siret", "date", "service")).select(
        siren_of(F.col("siret")).alias("siren"),
        *("siret", "date", "service", "agent", F.lit(FOLLOW_UP_KIND).alias("type"), "state", "niveau"),
        *(_split(name).alias(name) for name in ("actions", "difficultes")),
        *("resultat", "commentaire", "known_on"),
    )
    opinions = _latest(avis, ("siren", "liste", "service", "agent")).select(
        *("siren", "date", "service", "agent", F.lit(OPINION).alias("type"), F.col("liste").alias("list"), "utile"),
        *(_split("motifs").alias("motifs"), "commentaire", "known_on"),
    )
    rows = notes.unionByName(opinions, allowMissingColumns=True)
    kinds = (column.strip().partition(" ") for column in FOLLOW_UP.split(", "))
    return rows.select(*(F.col(name).cast(kind).alias(name) for name, _, kind in kinds))


def funnel(lists: DataFrame, follow_up: DataFrame, cutoff_day: int) -> DataFrame:
    """The outcome of the detections of each list, by territory and service.

    Args:
        lists: ``lists/detection``: the edition in force of each month and horizon counts.
        follow_up: The table.
        cutoff_day: Day of the cut-off.

    Returns:
        ``FUNNEL``, key (list, departement, service); ``tous`` in departement or service means all. Companies, not
        notes, are counted. ``part_utile`` is a share of opinions; ``precision_terrain`` is the share of companies with
        opinions that most of these call useful, with a Wilson interval of 90 %. Shares are null without opinions. A
        service without notes and opinions on a list has no row.
    """
    listed = _in_force(lists.where(F.col("rank").isNotNull())).select(
        *("list", "periode", "horizon", "edition", "siren"),
        F.coalesce("departement", F.lit("inconnu")).alias("departement"),
    )
    rows = _company_rows(listed, of_every_edition(follow_up, lists), cutoff_day)
    by_place = rows.withColumn("departement", F.explode(F.array("departement", F.lit(ALL))))
    counted = by_place.groupBy("list", "departement", "service").agg(
        F.count_if("contacted").alias("contactees"),
        F.count_if("accompanied").alias("accompagnees"),
        F.sum("opinions").alias("avis"),
        F.sum("useful").alias("avis_utiles"),
        F.count_if(F.col("opinions") > 0).alias("entreprises_jugees"),
        F.count_if(F.col("useful") * 2 > F.col("opinions")).alias("detections_justes"),
    )
    places = listed.withColumn("departement", F.explode(F.array("departement", F.lit(ALL))))
    detected = places.groupBy("list", "periode", "horizon", "edition", "departement").agg(
        F.count("*").alias("detectees")
    )
    return _with_shares(detected.join(counted, on=["list", "departement"], how="left"))


def of_every_edition(rows: DataFrame, lists: DataFrame) -> DataFrame:
    """Rows that name a list, once for each edition of its month and horizon: a correction keeps what was said.

    Args:
        rows: With a column ``list``; rows without a list, or with an unknown one, stay as they are.
        lists: ``lists/detection``.
    """
    editions = lists.select("list", "periode", "horizon").distinct()
    others = editions.withColumnRenamed("list", "_other").join(editions, on=["periode", "horizon"])
    every = rows.join(F.broadcast(others.select("list", "_other")), on="list", how="left")
    return every.withColumn("list", F.coalesce("_other", "list")).drop("_other")


def _company_rows(listed: DataFrame, follow_up: DataFrame, cutoff_day: int) -> DataFrame:
    """One row for each list, company and service (also ``tous``) with a note or an opinion."""
    drawn = cutoff_of(F.col("periode"), cutoff_day)
    after = (F.col("date") > drawn) & (F.col("date") <= F.add_months(drawn, WINDOW_MONTHS))
    notes = follow_up.where(F.col("type") == FOLLOW_UP_KIND).select("siren", "date", "service", "state", "actions")
    acted = F.col("state").isin(IN_PROGRESS, CLOSED) & (F.size("actions") > 0)
    done = listed.join(notes, on="siren", how="inner").where(after)
    opinions = follow_up.where(F.col("type") == OPINION).select("siren", "list", "service", "utile")
    said = listed.join(opinions, on=["siren", "list"], how="inner")
    key = ("list", "departement", "siren", "service")
    zero = F.lit(0).cast("long")
    both = done.select(
        *key, F.lit(True).alias("contacted"), acted.alias("accompanied"), zero.alias("opinions"), zero.alias("useful")
    ).unionByName(
        said.select(
            *key,
            F.lit(False).alias("contacted"),
            F.lit(False).alias("accompanied"),
            F.lit(1).cast("long").alias("opinions"),
            F.col("utile").cast("long").alias("useful"),
        )
    )
    every = both.withColumn("service", F.explode(F.array_distinct(F.array("service", F.lit(ALL)))))
    return every.groupBy(*key).agg(
        F.bool_or("contacted").alias("contacted"),
        F.bool_or("accompanied").alias("accompanied"),
        F.sum("opinions").alias("opinions"),
        F.sum("useful").alias("useful"),
    )


def _with_shares(rows: DataFrame) -> DataFrame:
    counts = ("contactees", "accompagnees", "avis", "avis_utiles", "entreprises_jugees", "detections_justes")
    filled = rows.fillna(0, subset=list(counts)).fillna(ALL, subset=["service"])
    right, judged = F.col("detections_justes"), F.col("entreprises_jugees")
    low, high = _wilson(right, judged)
    shares = {
        "departement_libelle": territories.department_label(F.col("departement")),
        "part_utile": F.try_divide("avis_utiles", "avis"),
        "precision_terrain": F.try_divide(right, judged),
        "precision_basse": low,
        "precision_haute": high,
    }
    names = (column.strip().partition(" ") for column in FUNNEL.split(", "))
    return filled.withColumns(shares).select(*(F.col(name).cast(kind).alias(name) for name, _, kind in names))


def _wilson(successes: Column, trials: Column) -> tuple[Column, Column]:
    """The interval of a share (Wilson, 1927), which stays within 0 and 1 even for few trials."""
    n = F.when(trials > 0, trials)
    share = successes / n
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * F.sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n)) / (1 + _Z**2 / n)
    low, high = F.greatest(centre - half, F.lit(0.0)), F.least(centre + half, F.lit(1.0))
    return F.when(n.isNotNull(), low), F.when(n.isNotNull(), high)  # greatest(null, 0) is 0


def _in_force(lists: DataFrame) -> DataFrame:
    editions = lists.groupBy("periode", "horizon").agg(F.max("edition").alias("edition"))
    return lists.join(F.broadcast(editions), on=["periode", "horizon", "edition"], how="left_semi")


def _latest(rows: DataFrame, key: tuple[str, ...]) -> DataFrame:
    newest = F.max_by(F.struct("*"), F.struct("known_on", "_batch", "_file", "_line")).alias("_row")
    return rows.groupBy(*(F.col(name).alias(f"_key_{name}") for name in key)).agg(newest).select("_row.*")


def _split(name: str) -> Column:
    return F.when(F.col(name).isNotNull(), F.split(name, rf"\{SEVERAL}")).otherwise(F.array().cast("array<string>"))
