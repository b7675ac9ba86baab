"""One row for every month: entries of all sources, aggregated in one shuffle. Pure and lazy.

A source gives *entries*: ``key, mois`` and some of these columns; a month may have several.

    kind      columns               value of a row
    flow      FLOWS, COUNTS         sum of the month's entries
    greatest  GREATEST              the greatest of the month's entries
    balance   BALANCES              sum of all entries up to the month
    latest    <name>_durable,       the greatest so far, or of the passing ones that still hold:
              <name>_passing        see asof.latest_entries
    in force  IN_FORCE              struct<state, fin> each: an array of the states of those that still hold, in order
    changes   CHANGES               the last entry so far

Attributes of an entity are entries like its amounts, so no table is joined: each join would add a shuffle, and Spark
takes as long to plan it as to run it.
"""

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_start
from sf_spark.domain.identifiers import siren_of
from sf_spark.panel.asof import in_force

FLOWS = ("cotisation_cents", "apart_centiemes")
COUNTS = ("nb_ouvertures", "nb_fermetures", "nb_etablissements_en_dette", "nb_etablissements_suivis")
GREATEST = ("effectif_max_etablissement",)
BALANCES = ("part_ouvriere_cents", "part_patronale_cents", "nb_ecarts_negatifs", "nb_etablissements")
LATEST = (
    *("effectif", "declaration", "ccsf", "paydex", "bilan", "bilan_groupe", "bdf"),
    *("registre", "historique", "siege", "unite_legale"),
)
IN_FORCE = ("delais", "demandes")
CHANGES = ("proceeding",)
_OF_MONTH = (*FLOWS, *COUNTS, *GREATEST)
_DURABLE, _PASSING = (tuple(f"{name}_{kind}" for name in LATEST) for kind in ("durable", "passing"))
_INTERVALS = (*_PASSING, *IN_FORCE)
_ALL = (*_OF_MONTH, *BALANCES, *_DURABLE, *_INTERVALS, *CHANGES)


def monthly_rows(
    keys: tuple[str, ...], spine: DataFrame, entries: Iterable[DataFrame], last_month: int, first_month: int | None
) -> DataFrame:
    """Aggregate all entries to the rows of the spine.

    Args:
        keys: Columns that identify an entity, ``siren`` first: rows are partitioned by company, at either grain.
        spine: ``keys, mois``: the rows wanted, perhaps repeated, and optionally ``est_ouvert``. A month with a flow
            always gets a row, even after a closure: totals must not lose it.
        entries: See above.
        last_month: Index of the last month whose cut-off has passed.
        first_month: Index of the first month wanted, what came before counts as an opening balance; None for all.

    Returns:
        ``keys, mois, periode, wanted`` (null where only a flow asks for the row), ``est_ouvert`` if the spine has it,
        and the columns of all kinds that the entries hold, one for each name of LATEST.
    """
    flags = ["wanted", *(name for name in ("est_ouvert",) if name in spine.columns)]
    # The SIREN comes from the SIRET: some files do not hold it.
    named = [siren_of(F.col("siret")).alias("siren"), F.col("siret")] if "siret" in keys else [F.col("siren")]
    frames = [(frame, set(frame.columns)) for frame in entries]
    names = [name for name in _ALL if any(name in columns for _, columns in frames)]
    together = [spine.select(*keys, "mois", F.lit(True).alias("wanted"), *flags[1:])]
    together += [_since(frame, columns, named, first_month) for frame, columns in frames]
    by_month = (
        _union(together)
        .repartition(keys[0])  # serves the grouping, the running totals and the company's own rows
        .groupBy(*keys, "mois")
        .agg(*(F.bool_or(name).alias(name) for name in flags), *(_of_month(name) for name in names))
    )
    so_far = Window.partitionBy(*keys).orderBy("mois").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows = by_month.select(*keys, "mois", *flags, *(_so_far(name, so_far).alias(name) for name in names))
    has_flow = F.coalesce(*(F.col(name) for name in FLOWS if name in names), F.lit(None)).isNotNull()
    inside = F.col("mois").between(first_month or 0, last_month)
    return rows.where((F.col("wanted") | has_flow) & inside).select(
        *keys,
        "mois",
        month_start(F.col("mois")).alias("periode"),
        *flags,
        *(name for name in names if name in (*_OF_MONTH, *BALANCES, *CHANGES)),
        *(F.array_sort(in_force(F.col(name), F.col("mois"))).alias(name) for name in IN_FORCE if name in names),
        *(_latest(name) for name in LATEST if f"{name}_durable" in names),
    )


def _union(frames: list[DataFrame]) -> DataFrame:
    """All rows of all frames, united as a balanced tree: Spark analyses the whole plan at each union."""
    if len(frames) == 1:
        return frames[0]
    middle = len(frames) // 2
    return _union(frames[:middle]).unionByName(_union(frames[middle:]), allowMissingColumns=True)


def _since(frame: DataFrame, columns: set[str], keys: list[Column], first_month: int | None) -> DataFrame:
    """The entries needed from ``first_month`` on: flows from then on, everything else as an opening balance."""
    names = [name for name in _ALL if name in columns]
    if first_month is None:
        return frame.select(*keys, "mois", *names)
    of_new_month = F.col("mois") >= first_month
    moments = [name for name in names if name in _OF_MONTH]
    if len(moments) == len(names):
        return frame.where(of_new_month).select(*keys, "mois", *names)
    values = [F.when(of_new_month, F.col(name)).alias(name) if name in moments else F.col(name) for name in names]
    lasting = frame.where(F.col("fin").isNull() | (F.col("fin") >= first_month)) if "fin" in columns else frame
    return lasting.select(*keys, F.greatest("mois", F.lit(first_month - 1)).alias("mois"), *values)


def _of_month(name: str) -> Column:
    if name in (*FLOWS, *COUNTS, *BALANCES):
        return F.sum(name).alias(name)
    if name in _INTERVALS:  # null, not an empty list: collecting over months drops nulls
        return F.when(F.count(name) > 0, F.collect_list(name)).alias(name)
    return F.max(name).alias(name)


def _so_far(name: str, window: WindowSpec) -> Column:
    if name in _OF_MONTH:
        return F.col(name)
    if name in BALANCES:
        return F.coalesce(F.sum(name).over(window), F.lit(0))
    if name in _INTERVALS:
        return F.flatten(F.collect_list(name).over(window))
    if name in CHANGES:
        return F.last(name, ignorenulls=True).over(window)
    return F.max(name).over(window)


def _latest(name: str) -> Column:
    passing = F.array_max(in_force(F.col(f"{name}_passing"), F.col("mois")))
    return F.greatest(F.col(f"{name}_durable"), passing).alias(name)
