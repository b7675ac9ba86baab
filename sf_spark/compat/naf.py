"""The activity's section, its shorter codes and the labels of each level of NAF rev. 2.

The codes and labels are those of :mod:`sf_spark.domain.naf`, word for word, with the blanks that end some labels.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.naf import labels_rev2

_LEVELS = {"libelle_ape2": 2, "libelle_ape3": 3, "libelle_ape4": 4, "libelle_ape5": 5}  # characters of the code


def add_naf(rows: DataFrame) -> DataFrame:
    """Add code_naf, libelle_naf, code_ape_niveau2/3/4, libelle_ape2/3/4/5 from code_ape; null for an unknown code."""
    named = nomenclature(rows)
    code = F.col("code_ape")
    known = rows.join(
        F.broadcast(named.select(F.col("code").alias("code_ape"), F.nullif("section", F.lit("")).alias("code_naf"))),
        on="code_ape",
        how="left",
    ).withColumn("_section", F.col("code_naf"))
    lookups = {
        "libelle_naf": F.col("_section"),
        **{name: F.left(code, F.lit(length)) for name, length in _LEVELS.items()},
    }
    for name, key in lookups.items():  # five broadcast joins with a table of 1728 rows
        labels = named.select(F.col("code").alias("_code"), F.col("libelle").alias(name))
        known = known.join(F.broadcast(labels), on=key == F.col("_code"), how="left").drop("_code")
    levels = [F.left(code, F.lit(length)).alias(f"code_ape_niveau{length}") for length in (2, 3, 4)]
    return known.select(*rows.columns, "code_naf", "libelle_naf", *levels, *_LEVELS)


def nomenclature(like: DataFrame) -> DataFrame:
    """``code, section, libelle`` of all levels, as a table inside the plan: no file is read.

    Args:
        like: Any DataFrame of the session.
    """
    lines = like.sparkSession.range(1).select(F.explode(F.split(F.lit(labels_rev2()), "\n")).alias("line"))
    row = F.from_csv("line", "code string, section string, libelle string", {"sep": ";"})
    return lines.select(row.alias("_row")).select("_row.*")
