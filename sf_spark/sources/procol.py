"""Collective proceedings: one line for a stage of a proceeding, listed for an establishment."""

import re

import polars as pl

from sf_spark.domain import stages
from sf_spark.landing import dates
from sf_spark.landing.distinct import on_distinct
from sf_spark.landing.rules import Rules, unreadable
from sf_spark.landing.source import Layout, Source

_ACTION = re.compile("|".join(stages.ACTIONS))
_PROCEEDING = pl.Struct({"action": pl.String, "stade": pl.String})


def proceeding(label: pl.Expr) -> pl.Expr:
    """Parse a label into a struct: its first token that names a proceeding, and the other tokens, joined.

    ``Solde_procedure_redressement`` gives redressement and solde_procedure. Both are null where no token names one;
    the stage is null where there is no other token.
    """

    def read(labels: pl.Series) -> pl.Series:
        rows = [_action_and_stage(text) for text in labels.str.to_lowercase().to_list()]
        return pl.DataFrame(rows, schema=_PROCEEDING.to_schema(), orient="row").to_struct()

    return on_distinct(label, read, _PROCEEDING)


def clean() -> Rules:
    """Type the lines. A label that names no proceeding is accepted, with neither action nor stage.

    An unknown stage may be damaged: its line ends nothing.
    """
    effect, act = pl.col("_dt_effet"), pl.col("_lib_actx_stdx")
    return Rules(
        columns={
            "siret": pl.col("siret"),
            "date_effet": effect,
            "action_procol": act.struct.field("action"),
            "stade_procol": act.struct.field("stade"),
        },
        checks=(unreadable("dt_effet", effect, "bad_date", "a date JJMMMAAAA", required=True),),
        read={
            "_dt_effet": dates.english_date(pl.col("dt_effet")),
            "_lib_actx_stdx": proceeding(pl.col("lib_actx_stdx")),
        },
        doubtful=act.struct.field("action").is_null() | ~_is_known(act.struct.field("stade")),
    )


def _is_known(stage: pl.Expr) -> pl.Expr:
    code = stage.str.strip_chars().fill_null("")
    return code.is_in(["", *stages.KNOWN]) | code.str.starts_with("cloture")


def known_on() -> pl.Expr:
    """The date of effect."""
    return pl.col("date_effet")


def _action_and_stage(label: str) -> tuple[str | None, str | None]:
    tokens = label.split("_")
    action = next((token for token in tokens if _ACTION.search(token)), None)
    if action is None:
        return None, None
    tokens.remove(action)
    return action, "_".join(tokens) or None


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
