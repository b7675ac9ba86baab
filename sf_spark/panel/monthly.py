"""One row for every month: entries of all sources, brought to one grain in one shuffle. Pure and lazy.

A source gives *entries*: ``key, mois`` and some of these columns; a month may have several.

    kind      columns               value of a row
    flow      FLOWS, COUNTS         sum of the month's entries
    level     LEVELS                sum of all entries up to the month
    latest    <name>_durable,       the greatest so far, or the passing one that holds: see asof.latest_entries
              <name>_passing
    lists     LISTS                 the last array so far: see asof.in_force_together
"""

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_index, month_start

FLOWS = ("cotisation_cents", "apart_centiemes")
COUNTS = ("nb_ouvertures", "nb_fermetures")
LEVELS = ("part_ouvriere_cents", "part_patronale_cents", "nb_ecarts_negatifs", "nb_etablissements")
LATEST = ("effectif", "declaration", "ccsf", "paydex", "bilan", "bilan_groupe", "bdf")
LISTS = ("delais", "demandes")


def monthly_rows(
    keys: tuple[str, ...], spine: DataFrame, entries: Iterable[DataFrame], last_month: int, first_month: int | None
) -> DataFrame:
    """Bring all entries to the rows of the spine.

    Args:
        keys: What names an entity, ``siren`` first: rows are brought together by company, whatever the grain.
        spine: ``keys, mois``: the rows wanted, once or more, and ``est_ouvert`` if it tells. A month with a
            flow always gets a row, after a closure too: totals must not lose it.
        entries: See above.
        last_month: Index of the last month whose cut-off has passed.
        first_month: Index of the first month wanted, what came before counts as an opening balance; None for all.

    Returns:
        ``keys, mois, periode, wanted`` (null where only a flow asks for the row), ``est_ouvert`` if the spine has it,
        and the columns of all kinds that the entries hold, one for each name of LATEST.
    """
    flags = [name for name in ("est_ouvert",) if name in spine.columns]
    together = spine.select(*keys, "mois", F.lit(True).alias("wanted"), *flags)
    for frame in entries:
        known = _since(frame, first_month).select(*keys, "mois", *_measures(frame))
        together = together.unionByName(known, allowMissingColumns=True)
    names = _measures(together)
    by_month = (
        together.repartition(keys[0])  # serves the grouping, the running totals and the company's own rows
        .groupBy(*keys, "mois")
        .agg(*(F.bool_or(name).alias(name) for name in ("wanted", *flags)), *(_of_month(name) for name in names))
    )
    so_far = Window.partitionBy(*keys).orderBy("mois").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows = by_month.select(*keys, "mois", "wanted", *flags, *(_so_far(name, so_far) for name in names))
    has_flow = F.coalesce(*(F.col(name) for name in FLOWS if name in names), F.lit(None)).isNotNull()
    inside = F.col("mois").between(first_month or 0, last_month)
    states = [name for name in LATEST if f"{name}_durable" in names]
    return rows.where((F.col("wanted") | has_flow) & inside).select(
        *keys,
        "mois",
        month_start(F.col("mois")).alias("periode"),
        "wanted",
        *flags,
        *(name for name in names if not name.endswith(("_durable", "_passing"))),
        *(F.greatest(f"{name}_durable", f"{name}_passing.state").alias(name) for name in states),
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


def _measures(frame: DataFrame) -> list[str]:
    latest = [f"{name}_{kind}" for name in LATEST for kind in ("durable", "passing")]
    return [name for name in (*FLOWS, *COUNTS, *LEVELS, *latest, *LISTS) if name in frame.columns]


def _since(frame: DataFrame, first_month: int | None) -> DataFrame:
    """What the months from ``first_month`` on need: flows from then on, all else as it stood the month before."""
    if first_month is None:
        return frame
    moments = [name for name in (*FLOWS, *COUNTS) if name in frame.columns]
    if moments and not any(name in frame.columns for name in LEVELS):
        return frame.where(F.col("mois") >= first_month)
    if moments:
        frame = frame.withColumns({name: F.when(F.col("mois") >= first_month, F.col(name)) for name in moments})
    lasting = frame.where(F.col("fin").isNull() | (F.col("fin") >= first_month)) if "fin" in frame.columns else frame
    return lasting.withColumn("mois", F.greatest("mois", F.lit(first_month - 1)))


def _of_month(name: str) -> Column:
    of_month = F.sum(name) if name in (*FLOWS, *COUNTS, *LEVELS) else F.max(name)
    return of_month.alias(name)


def _so_far(name: str, window: WindowSpec) -> Column:
    if name in (*FLOWS, *COUNTS):
        return F.col(name)
    if name in LEVELS:
        return F.coalesce(F.sum(name).over(window), F.lit(0)).alias(name)
    if name.endswith("_durable"):
        return F.max(name).over(window).alias(name)
    return F.last(name, ignorenulls=True).over(window).alias(name)
