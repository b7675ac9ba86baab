"""The content of the pages, from the rows of ``lists/detection`` and ``cards/entreprise``. Pure.

Rows are dictionaries of the columns that a clearance may see: a missing column is *hidden*, a null is *unknown*, and
the pages show the difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sf_spark.publication.lists import Stay

Row = Mapping[str, Any]

STATUSES = {
    "nouvelle": "Nouvelle",
    "maintenue": "Maintenue",
    "aggravee": "Aggravée",
    "attenuee": "Atténuée",
    "sortie": "Sortie",
}
# Shown instead of a value that the service has no right to see.
RIGHTS = {
    "scores": "les scores",
    "urssaf": "les cotisations et les dettes (URSSAF)",
    "activite_partielle": "l'activité partielle",
    "banque_de_france": "les comptes (Banque de France)",
}


@dataclass(frozen=True)
class Edition:
    """The list of a report, and its service.

    Attributes:
        name: Name of the edition, as in ``lists/detection``.
        periode: Its month.
        cutoff: The cut-off of its facts.
        horizon: Horizon of the model, in months.
        service: Service that receives the report.
        territory: Its territory, in French.
        rights: Rights of :data:`RIGHTS`.
        made_at: Time at which the report was written.
        previous: The edition that statuses compare with; None for the first.
        low, high: The cut-offs of both levels, in percent; None where they are hidden.
        months: Months of the lists that were published at this horizon, this one included.
        rules: Explanation of each expert rule, by its name.
        stay: Rules for entering and staying on the list; None: the help gives no figures.
    """

    name: str
    periode: date
    cutoff: date
    horizon: int
    service: str
    territory: str
    rights: frozenset[str]
    made_at: datetime
    previous: str | None = None
    low: float | None = None
    high: float | None = None
    months: tuple[date, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    stay: Stay | None = None

    def may_see(self, right: str) -> bool:
        """Whether the clearance holds a right."""
        return right in self.rights


@dataclass(frozen=True)
class Quality:
    """Information on the month's data and on past lists.

    Attributes:
        deliveries: Rows of the last batches: ``source, batch, file, read, accepted, rejected, skipped``.
        rejections: Reasons of rejected lines, most frequent first: ``source, reason, lines``.
        tables: Further tables of figures: title, explanation, headings, rows of texts.
    """

    deliveries: Sequence[Row] = ()
    rejections: Sequence[Row] = ()
    tables: Sequence["Figures"] = ()


@dataclass(frozen=True)
class Figures:
    """A table of figures for people."""

    title: str
    explanation: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    warnings: tuple[str, ...] = ()


def ended_proceedings(card: Row) -> list[Row]:
    """The liquidations and redressements of a card that ended without another proceeding behind them."""
    periods = card.get("procedures") or ()
    starts = {period["debut"] for period in periods}
    return [
        period
        for period in periods
        if period["procedure"] in ("liquidation", "redressement") and period["fin"] and period["fin"] not in starts
    ]


def history(card: Row, horizon: int, months: Iterable[date] = ()) -> list[dict[str, Any]]:
    """The entry of a company in each list of a horizon, newest first, from the last edition of each month.

    Args:
        card: Its ``alertes``; without levels, where the clearance hides them, there is no history.
        horizon: In months.
        months: Months of the lists that were published; in one without an alert it was not on the list (no ``statut``).
    """
    alerts = card.get("alertes") or ()
    if any("niveau" not in alert for alert in alerts):
        return []
    found: dict[date, dict[str, Any]] = {
        month: {"periode": month, "niveau": None, "statut": None, "rang": None, "raisons": []} for month in months
    }
    for alert in sorted(
        (each for each in alerts if each["horizon"] == horizon), key=lambda each: (len(each["list"]), each["list"])
    ):
        found[alert["periode"]] = dict(alert)
    return [found[periode] for periode in sorted(found, reverse=True)]
