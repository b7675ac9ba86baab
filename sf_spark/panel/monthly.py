"""One row for every month: postings and changes of state of all sources, brought to one grain in one shuffle. Pure."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.arithmetic import euros
from sf_spark.calendar import month_index, month_start

_FLOWS = ("cotisation_cents",)
_LEVELS = ("part_ouvriere_cents", "part_patronale_cents", "nb_ecarts_negatifs", "nb_etablissements")


def monthly_rows(
    key: str, spine: DataFrame, postings: list[DataFrame], effectif: DataFrame, last_month: int
) -> DataFrame:
    """Bring all postings to the rows of the spine.

    Args:
        key: ``siret`` or ``siren``.
        spine: ``key, mois``: the rows wanted, once or more. A month in which an amount falls has its row all the same,
            after a closure too: totals must not lose it.
        postings: Frames with ``key, mois`` and any of the posted measures; several rows a month are added up.
        effectif: ``key, mois, effectif_state``.
        last_month: Index of the last month whose cut-off has passed.

    Returns:
        ``key, periode`` and the measures. A contribution is null in a month that no declared period reaches; a debt
        is 0 where none is known (the file of debts is complete); a headcount is null before the first published one.
    """
    entries = spine.select(key, "mois", F.lit(True).alias("wanted"))
    for frame in [*postings, effectif]:
        entries = entries.unionByName(
            frame.select(key, "mois", *(n for n in frame.columns if n in (*_FLOWS, *_LEVELS, "effectif_state"))),
            allowMissingColumns=True,
        )
    by_month = (
        entries.repartition(key)  # serves the grouping and the running totals: one shuffle
        .groupBy(key, "mois")
        .agg(
            F.bool_or("wanted").alias("wanted"),
            *(F.sum(name).alias(name) for name in (*_FLOWS, *_LEVELS)),
            F.max("effectif_state").alias("effectif_state"),
        )
    )
    so_far = Window.partitionBy(key).orderBy("mois").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    levels = by_month.select(
        key,
        "mois",
        "wanted",
        *_FLOWS,
        *(F.coalesce(F.sum(name).over(so_far), F.lit(0)).alias(name) for name in _LEVELS),
        F.last("effectif_state", ignorenulls=True).over(so_far).alias("effectif_state"),
    )
    has_flow = F.coalesce(*_FLOWS).isNotNull()
    return _named(key, levels.where((F.col("wanted") | has_flow) & (F.col("mois") <= last_month)))


def _named(key: str, levels: DataFrame) -> DataFrame:
    debt = F.col("part_ouvriere_cents") + F.col("part_patronale_cents")
    return levels.select(
        key,
        month_start(F.col("mois")).alias("periode"),
        euros(F.col("cotisation_cents")).alias("cotisation"),
        euros(F.col("part_ouvriere_cents")).alias("montant_part_ouvriere"),
        euros(F.col("part_patronale_cents")).alias("montant_part_patronale"),
        euros(debt).alias("dette"),
        F.col("nb_ecarts_negatifs").cast("int").alias("nb_ecarts_negatifs"),
        F.col("effectif_state.effectif").cast("int").alias("effectif"),
        (F.col("mois") - month_index(F.col("effectif_state.periode"))).alias("effectif_age_mois"),
        F.col("nb_etablissements").cast("int").alias("nb_etablissements"),
    )


def with_attributes(rows: DataFrame, changes: DataFrame, key: str) -> DataFrame:
    """Add what was known of an entity in each month: ``changes`` holds ``key, mois, fin`` and the attributes."""
    inside = (F.col("_m") >= F.col("mois")) & (F.col("fin").isNull() | (F.col("_m") < F.col("fin")))
    renamed = changes.withColumnRenamed(key, "_key")
    return (
        rows.withColumn("_m", month_index(F.col("periode")))
        .join(renamed, on=(F.col(key) == F.col("_key")) & inside, how="left")
        .drop("_m", "_key", "mois", "fin")
    )
