"""Actions and opinions of agents: follow-ups, opinions, lists chosen by hand."""

import random

from tests.fuzz import readers as r
from tests.fuzz.layouts import cells as c
from tests.fuzz.layouts.layout import BEFORE_ALL, REJECTED, Fuzzed, Outcome, Rule, cell, one_fact, words

_STATES = ("en cours", "sous surveillance", "terminé")
_LEVELS = ("rouge", "orange", "vert")
_ACTIONS = (
    *("Soutien financier public", "Échanges avec les créanciers", "Médiation avec les partenaires"),
    *("Appui à une politique d'emploi", "Prise en charge judiciaire", "Recherche et suivi de repreneur"),
    *("Repositionnements et restructurations", "Appui à l'installation et gestion immobilière"),
    *("Soutien à la croissance et filière", "Coaching, soutien psychologique"),
)
_RESULTS = (
    *("aide accordée", "plan d'apurement", "procédure amiable", "procédure collective", "cession ou reprise"),
    *("cessation d'activité", "refus de l'entreprise", "sans suite"),
)


def _one_of(known: tuple[str, ...], empty: bool = True) -> r.Reader:
    def read(text: str) -> str | None:
        if text == "" and empty:
            return None
        if text not in known:
            raise ValueError(text)
        return text

    return read


def _said(text: str) -> str:
    if text == "":
        raise ValueError(text)
    return text


def _actions(text: str) -> str | None:
    if text and not all(action in _ACTIONS for action in text.split("|")):
        raise ValueError(text)
    return text or None


def _useful(text: str) -> bool:
    return _one_of(("oui", "non"), empty=False)(text) == "oui"


def _note(g: random.Random) -> list[str]:
    what = [c.siret(g), c.day(g), "ddets_25", g.choice(_STATES), c.maybe(g, g.choice(_LEVELS))]
    done = "|".join(g.sample(_ACTIONS, g.randint(0, 3)))
    return [*what, done, c.maybe(g, "Difficultés de marché"), c.maybe(g, g.choice(_RESULTS)), "", c.maybe(g, "vu")]


SUIVI = (
    Fuzzed(
        *("suivi", "open", "suivi_{}.csv", ";", False),
        "siret;date;service;etat;niveau;actions;difficultes;resultat;agent;commentaire",
        _note,
        one_fact(
            "siret",
            cell("siret"),
            {
                "date": ("date", r.iso),
                "service": ("service", _said),
                "state": ("etat", _one_of(_STATES, empty=False)),
                "niveau": ("niveau", _one_of(_LEVELS)),
                "actions": ("actions", _actions),
                "resultat": ("resultat", _one_of(_RESULTS)),
                **{name: (name, r.text) for name in ("difficultes", "agent", "commentaire")},
            },
        ),
        lambda fact: fact["date"],
        words("siret date service etat"),
        mark=True,
        optional=words("niveau actions difficultes resultat agent commentaire"),
    ),
)


def _opinion(g: random.Random) -> list[str]:
    answer = g.choice(["oui;", "non;Déjà connue"]).split(";")
    return [c.siren(g), "detection-2026-03", c.day(g), "ddets_25", answer[0], "A. Roy", answer[1], c.maybe(g, "vu")]


def _with_reason(rule: Rule) -> Rule:
    """A negative opinion without a reason is rejected."""
    return lambda row: [Outcome(REJECTED)] if row["utile"] == "non" and not row["motifs"] else rule(row)


AVIS = (
    Fuzzed(
        *("avis", "open", "avis_{}.csv", ";", False),
        "siren;liste;date;service;utile;agent;motifs;commentaire",
        _opinion,
        _with_reason(
            one_fact(
                "siren",
                cell("siren"),
                {
                    "liste": ("liste", _said),
                    "date": ("date", r.iso),
                    "service": ("service", _said),
                    "utile": ("utile", _useful),
                    **{name: (name, r.text) for name in ("agent", "motifs", "commentaire")},
                },
            )
        ),
        lambda fact: fact["date"],
        words("siren liste date service utile"),
        mark=True,
        optional=words("agent motifs commentaire"),
    ),
)


LISTE_RETRAITEE = (
    Fuzzed(
        *("liste_retraitee", "open", "liste_retraitee_{}.csv", ";", False),
        "siren;liste",
        lambda g: [c.siren(g), "detection-2026-03"],
        one_fact("siren", cell("siren"), {"liste": ("liste", _said)}),
        lambda fact: BEFORE_ALL,
        words("siren liste"),
        mark=True,
    ),
)

LAYOUTS = (*SUIVI, *AVIS, *LISTE_RETRAITEE)
