"""The activity of a row of a panel, in both nomenclatures. Pure and lazy.

For the choice of the code, and its replacement where a unit has none, see :mod:`sf_spark.domain.naf_bridge`.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_index
from sf_spark.domain.naf import CODE_COLUMN, NAF_2025, NAF_REV2, division, section_letter

ACTIVITY = ("ape", "ape_naf25", "ape_est_derive", "division", "section", "nomenclature")


def with_activity(rows: DataFrame, codes: DataFrame | None, nomenclature: str) -> DataFrame:
    """Complete the activity of panel rows.

    Args:
        rows: ``periode, ape_propre, ape_naf25`` and, for establishments, ``ape_historique``.
        codes: See :func:`sf_spark.domain.naf_bridge.bridge`: toward NAF rev. 2, and toward NAF 2025 where that is the
            nomenclature of analysis.
            None: no unit is known under both codes.
        nomenclature: The nomenclature of analysis.

    Returns:
        The rows with ``ape`` (NAF rev. 2), ``ape_naf25`` (as delivered; completed where it is the one of analysis) and
        ``ape_est_derive`` (whether the code of analysis was derived; null without one), in place of ``ape_propre`` and
        ``ape_historique``. See :func:`activity_columns`.
    """
    others = [name for name in rows.columns if name not in (*ACTIVITY, "ape_propre", "ape_historique")]
    former = [F.col(name) for name in ("ape_historique",) if name in rows.columns]
    own = F.coalesce("ape_propre", *(F.when(F.col("ape_naf25").isNotNull(), name) for name in former))
    delivered, rev2, naf25 = F.col("ape_naf25"), own, F.col("ape_naf25")
    known = rows
    if codes is not None:
        known = _derived(known, codes, NAF_REV2, "ape_naf25", "_derive_rev2")
        rev2 = F.coalesce(own, "_derive_rev2")
    if codes is not None and nomenclature == NAF_2025:
        known = _derived(known, codes, NAF_2025, "ape_propre", "_derive_naf25")
        naf25 = F.coalesce(delivered, "_derive_naf25")
    code, given = (naf25, delivered) if nomenclature == NAF_2025 else (rev2, own)
    derived = F.when(code.isNotNull(), given.isNull())
    return known.select(*others, rev2.alias("ape"), naf25.alias("ape_naf25"), derived.alias("ape_est_derive"))


def activity_columns(nomenclature: str) -> list[Column]:
    """The columns of :data:`ACTIVITY`, from rows with the codes: these, and division and section of analysis."""
    code = F.col(CODE_COLUMN[nomenclature])
    return [
        *(F.col(name) for name in ("ape", "ape_naf25", "ape_est_derive")),
        division(code).alias("division"),
        section_letter(code, nomenclature).alias("section"),
        F.lit(nomenclature).alias("nomenclature"),
    ]


def _derived(rows: DataFrame, codes: DataFrame, toward: str, given: str, name: str) -> DataFrame:
    """Add the derived code to the rows, as a column of this name."""
    month = month_index(F.col("periode"))
    debut, fin = f"{name}_debut", f"{name}_fin"
    inside = (month >= F.col(debut)) & (F.col(fin).isNull() | (month < F.col(fin)))
    renamed = codes.where(F.col("vers") == toward).select(
        F.col("code").alias(f"{name}_code"),
        *(F.col("mois").alias(debut), F.col("fin").alias(fin)),
        F.col("derive").alias(name),
    )
    # A few thousand rows for any register: broadcast.
    return rows.join(F.broadcast(renamed), on=(F.col(given) == F.col(f"{name}_code")) & inside, how="left")
