"""Follow-ups by the services: one line for the note of a service on an establishment on a day."""

import polars as pl

from sf_spark.domain import follow_up
from sf_spark.landing import dates
from sf_spark.landing.rules import Check, Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

_REQUIRED = ("siret", "date", "service", "etat")
_OPTIONAL = ("niveau", "actions", "difficultes", "resultat", "agent", "commentaire")
_CLOSED = {"niveau": follow_up.LEVELS, "resultat": follow_up.RESULTS}


def clean() -> Rules:
    """Type the lines: terms of the services' own lists; several actions or difficulties are separated by ``|``."""
    day, state, actions = pl.col("_date"), pl.col("etat"), pl.col("actions")
    known = actions.str.split(follow_up.SEVERAL).list.eval(pl.element().is_in(list(follow_up.ACTIONS))).list.all()
    return Rules(
        columns={
            "siret": pl.col("siret"),
            "date": day,
            "service": filled(pl.col("service")),
            "state": state,
            **{name: filled(pl.col(name)) for name in _OPTIONAL},
        },
        checks=(
            unreadable("date", day, "bad_date", "a date AAAA-MM-JJ", required=True),
            Check(pl.col("service") == "", "empty", "service", pl.col("service"), "the name of a service"),
            Check(~state.is_in(follow_up.STATES), "bad_code", "etat", state, _one_of(follow_up.STATES)),
            *(
                Check((pl.col(name) != "") & ~pl.col(name).is_in(words), "bad_code", name, pl.col(name), _one_of(words))
                for name, words in _CLOSED.items()
            ),
            Check((actions != "") & ~known, "bad_code", "actions", actions, "actions of the list, separated by |"),
        ),
        read={"_date": dates.iso_date(pl.col("date"))},
    )


def known_on() -> pl.Expr:
    """The day of the note."""
    return pl.col("date")


def _one_of(words: tuple[str, ...]) -> str:
    return f"one of {', '.join(words)}"


SOURCE = Source(
    name="suivi",
    description="follow-ups by the services",
    file_pattern=r"suivi_.*\.csv",
    delimiter=";",
    layouts=(Layout("open", _REQUIRED, _OPTIONAL, byte_order_mark=True),),
    key_column="siret",
    natural_key=("siret", "date", "service"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
