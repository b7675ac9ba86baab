"""The rows of the list page, the values of its filters, and what is said of a row. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sf_spark.domain.territories import department_names
from sf_spark.publication.list_columns import LEFT
from sf_spark.publication.list_columns import LEVELS as ON_LIST
from sf_spark.publication.report.model import STATUSES, Edition, Row

# The fields of each company on the list page, in this order; short names, since there are thousands of rows.
FIELDS = (
    *("siren", "nom", "departement", "section", "forme", "effectif", "dette", "procedure", "niveau", "statut"),
    *("premiere", "mois", "score", "recente", "delai", "motif", "rang", "retenue"),
    *("regle", "dessous", "depart", "commune"),
)
_NOT_SCORED = -1  # beside the ranks of the levels


def list_data(edition: Edition, rows: Sequence[Row], communes: Mapping[str, str]) -> Iterator[str]:
    """The rows of the list page in order of rank, as pieces of a script; the commune is that of the head office."""
    content = {
        "champs": FIELDS,
        "niveaux": ["Sous le seuil", "Modérée", "Élevée"],
        "statuts": STATUSES,
        "regles": dict(edition.rules) if edition.may_see("scores") else {},
        "departements": {code: department(code) for code in sorted({place_of(row) for row in rows} - {""})},
        "scores": edition.may_see("scores"),
        "dettes": edition.may_see("urssaf"),
    }
    yield f'window.LISTE = {_json(content)[:-1]},\n"lignes":[\n'
    between = ""
    for row in sorted(rows, key=lambda row: (row.get("rank") is None, row.get("rank") or 0, row["siren"])):
        yield f"{between}{_json(line_of(row, edition.cutoff, communes.get(row['siren'])))}"
        between = ",\n"
    yield "\n]};\n"


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
        {"fort": 2, "modere": 1, "aucun": 0}.get(row.get("level") or "", _NOT_SCORED),
        status,
        int(status != LEFT and row.get("first_alert") == row["periode"]),
        row.get("months_on_list"),
        _rounded(row.get("score"), 1),
        int(bool(row.get("est_recente"))),
        int(due is not None and due > cutoff),
        row.get("reason_1") or "",
        row.get("rank"),
        int(bool(row.get("est_retraitee"))),
        moved_by(row),
        row.get("months_below") or 0,
        why_left(row),
        commune or "",
    ]


def moved_by(row: Row) -> str | None:
    """The expert rule that moved a level: its name, '' for one that the service may not see, None without one."""
    if "adjustment" in row:
        return row["adjustment"] or None
    level, of_model = row.get("level"), row.get("level_model")
    return "" if level and of_model and level != of_model and not row.get("months_below") else None


def rule_of(row: Row, rules: Mapping[str, str]) -> str | None:
    """What this rule says; the name of one that is no longer configured."""
    name = moved_by(row)
    return None if name is None else rules.get(name, name)


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


def department(code: str) -> str:
    """``2A – Corse-du-Sud``; the code alone for one that has no name."""
    name = department_names().get(code)
    return f"{code} – {name}" if name else code


def place_of(row: Row) -> str:
    """The present department of a company; '' if unknown."""
    return row.get("departement_actuel") or row.get("departement") or ""


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


def _json(value: Any) -> str:
    """JSON inside a script, escaped so that it cannot end the script, nor a line as read by old engines."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
