"""The activity of a company or an establishment in both nomenclatures: the bridge between them. Pure and lazy.

The register changes from NAF rev. 2 to NAF 2025 in one delivery, and carries both codes for the year before. The code
of a unit in NAF rev. 2 is, in this order:

    its own: the one delivered, or the last one delivered, as long as its code in NAF 2025 has not changed since
    its own: the last one in the history of the register (establishments)
    derived: the most frequent one among the units with its code in NAF 2025 that were known by then under both codes

    delivery   delivered            ape       ape_naf25   derived
    2611       62.02A               62.02A    -           no
    2612       62.02A and 62.20Y    62.02A    62.20Y      no
    2701       62.20Y               62.02A    62.20Y      no
    2705       56.11Y               56.10A    56.11Y      yes, if most units under 56.11Y were under 56.10A
    2701       62.20Y, new company  62.02A    62.20Y      yes, if most units under 62.20Y were under 62.02A
    2701       no unit known        -         62.20Y      no

The bridge from NAF rev. 2 to NAF 2025 counts the same units. A month uses only what was known at its cut-off, counts
included.
"""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month
from sf_spark.domain.naf import NAF_REV2

# Units are counted from here on: earlier facts count as known in this month. No panel begins earlier.
_FIRST_MONTH = 2016 * 12


def with_own_codes(register: DataFrame, keys: Sequence[str]) -> DataFrame:
    """A table of the register with ``ape_propre``: the unit's own code in NAF rev. 2, delivered or former.

    Args:
        register: Versions: ``keys, ape, ape_naf25, _batch, _line``.
        keys: The columns that identify a unit.

    Returns:
        All columns, and ``ape_propre``; null where no version up to this one holds it, where the version has no code at
        all, and where the code in NAF 2025 has changed since.
    """
    so_far = Window.partitionBy(*keys).orderBy("_batch", "_line").rowsBetween(Window.unboundedPreceding, 0)
    since = Window.partitionBy(*keys, "_spell").orderBy("_batch", "_line").rowsBetween(Window.unboundedPreceding, 0)
    named = register.select(
        "*", F.last("ape", ignorenulls=True).over(so_far).alias("_former"), F.count("ape").over(so_far).alias("_spell")
    )
    unchanged = F.col("ape_naf25") == F.first("ape_naf25", ignorenulls=True).over(since)
    own = F.coalesce("ape", F.when(unchanged, F.col("_former"))).alias("ape_propre")
    return named.select(*register.columns, own)


def bridge(registers: Sequence[tuple[DataFrame, str]], toward: str, cutoff_day: int) -> DataFrame:
    """The most frequent code of a nomenclature for each code of the other, as known month by month.

    Args:
        registers: Tables with ``ape_propre`` and the column that names a unit in each.
        toward: The nomenclature wanted.
        cutoff_day: Day of the cut-off.

    Returns:
        ``vers`` (the nomenclature wanted), ``code`` (in the other one), ``mois, fin`` (months [mois, fin), ``fin`` null
        for the last), ``derive``.
        Ties: the last code in order. A code that no unit holds together with another is absent.
    """
    wanted, given = ("ape_propre", "ape_naf25") if toward == NAF_REV2 else ("ape_naf25", "ape_propre")
    both = [
        frame.where(F.col(wanted).isNotNull() & F.col(given).isNotNull()).select(
            F.col(key).alias("unit"),
            F.col(given).alias("code"),
            F.col(wanted).alias("derive"),
            F.greatest(known_month(F.col("known_on"), cutoff_day), F.lit(_FIRST_MONTH)).alias("mois"),
        )
        for frame, key in registers
    ]
    firsts = [frame.groupBy("unit", "code", "derive").agg(F.min("mois").alias("mois")) for frame in both]
    counted = reduce(DataFrame.unionByName, firsts).groupBy("code", "derive", "mois").agg(F.count("*").alias("n"))
    of_pair = Window.partitionBy("code", "derive").orderBy("mois").rowsBetween(Window.unboundedPreceding, 0)
    # Counts only grow, so the running maximum is that of the most frequent code.
    of_code = Window.partitionBy("code").orderBy("mois").rangeBetween(Window.unboundedPreceding, 0)
    in_order = Window.partitionBy("code").orderBy("mois")
    best = counted.withColumn("n", F.sum("n").over(of_pair)).withColumn(
        "_best", F.max(F.struct("n", "derive")).over(of_code)
    )
    changes = (
        best.select("code", "mois", F.col("_best.derive").alias("derive"))
        .distinct()
        .withColumn("_before", F.lag("derive").over(in_order))
        .where(~F.col("derive").eqNullSafe(F.col("_before")))
    )
    return changes.select(
        F.lit(toward).alias("vers"), "code", "mois", F.lead("mois").over(in_order).alias("fin"), "derive"
    )
