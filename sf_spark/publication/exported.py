"""An export of a list: the rows of a service with present facts on each company, and its spreadsheet. Pure.

The rows are those of the list as published, with further columns of today: the department of the company, its
proceeding, headcount and debt of the last month, whether a committee has chosen it, who follows it.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.follow_up import STATES
from sf_spark.domain.proceedings import IN_BONIS
from sf_spark.publication.clearances import SCORES, URSSAF, Clearance
from sf_spark.publication.filters import Filters
from sf_spark.publication.follow_up import FOLLOW_UP_KIND
from sf_spark.publication.list_columns import LEVEL_LABELS, LEVELS
from sf_spark.publication.visible import visible_list

MISSING = "-"
Row = Mapping[str, Any]


def exported_rows(
    listed: DataFrame, cards: DataFrame, follow_up: DataFrame, chosen: DataFrame, clearance: Clearance, filters: Filters
) -> DataFrame:
    """The companies of a list for a service, as it may see them; in order of rank, else of SIREN.

    Args:
        listed: Rows of one list; those that have left it (no rank) are not exported.
        cards: ``cards/entreprise``.
        follow_up: The table.
        chosen: ``siren, liste``: companies chosen by committees.
        clearance: Clearance of the service.
        filters: Filters of the export.

    Returns:
        The columns of ``lists/detection`` that it may see, and ``departement_actuel, procedure_actuelle,
        effectif_actuel, dette_actuelle`` (only with the right), ``ape_libelle, est_retraitee, suivi``.
    """
    now = cards.select(
        "siren",
        F.col("departement").alias("departement_actuel"),
        F.col("statut_procedure").alias("procedure_actuelle"),
        F.col("effectif").alias("effectif_actuel"),
        F.col("dette").alias("dette_actuelle"),
        "ape_libelle",
    )
    by_committee = chosen.select("siren", F.col("liste").alias("list"), F.lit(True).alias("est_retraitee")).distinct()
    rows = (
        listed.where(F.col("rank").isNotNull())
        .join(now, on="siren", how="left")
        .join(by_committee, on=["siren", "list"], how="left")
        .join(_last_state(follow_up), on="siren", how="left")
        .withColumns(
            {
                "departement_actuel": F.coalesce("departement_actuel", "departement"),
                "procedure_actuelle": F.coalesce("procedure_actuelle", "procedure_libelle", F.lit(IN_BONIS)),
                "effectif_actuel": F.coalesce("effectif_actuel", "effectif"),
                "dette_actuelle": F.coalesce("dette_actuelle", "dette_sociale"),
                "est_retraitee": F.coalesce("est_retraitee", F.lit(False)),
            }
        )
    )
    seen = visible_list(filters.kept(rows), clearance, F.col("departement_actuel"))
    seen = seen if clearance.may(URSSAF) else seen.drop("dette_actuelle")
    return seen.orderBy("rank", "siren") if clearance.may(SCORES) else seen.orderBy("siren")


def _last_state(follow_up: DataFrame) -> DataFrame:
    """``siren, suivi``: the last state noted by the services; of several on one day, the most open one."""
    order = F.struct("date", -F.array_position(F.lit(list(STATES)), F.col("state")))
    notes = follow_up.where(F.col("type") == FOLLOW_UP_KIND)
    return notes.groupBy("siren").agg(F.max_by("state", order).alias("suivi"))


def _from(name: str) -> Callable[[Row], Any]:
    return lambda row: row.get(name)


def _points(theme: str) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        value = dict(row.get("points") or {}).get(theme)
        return None if value is None else round(value, 2)

    return read


def _yes_or_no(name: str) -> Callable[[Row], Any]:
    return lambda row: {True: "Oui", False: "Non"}.get(row[name]) if row.get(name) is not None else None


def _first(row: Row) -> str | None:
    return "1ère alerte" if row["first_alert"] == row["periode"] else None


def _proceeding(row: Row) -> str:
    return "In Bonis" if row["procedure_actuelle"] == IN_BONIS else row["procedure_actuelle"]


# The columns of the application's own spreadsheet, in its terms (as it spells them) and order.
COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    "Liste de détection": _from("list"),
    "Siren": _from("siren"),
    "Siret": _from("siret_siege"),
    "Raison sociale": _from("raison_sociale"),
    "Code département": _from("departement_actuel"),
    "Année de création de l'entreprise": _from("annee_creation"),
    "Forme juridique": _from("forme_juridique"),
    "Statut de procédure collective": _proceeding,
    "Dernier effectif entreprise": _from("effectif_actuel"),
    "Montant de la dette sociale": _from("dette_actuelle"),
    "Code secteur d'activité": _from("section"),
    "Libellé secteur d'activité": _from("section_libelle"),
    "Code NAF/APE": _from("ape"),
    "Libellé NAF/APE": _from("ape_libelle"),
    "Niveau d'alerte": lambda row: LEVEL_LABELS[row["level"]] if row.get("level") in LEVELS else None,
    "Fréquence d'alerte": _first,
    "Détail du score effectif": _points("effectif"),
    "Détail du score santé financière": _points("sante_financiere"),
    "Détail du score dettes sociales": _points("dette_urssaf"),
    "Détail du score activité partielle": _points("activite_partielle"),
    "Liste retraitée": _yes_or_no("est_retraitee"),
    "Délai de paiement Urssaf": _yes_or_no("a_delai_en_cours"),
    "Entreprises récentes": _yes_or_no("est_recente"),
    "Accompagnement": lambda row: (row.get("suivi") or "").capitalize() or None,
}
REASONS = ("Siren", "Raison sociale", "Motif 1", "Motif 2", "Motif 3")


def cells(row: Row) -> list[Any]:
    """A line of the spreadsheet: texts and numbers, ``-`` where a value is unknown or hidden."""
    return [MISSING if (value := read(row)) is None or value == "" else value for read in COLUMNS.values()]


def reason_cells(row: Row) -> list[Any]:
    """A line of the sheet of reasons."""
    texts = (row.get(f"reason_{rank}") for rank in (1, 2, 3))
    return [row["siren"], row.get("raison_sociale") or MISSING, *(text or MISSING for text in texts)]


def csv_text(rows: Iterable[Row]) -> str:
    """The lines as a French spreadsheet opens them: semicolons, decimal commas, a byte order mark for the accents."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_as_text(value) for value in cells(row)] for row in rows)
    return "\ufeff" + text.getvalue()


def filter_lines(clearance: Clearance, name: str, filters: Filters, count: int, when: str) -> Sequence[tuple[str, Any]]:
    """The lines of the sheet ``Filtres``: the filters, the user, and the number of companies."""
    return [
        ("Liste de détection", name),
        ("Service", clearance.label),
        ("Territoire", clearance.territory),
        *filters.labelled(),
        ("Nombre d'entreprises", count),
        ("Exporté le", when),
    ]


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".replace(".", ",")
    text = str(value)
    # A spreadsheet must not read delivered text as a formula.
    return f"'{text}" if text[:1] in "=+-@\t\r" and text != MISSING and not isinstance(value, int) else text
