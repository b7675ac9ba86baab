"""Headcount of establishments: a line for a SIRET and an account, a column for a month."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.columns import filled
from sf_spark.sources import headcount
from sf_spark.sources.checks import problems
from sf_spark.sources.source import Layout, Source


def clean(df: DataFrame) -> DataFrame:
    """Type the lines; ``_tuples`` holds one (periode, effectif) a cell, null where it is not readable."""
    return headcount.look_at_cells(df).select(
        "_line",
        "_raw",
        F.col("siret"),
        filled(F.col("compte")).alias("numero_compte"),
        headcount.readable_cells().alias("_tuples"),
        problems(headcount.unreadable_cell()).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


SOURCE = Source(
    name="effectif",
    description="headcount of establishments by month, URSSAF",
    file_pattern=r"(?!.*effectif_siren).*effectif_.*\.csv",
    delimiter=";",
    layouts=(Layout("2018", ("siret", "compte")),),
    wide="eff",
    key_column="siret",
    natural_key=("siret", "numero_compte", "periode"),
    clean=clean,
    known_on=headcount.known_on,
    emits_rejected=True,
)
