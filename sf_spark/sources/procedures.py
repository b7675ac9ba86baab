"""Open judgments in collective proceedings (BODACC): one line for a judgment on a company."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problem, problems, unreadable
from sf_spark.sources.source import Layout, Source

_ACTION = r"(?i)(liquidation|redressement|sauvegarde)"


def clean(df: DataFrame) -> DataFrame:
    """Type the lines; ``action_procol`` is the proceeding that the judgment names, null when it names none."""
    judged = calendar.iso_date(F.col("date_jugement"))
    return df.select(
        "_line",
        "_raw",
        F.col("siren"),
        judged.alias("date_jugement"),
        filled(F.col("nature")).alias("nature"),
        filled(F.lower(F.regexp_extract(F.col("nature"), _ACTION, 1))).alias("action_procol"),
        problems(
            unreadable(F.col("date_jugement"), judged, "bad_date", "date_jugement", "a date AAAA-MM-JJ", required=True),
            problem(F.col("nature") == "", "empty", "nature", F.col("nature"), "the nature of a judgment"),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The day of the judgment."""
    return F.col("date_jugement")


SOURCE = Source(
    name="procedures",
    description="judgments in collective proceedings, BODACC",
    file_pattern=r"bodacc_procedures\.csv",
    delimiter=";",
    layouts=(Layout("open", ("siren", "date_jugement", "nature"), byte_order_mark=True),),
    key_column="siren",
    natural_key=("siren", "date_jugement", "nature"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
