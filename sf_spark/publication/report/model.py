"""The content of the pages, from the rows of ``lists/detection`` and ``cards/entreprise``. Pure.

Rows are dictionaries of the columns that a clearance may see: a missing column is *hidden*, a null is *unknown*, and
the pages show the difference.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sf_spark.publication.list_columns import LEFT
from sf_spark.publication.list_columns import LEVELS as ON_LIST
from sf_spark.publication.lists import Stay

Row = Mapping[str, Any]

LEVELS = {"fort": "Alerte élevée", "modere": "Alerte modérée", "aucun": "Pas d'alerte"}
STATUSES = {
    "nouvelle": "Nouvelle",
    "maintenue": "Maintenue",
    "aggravee": "Aggravée",
    "attenuee": "Atténuée",
    "sortie": "Sortie",
}
NOT_SCORED = -1  # beside the ranks of the levels
# Shown instead of a value that the service has no right to see.
RIGHTS = {
    "scores": "les scores",
    "urssaf": "les cotisations et les dettes (URSSAF)",
    "activite_partielle": "l'activité partielle",
    "banque_de_france": "les comptes (Banque de France)",
}
# The fields of each company on the list page, in this order; short names, since there are thousands of rows.
FIELDS = (
    *("siren", "nom", "departement", "section", "forme", "effectif", "dette", "procedure", "niveau", "statut"),
    *("premiere", "mois", "score", "recente", "delai", "motif", "rang", "retenue"),
    *("regle", "dessous", "depart", "commune"),
)


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


def line_of(row: Row, cutoff: date, commune: str | None = None) -> list[Any]:
    """A row of the list page: the values of :data:`FIELDS`."""
    due, status = row.get("delai_echeance"), row.get("status") or ""
    return [
        row["siren"],
        row.get("raison_sociale") or "",
        place_of(row),
        row.get("section_libelle") or "",
        row.get("forme_juridique") or "",
        row.get("effectif"),
        _rounded(row.get("dette_sociale")),
        row.get("procedure_libelle") or "In bonis",
        {"fort": 2, "modere": 1, "aucun": 0}.get(row.get("level") or "", NOT_SCORED),
        status,
        int(status != LEFT and row.get("first_alert") == row["periode"]),
        row.get("months_on_list"),
        _rounded(row.get("score"), 1),
        int(bool(row.get("est_recente"))),
        int(due is not None and due > cutoff),
        row.get("reason_1") or "",
        row.get("rank"),
        int(bool(row.get("est_retraitee"))),
        row.get("adjustment") or "",
        row.get("months_below") or 0,
        why_left(row),
        commune or "",
    ]


def rule_of(row: Row, rules: Mapping[str, str]) -> str | None:
    """What the expert rule says that moved a level: its name where it is no longer configured; None without one."""
    name = row.get("adjustment")
    return rules.get(name, name) if name else None


def why_left(row: Row) -> str:
    """Why a company has left the list; '' while it is on it.

    A company in proceedings is no longer scored. One that still has a level was not below the cut-off: the list has a
    greatest length.
    """
    if row.get("status") != LEFT:
        return ""
    if row.get("score") is None:
        return "Procédure ouverte" if row.get("procedure") else "Non évaluée ce mois-ci"
    if row.get("level") in ON_LIST:
        return "Au-delà de la longueur de la liste"
    return "Niveau abaissé par une règle" if row.get("level_model") in ON_LIST else "Sous le seuil"


def ended_proceedings(card: Row) -> list[Row]:
    """The liquidations and redressements of a card that ended without another proceeding behind them."""
    periods = card.get("procedures") or ()
    starts = {period["debut"] for period in periods}
    return [
        period
        for period in periods
        if period["procedure"] in ("liquidation", "redressement") and period["fin"] and period["fin"] not in starts
    ]


def place_of(row: Row) -> str:
    """The present department of a company; '' if unknown."""
    return row.get("departement_actuel") or row.get("departement") or ""


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


def choices(rows: Iterable[Row], value_of: Callable[[Row], str | None]) -> list[tuple[str, int]]:
    """The values of a filter, in French alphabetical order, with the companies that the page shows at first.

    Those that left the list are hidden then: a value that only they have counts 0.
    """
    counts: dict[str, int] = {}
    for row in rows:
        if value := value_of(row):
            counts[value] = counts.get(value, 0) + (row.get("status") != LEFT)
    return sorted(counts.items(), key=lambda pair: _sortable(pair[0]))


def _rounded(value: float | None, decimals: int = 0) -> float | int | None:
    if value is None:
        return None
    return round(value, decimals) if decimals else round(value)


def _sortable(text: str) -> str:
    return text.casefold().translate(str.maketrans("éèêëàâîïôöùûüç", "eeeeaaiioouuuc"))
