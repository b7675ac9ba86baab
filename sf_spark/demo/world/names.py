"""Names made of syllables: plausible but invented French companies, owners and streets."""

from collections.abc import Sequence

import numpy as np

_STARTS = (
    "Bré", "Val", "Lor", "Tan", "Quin", "Ber", "Chê", "Rou", "Vil", "Gué", "Mar", "Sau", "Fon", "Pré", "Cor",
    "Mon", "Lan", "Ar", "Dau", "Fé", "Hau", "Jar", "Ker", "Mé", "Nau", "Pla", "Rié", "Tré", "Vau", "Yv",
)  # fmt: skip
_MIDDLES = ("", "", "la", "bo", "ri", "ga", "né", "do", "ti", "lu")
_ENDS = (
    "mont", "lac", "rière", "zac", "ville", "dès", "vois", "lette", "seau", "gnol", "dier", "court", "nière", "rault",
    "mel", "bert", "sac", "guen", "lan", "çon",
)  # fmt: skip
_KINDS = (
    "Ateliers", "Établissements", "Société", "Groupe", "Entreprise", "Maison", "Compagnie", "Transports", "Menuiserie",
    "Boulangerie", "Mécanique", "Bâtiments", "Électricité", "Réseaux", "Conseil", "Hôtel", "Générale", "Énergies",
)  # fmt: skip
_TAILS = ("", "", "", "", " et Fils", " Services", " Développement", " Île-de-France", " Océan", " & Cie")
_FIRST_NAMES = (
    "ANNE", "BENOÎT", "CÉCILE", "DENIS", "ÉLODIE", "FRANÇOIS", "GAËLLE", "HÉLÈNE", "IRÈNE", "JÉRÔME", "KARIM", "LÉA",
    "MICKAËL", "NOÉMIE", "OLIVIER", "PAUL", "RACHID", "SÉVERINE", "THÉO", "YANN",
)  # fmt: skip
_STREETS = (
    "DE LA GARE", "DES ACACIAS", "DU MOULIN", "DE L'EGLISE", "DES ARTISANS", "DU GENERAL FOY", "VICTOR HUGO",
    "DE L'INDUSTRIE", "DES LILAS", "DU PORT", "DE LA REPUBLIQUE", "JEAN JAURES", "DES QUATRE VENTS", "PASTEUR",
)  # fmt: skip
STREET_TYPES = ("RUE", "AV", "BD", "PL", "CHE", "IMP", "RTE", "ALL", "QUAI", "SQ")


def _draw(rng: np.random.Generator, words: Sequence[str], size: int) -> list[str]:
    return [words[rank] for rank in rng.integers(0, len(words), size=size).tolist()]


def surnames(rng: np.random.Generator, size: int) -> list[str]:
    """Return made-up family names."""
    parts = zip(_draw(rng, _STARTS, size), _draw(rng, _MIDDLES, size), _draw(rng, _ENDS, size), strict=True)
    return ["".join(part) for part in parts]


def company_names(rng: np.random.Generator, size: int) -> list[str]:
    """Return company names, accents included."""
    parts = zip(_draw(rng, _KINDS, size), surnames(rng, size), _draw(rng, _TAILS, size), strict=True)
    return [f"{kind} {name}{tail}".upper() for kind, name, tail in parts]


def first_names(rng: np.random.Generator, size: int) -> list[str]:
    """Return first names of owners."""
    return _draw(rng, _FIRST_NAMES, size)


def streets(rng: np.random.Generator, size: int) -> list[str]:
    """Return street names without their type."""
    return _draw(rng, _STREETS, size)


def street_types(rng: np.random.Generator, size: int) -> list[str]:
    """Return the codes that Sirene uses for types of streets."""
    return _draw(rng, STREET_TYPES, size)
