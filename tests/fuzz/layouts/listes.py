"""Lists of companies: the given perimeter, judgments, flags of context."""

import random
import re
from datetime import date

from tests.fuzz import readers as r
from tests.fuzz.layouts import cells as c
from tests.fuzz.layouts.layout import (
    ACCEPTED,
    BEFORE_ALL,
    REJECTED,
    Fact,
    Fuzzed,
    Outcome,
    Row,
    cell,
    identity,
    one_fact,
    words,
)


# filter
def _inside(row: Row) -> list[Outcome]:
    siren = row["siren"]
    good = re.fullmatch("[0-9]{9}", siren) is not None
    return [Outcome(ACCEPTED, (identity(siren, "siren"),)) if good else Outcome(REJECTED, fatal=True)]


def _never(fact: Fact) -> date:
    return BEFORE_ALL


FILTER = (
    Fuzzed(
        *("filter", "given", "filter_siren_{}.csv", ";", True),
        "siren",
        lambda g: [c.siren(g)],
        _inside,
        _never,
        words("siren"),
        whole=True,
    ),
    Fuzzed(
        *("filter", "without header", "filter_{}.csv", ";", True),
        "012345678",
        lambda g: [c.siren(g)],
        _inside,
        _never,
        frozenset(),
        positional=("siren",),
        first_record="[0-9]{9}(;.*)?",
        whole=True,
    ),
)


# procedures
def _named(row: Row, fact: Fact) -> Fact:
    match = re.search("liquidation|redressement|sauvegarde", row["nature"], re.IGNORECASE)
    return {"action_procol": match[0].lower() if match else None}


_NATURES = (
    *("Jugement d'ouverture de liquidation judiciaire", "Jugement d'ouverture d'une procédure de SAUVEGARDE"),
    *("Plan de redressement", "Jugement modifiant le plan"),
)
PROCEDURES = (
    Fuzzed(
        *("procedures", "open", "bodacc_procedures.csv", ";", False),
        "siren;date_jugement;nature",
        lambda g: [c.siren(g), c.day(g), g.choice(_NATURES)],
        one_fact(
            "siren", cell("siren"), {"date_jugement": ("date_jugement", r.iso), "nature": ("nature", r.filled)}, _named
        ),
        lambda fact: fact["date_jugement"],
        words("siren date_jugement nature"),
        mark=True,
    ),
)

# contexte
_CODES = {
    "siren": "[0-9]{9}",
    "siret": "[0-9]{14}",
    "commune": "[0-9][0-9A-B][0-9]{3}",
    "naf": r"[0-9]{2}(\.[0-9]{1,2}[A-Z]?)?",
}


def _flag(row: Row) -> list[Outcome]:
    try:
        days = {f"date_{name}": r.optional(r.iso)(row[name]) for name in ("debut", "fin")}
    except ValueError:
        return [Outcome(REJECTED)]
    kind, flag = row["type"], row["drapeau"]
    if kind not in _CODES or not re.fullmatch(_CODES[kind], row["code"]) or not re.fullmatch("[a-z0-9_]+", flag):
        return [Outcome(REJECTED)]
    return [Outcome(ACCEPTED, ({"type": kind, "code": row["code"], "drapeau": flag, **days},))]


def _flagged(g: random.Random) -> list[str]:
    what = g.choice(
        [
            ["naf", "55.10Z", "secteur_restreint"],
            ["siret", c.siret(g), "france_relance"],
            ["siren", c.siren(g), "france_relance"],
            ["commune", "2A004", "territoire_industrie"],
            ["naf", "55", "secteur_restreint"],
        ]
    )
    return [*what, c.maybe(g, c.day(g)), c.maybe(g, c.day(g))]


CONTEXTE = (
    Fuzzed(
        *("contexte", "open", "contexte_{}.csv", ";", False),
        "type;code;drapeau;debut;fin",
        _flagged,
        _flag,
        lambda fact: fact["date_debut"] or BEFORE_ALL,
        words("type code drapeau"),
        mark=True,
        optional=words("debut fin"),
    ),
)

LAYOUTS = (*FILTER, *PROCEDURES, *CONTEXTE)
