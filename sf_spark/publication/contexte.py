"""Context flags of companies: helped by an aid scheme, in the area of a programme, in a restricted sector. Pure.

A flag names a company, one of its establishments, its commune or its activity. Activities are codes of NAF rev. 2, full
or partial, and match the company's code in NAF rev. 2 whatever the register delivers; a class that ends in Y belongs to
NAF 2025 (rev. 2 has none), and matches that code.

    flag             company                            flagged
    naf 55           55.10Z                             yes
    naf 55.10Z       62.01Z                             no
    naf 62.01Z       62.10Y, formerly 62.01Z            yes
    naf 62.10Y       62.10Y                             yes
    from 2024-03-21  in the list of March               no: after the cut-off
"""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.identifiers import siren_of
from sf_spark.domain.naf import begins_with

COLUMNS = "type string, code string, drapeau string, date_debut date, date_fin date, known_on date, superseded_on date"


def context_flags(contexte: DataFrame, companies: DataFrame, cutoff: date) -> DataFrame:
    """The flags of each company on a cut-off.

    Args:
        contexte: The staged table.
        companies: ``siren, ape, ape_naf25, code_commune``; one row each.
        cutoff: The day.

    Returns:
        ``siren, context_flags`` (sorted, distinct); companies without a flag are absent. A flag without a first day has
        always held, one without a last day still holds; a null code matches nothing.
    """
    day = F.lit(cutoff)
    holds = (
        (F.col("known_on") <= day)
        & (F.col("superseded_on").isNull() | (F.col("superseded_on") > day))
        & (F.col("date_debut").isNull() | (F.col("date_debut") <= day))
        & (F.col("date_fin").isNull() | (F.col("date_fin") >= day))
    )
    flags = contexte.where(holds).select("type", "code", "drapeau").distinct()
    # Equal codes are joined; partial activities are few, and are tested one by one.
    named = flags.where(F.col("type") != "naf").withColumn("_key", _named(F.col("type"), F.col("code")))
    by_name = companies.select("siren", F.explode(_names()).alias("_key")).join(
        F.broadcast(named.select("_key", "drapeau")), on="_key", how="inner"
    )
    activities = F.broadcast(flags.where(F.col("type") == "naf").select(F.col("code").alias("_part"), "drapeau"))
    own = F.when(F.col("_part").endswith("Y"), F.col("ape_naf25")).otherwise(F.col("ape"))
    by_activity = companies.join(activities, on=begins_with(own, F.col("_part")), how="inner")
    met = by_name.select("siren", "drapeau").unionByName(by_activity.select("siren", "drapeau"))
    return met.groupBy("siren").agg(F.array_sort(F.collect_set("drapeau")).alias("context_flags"))


def _named(kind: Column, code: Column) -> Column:
    """The company or commune that a flag names; for an establishment, its company."""
    return F.when(kind == "commune", F.concat(F.lit("commune "), code)).otherwise(siren_of(code))


def _names() -> Column:
    return F.array_compact(F.array("siren", F.concat(F.lit("commune "), "code_commune")))
