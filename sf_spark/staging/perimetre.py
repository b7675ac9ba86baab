"""The perimeter: the companies for which partner files are taken in. Pure and lazy.

A company is inside when its headcount reached a threshold in one of the last published months, unless it is a public
body, a school, a bank or the like, or its head office is not in France.

    headcounts, threshold 10, window 3     inside
    10, 20, 4, 7, 5                        no: 20 is older than the window
    10, 9, 12, -, - (nobody published)     yes: months empty for everybody do not count
    10, 9, 5, -, -                         no
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_index

# Registers, and the files that define the perimeter: never filtered.
NEVER_FILTERED = (
    "filter",
    "comptes",
    "sirene",
    "sirene_ul",
    "sirene_histo",
    "contexte",
    "suivi",
    "avis",
    "liste_retraitee",
)


@dataclass(frozen=True)
class PerimeterRules:
    """Threshold and window of the headcount, and the exclusions."""

    effectif: int
    months: int
    categories_juridiques: Sequence[str] = ()
    activites: Sequence[str] = ()
    siege_en_france: bool = False


def large_enough(effectif_ent: DataFrame, rules: PerimeterRules) -> DataFrame:
    """The companies whose headcount reached the threshold in the last published months: distinct ``siren``.

    Args:
        effectif_ent: ``siren, periode, effectif`` as known.
        rules: ``effectif`` and ``months`` are read.
    """
    index = month_index(F.col("periode"))
    last = effectif_ent.where(F.col("effectif").isNotNull()).agg(F.max(index).alias("_last"))
    recent = effectif_ent.crossJoin(F.broadcast(last)).where(index > F.col("_last") - rules.months)
    return recent.where(F.col("effectif") >= rules.effectif).select("siren").distinct()


def excluded(sirene_ul: DataFrame, rules: PerimeterRules) -> DataFrame:
    """The companies excluded by their legal category or main activity: ``siren``."""
    by_category = F.col("categorie_juridique").isin(list(rules.categories_juridiques))
    by_activity = F.col("ape").isin(list(rules.activites))
    return sirene_ul.where(F.coalesce(by_category, F.lit(False)) | F.coalesce(by_activity, F.lit(False))).select(
        "siren"
    )


def seated_in_france(sirene: DataFrame) -> DataFrame:
    """The companies whose head office has a department: distinct ``siren``."""
    return sirene.where(F.col("siege") & F.col("departement").isNotNull()).select("siren").distinct()


def perimeter(
    effectif_ent: DataFrame, sirene_ul: DataFrame | None, sirene: DataFrame | None, rules: PerimeterRules
) -> DataFrame:
    """The companies inside: ``siren``. A register that was never delivered excludes nobody."""
    inside = large_enough(effectif_ent, rules)
    if sirene_ul is not None:
        inside = inside.join(excluded(sirene_ul, rules), on="siren", how="left_anti")
    if sirene is not None and rules.siege_en_france:
        inside = inside.join(seated_in_france(sirene), on="siren", how="left_semi")
    return inside
