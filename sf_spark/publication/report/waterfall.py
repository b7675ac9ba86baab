"""The waterfall of an alert: how the themes lead from an average company to the score. Pure.

Figures are rounded as readers see them, so that they add up on paper: a bar is the difference of two displayed totals.

    points       base 2.04   dette 5.04   effectif 0.04   age 0.03   score 7.15
    totals       2.0         7.1                                     7.2
    displayed    2.0         +5.1         Autres +0.1                7.2
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sf_spark.publication.report.model import Row

THEMES = {
    "dette_urssaf": "Dettes sociales",
    "sante_financiere": "Santé financière",
    "paiement_fournisseurs": "Paiement des fournisseurs",
    "activite_partielle": "Activité partielle",
    "effectif": "Effectif",
    "demographie": "Âge et établissements",
    "secteur": "Secteur d'activité",
}
BASE, OTHERS, HIDDEN = "Entreprise moyenne", "Autres", "Thèmes non visibles"
_DECIMALS = 1  # as displayed
_ERROR = 1e-9  # of additions


@dataclass(frozen=True)
class Step:
    """A bar of the waterfall: a theme, and where it starts and ends, in points of score."""

    label: str
    points: float
    start: float
    end: float


def steps(row: Row) -> list[Step]:
    """The bars: from 0 to an average company, then the themes in descending order.

    Returns:
        Rounded, the last one ends at the score. Themes that round to nothing make one bar, hidden themes another one;
        a bar that moves no displayed total is left out. Empty if the score is hidden or unknown.
    """
    points, base, score = (row.get(name) for name in ("points", "points_base", "score"))
    if points is None or base is None or score is None:
        return []
    themes = sorted(_pairs(points), key=lambda pair: (-pair[1], pair[0]))
    parts = [(BASE, base), *((THEMES.get(theme, theme), value) for theme, value in themes if _shown(value))]
    parts.append((OTHERS, sum(value for _, value in themes if not _shown(value))))
    parts.append((HIDDEN, score - sum(value for _, value in parts)))
    found: list[Step] = []
    level = start = 0.0
    for label, value in parts:
        level += value
        if abs(level - score) < _ERROR:  # or it could round to the other side of a half
            level = score
        end = round(level, _DECIMALS)
        if end != start or label == BASE:
            found.append(Step(label, round(end - start, _DECIMALS), start, end))
        start = end
    return found


def _shown(value: float) -> bool:
    return round(value, _DECIMALS) != 0


def _pairs(points: Any) -> list[tuple[str, float]]:
    """A map as returned by Spark or by Arrow."""
    return list(points.items()) if isinstance(points, Mapping) else [tuple(pair) for pair in points]
