"""The activity of a row of a panel, in both nomenclatures. Pure and lazy.

Whose code it is, and what stands in where a unit has none: :mod:`sf_spark.domain.naf_bridge`.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_index
from sf_spark.domain.naf import CODE_COLUMN, NAF_2025, NAF_REV2, division, section_letter

ACTIVITY = ("ape", "ape_naf25", "ape_est_derive", "division", "section", "nomenclature")


def with_activity(rows: DataFrame, codes: DataFrame | None, nomenclature: str) -> DataFrame:
    """Complete the activity of panel rows.

    Args:
        rows: ``periode, ape_propre, ape_naf25`` and, of establishments, ``ape_historique``.
        codes: See :func:`sf_spark.domain.naf_bridge.bridge`: toward NAF rev. 2, and toward NAF 2025 where that is the
            nomenclature of analysis.
            None: no unit is known under both codes.
        nomenclature: That of analysis.

    Returns:
        The rows with ``ape`` (NAF rev. 2), ``ape_naf25`` (as delivered; completed where it is the one of analysis),
        ``ape_est_derive`` (whether the code of analysis was derived; null without one), ``division, section,
        nomenclature`` of analysis, in place of ``ape_propre`` and ``ape_historique``.
    """
    known = _derived(rows, codes, NAF_REV2, "ape_naf25", "_derive_rev2")
    former = [F.col(name) for name in ("ape_historique",) if name in rows.columns]
    own = F.coalesce("ape_propre", *(F.when(F.col("ape_naf25").isNotNull(), name) for name in former))
    activity = {"ape": F.coalesce(own, "_derive_rev2"), "_derive": own.isNull()}
    if nomenclature == NAF_2025:
        known = _derived(known, codes, NAF_2025, "ape_propre", "_derive_naf25")
        activity |= {"ape_naf25": F.coalesce("ape_naf25", "_derive_naf25"), "_derive": F.col("ape_naf25").isNull()}
    coded = known.withColumns(activity)
    code = F.col(CODE_COLUMN[nomenclature])
    dropped = [name for name in coded.columns if name.startswith("_derive")]
    return coded.withColumns(
        {
            "ape_est_derive": F.when(code.isNotNull(), F.col("_derive")),
            "division": division(code),
            "section": section_letter(code, nomenclature),
            "nomenclature": F.lit(nomenclature),
        }
    ).drop("ape_propre", "ape_historique", *dropped)


def _derived(rows: DataFrame, codes: DataFrame | None, toward: str, given: str, name: str) -> DataFrame:
    if codes is None:
        return rows.withColumn(name, F.lit(None).cast("string"))
    month = month_index(F.col("periode"))
    inside = (month >= F.col("_debut")) & (F.col("_fin").isNull() | (month < F.col("_fin")))
    renamed = codes.where(F.col("vers") == toward).select(
        F.col("code").alias("_code"),
        F.col("mois").alias("_debut"),
        F.col("fin").alias("_fin"),
        F.col("derive").alias(name),
    )
    # A few thousand rows, whatever the register: sent to every task.
    joined = rows.join(F.broadcast(renamed), on=(F.col(given) == F.col("_code")) & inside, how="left")
    return joined.drop("_code", "_debut", "_fin")
