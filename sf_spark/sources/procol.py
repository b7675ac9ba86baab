"""Collective proceedings: one line for a stage of a proceeding, listed for an establishment."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_ACTION = "liquidation|redressement|sauvegarde"


def action(label: Column) -> Column:
    """The first token that names a proceeding, as a whole: ``Solde_procedure_redressement`` gives redressement."""
    return F.get(F.filter(_tokens(label), lambda token: token.rlike(_ACTION)), F.lit(0))


def stage(label: Column) -> Column:
    """The other tokens, joined again: ``Solde_procedure_redressement`` gives solde_procedure. Null without action."""
    tokens = _tokens(label)
    rank = F.array_position(F.transform(tokens, lambda token: token.rlike(_ACTION)), F.lit(True))
    others = F.filter(tokens, lambda token, index: index + 1 != rank)
    return F.when(rank > 0, filled(F.array_join(others, "_")))


def clean(df: DataFrame) -> DataFrame:
    """Type the lines. A label that names no proceeding is accepted, with neither action nor stage."""
    effect = calendar.english_date(F.col("dt_effet"))
    label = F.lower(F.col("lib_actx_stdx"))
    return df.select(
        "_line",
        "_raw",
        F.col("siret"),
        effect.alias("date_effet"),
        action(label).alias("action_procol"),
        stage(label).alias("stade_procol"),
        problems(
            unreadable(F.col("dt_effet"), effect, "bad_date", "dt_effet", "a date JJMMMAAAA", required=True),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The date of effect."""
    return F.col("date_effet")


def _tokens(label: Column) -> Column:
    return F.split(label, "_")


SOURCE = Source(
    name="procol",
    description="collective proceedings by stage, URSSAF",
    file_pattern=r"sigfaible_pcoll\.csv",
    delimiter=";",
    layouts=(Layout("2018", ("siret", "dt_effet", "lib_actx_stdx")),),
    key_column="siret",
    natural_key=("siret", "date_effet", "action_procol", "stade_procol"),
    clean=clean,
    known_on=known_on,
)
