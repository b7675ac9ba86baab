"""The pages of a report as text: list, cards, the month's data, help. Pure: the step writes the files.

    index.html               the list; its rows are a script, because a page in a folder may read no other file
    donnees/liste.js         these rows
    fiches/<siren>.html      a card: all of it is in the page; charts are drawn from its tables
    qualite.html, aide.html  the quality of the month's data; help
    ressources/              style, scripts, the chart library

The template engine escapes all delivered text; no page contains an inline script.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sf_spark.publication.list_columns import LEFT, LEVEL_LABELS
from sf_spark.publication.report import french, list_rows, model
from sf_spark.publication.report.accounts import accounts
from sf_spark.publication.report.model import Edition, Quality, Row
from sf_spark.publication.report.waterfall import steps

ASSETS = {
    "static": ("style.css", "liste.js", "fiche.js"),
    "vendor": ("d3.min.js", "plot.umd.min.js", "LICENCES.txt"),
}
# Series of a card: column, title, decimals, and the right that it needs.
_SERIES = (
    ("effectif", "Effectif", 0, None),
    ("cotisation", "Cotisation due (€)", 0, "urssaf"),
    ("montant_part_ouvriere", "Dette, part ouvrière (€)", 0, "urssaf"),
    ("montant_part_patronale", "Dette, part patronale (€)", 0, "urssaf"),
    ("apart_heures_autorisees", "Heures autorisées", 0, "activite_partielle"),
    ("apart_heures_consommees", "Heures consommées", 0, "activite_partielle"),
)
_CHARTS = (
    ("ligne", "Effectif", ("effectif",), "salariés", None),
    ("barres", "Cotisations dues à l'URSSAF, par mois", ("cotisation",), "€", "urssaf"),
    ("aires", "Dette envers l'URSSAF", ("montant_part_ouvriere", "montant_part_patronale"), "€", "urssaf"),
    (
        *("ligne", "Activité partielle", ("apart_heures_autorisees", "apart_heures_consommees"), "heures"),
        "activite_partielle",
    ),
)
_COLUMNS = (
    ("rang", "Rang", "nombre rang", "scores"),
    ("nom", "Entreprise", "nom", None),
    ("niveau", "Niveau", "niveau", "scores"),
    ("statut", "Statut", "statut", "scores"),
    ("score", "Score", "nombre", "scores"),
    ("departement", "Département", "departement", None),
    ("effectif", "Effectif", "nombre", None),
    ("dette", "Dette", "nombre", "urssaf"),
    ("motif", "Premier motif", "motif", "scores"),
)


def report_pages(
    edition: Edition, rows: Sequence[Row], cards: Iterable[Row], quality: Quality
) -> Iterator[tuple[str, bytes]]:
    """Every file of a report: its path in the folder, and its content.

    Args:
        edition: The list, the service and its rights.
        rows: Rows of the list, as they may be seen.
        cards: Cards of the same companies, as they may be seen; one after the other, so that thousands need no room.
        quality: Quality of the month's data.
    """
    engine = environment()
    of_list = {row["siren"]: row for row in rows}
    communes: dict[str, str] = {}
    for card in cards:
        communes[card["siren"]] = card.get("commune") or ""
        page = card_page(engine, edition, card, of_list.get(card["siren"]))
        yield f"fiches/{card['siren']}.html", page.encode()
    yield "donnees/liste.js", "".join(list_rows.list_data(edition, rows, communes)).encode()
    yield "qualite.html", quality_page(engine, edition, quality).encode()
    yield "aide.html", help_page(engine, edition).encode()
    yield from assets()
    yield "index.html", list_page(engine, edition, rows).encode()


def environment() -> Environment:
    """The template engine: escapes everything, and raises an error for an unknown name."""
    engine = Environment(
        loader=PackageLoader("sf_spark.publication.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    names = ("number", "decimal", "euros", "percent", "signed", "plural", "day", "month", "of_month", "moment", "siren")
    for name in names:
        engine.filters[name] = getattr(french, name)
    engine.globals |= {
        "levels": LEVEL_LABELS,
        "statuses": model.STATUSES,
        "rights": model.RIGHTS,
        "unknown": french.UNKNOWN,
        "department": list_rows.department,
    }
    return engine


def list_page(engine: Environment, edition: Edition, rows: Sequence[Row]) -> str:
    """The page of the list, with filters over the values of the rows."""
    alerts = [row for row in rows if row.get("status") != LEFT]
    by_status = Counter(row["status"] for row in rows if row.get("status"))
    high = sum(row.get("level") == "fort" for row in alerts) if edition.may_see("scores") else None
    counts = {"alerts": len(alerts), "high": high, "by_status": by_status}
    return engine.get_template("liste.html.j2").render(
        edition=edition,
        page="index.html",
        root="",
        counts=counts,
        status_choices=list(model.STATUSES.items()),
        committee=sum(bool(row.get("est_retraitee")) for row in alerts),
        departements=list_rows.choices(rows, list_rows.place_of),
        sections=list_rows.choices(rows, lambda row: row.get("section_libelle")),
        formes=list_rows.choices(rows, lambda row: row.get("forme_juridique")),
        procedures=list_rows.choices(rows, lambda row: row.get("procedure_libelle") or "In bonis"),
        columns=[column[:3] for column in _COLUMNS if column[3] is None or edition.may_see(column[3])],
    )


def card_page(engine: Environment, edition: Edition, card: Row, row: Row | None) -> str:
    """The page of a company.

    Args:
        engine: See :func:`environment`.
        edition: The list and the rights.
        card: Card of ``cards/entreprise``.
        row: Row of the list; None for a company that is not in this edition.
    """
    return engine.get_template("fiche.html.j2").render(
        edition=edition,
        page="",
        root="../",
        card=Shown(card),
        row=None if row is None else Shown(row),
        steps=steps(row) if row is not None and edition.may_see("scores") else [],
        rule=None if row is None else list_rows.rule_of(row, edition.rules),
        why_left="" if row is None else list_rows.why_left(row),
        ended=model.ended_proceedings(card),
        alerts=model.history(card, edition.horizon, edition.months) if edition.may_see("scores") else [],
        accounts=accounts(card) if edition.may_see("banque_de_france") else [],
        series=[each[:3] for each in _SERIES if each[3] is None or edition.may_see(each[3])],
        charts=[
            {"kind": kind, "title": title, "columns": columns, "unit": unit}
            for kind, title, columns, unit, right in _CHARTS
            if right is None or edition.may_see(right)
        ],
    )


def quality_page(engine: Environment, edition: Edition, quality: Quality) -> str:
    """The page of the month's data."""
    return engine.get_template("qualite.html.j2").render(edition=edition, page="qualite.html", root="", quality=quality)


def help_page(engine: Environment, edition: Edition) -> str:
    """The page that explains every term and figure of the others."""
    return engine.get_template("aide.html.j2").render(edition=edition, page="aide.html", root="")


def assets() -> Iterator[tuple[str, bytes]]:
    """Name and content of the files that all pages share."""
    for folder, names in ASSETS.items():
        for name in names:
            yield f"ressources/{name}", files(__package__).joinpath(folder, name).read_bytes()


class Shown(dict[str, Any]):
    """A row in a template: a hidden column is unknown, not an error."""

    def __missing__(self, name: str) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return self.get(name)
