"""Lists that flag companies: helped by an aid scheme, in the area of a programme, in a restricted sector.

One line for a flag on a SIREN, a SIRET, a commune or an activity, from a day to a day.
"""

from functools import reduce
from operator import or_

import polars as pl

from sf_spark.landing import dates, register
from sf_spark.landing.rules import Check, Rules, unreadable
from sf_spark.landing.source import Layout, Source

# Form of the codes of each type: an activity may be a division (55), a group (55.1) or a full code (55.10Z).
_CODES = {
    "siren": r"^[0-9]{9}\z",
    "siret": r"^[0-9]{14}\z",
    "commune": r"^[0-9][0-9A-B][0-9]{3}\z",
    "naf": r"^[0-9]{2}(\.[0-9]{1,2}[A-Z]?)?\z",
}


def clean() -> Rules:
    """Type the lines: without a first day the flag has always held, without a last day it still holds."""
    kind, code = pl.col("type"), pl.col("code")
    known = kind.is_in(list(_CODES))
    fits = reduce(or_, ((kind == name) & code.str.contains(pattern) for name, pattern in _CODES.items()))
    days = {name: pl.col(f"_{name}") for name in ("debut", "fin")}
    return Rules(
        columns={
            "type": kind,
            "code": code,
            "drapeau": pl.col("drapeau"),
            **{f"date_{name}": day for name, day in days.items()},
        },
        checks=(
            Check(~known, "bad_code", "type", kind, f"one of {', '.join(_CODES)}"),
            Check(known & ~fits, "bad_code", "code", code, "a code of its type"),
            *(unreadable(name, day, "bad_date", "a date AAAA-MM-JJ") for name, day in days.items()),
        ),
        read={f"_{name}": dates.iso_date(pl.col(name)) for name in days},
    )


def known_on() -> pl.Expr:
    """The first day of the flag; the 1st of January 1900 without one."""
    return register.since(pl.col("date_debut"))


SOURCE = Source(
    name="contexte",
    description="lists that flag companies, places or activities",
    file_pattern=r"contexte_.*\.csv",
    delimiter=";",
    layouts=(Layout("open", ("type", "code", "drapeau"), optional=("debut", "fin"), byte_order_mark=True),),
    key_column="drapeau",
    key_pattern=r"^[a-z0-9_]+\z",
    natural_key=("type", "code", "drapeau", "date_debut"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
