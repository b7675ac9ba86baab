"""A list as people read it: a spreadsheet for each department, and its first lines on a screen. Pure."""

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from sf_spark.publication.reasons import french

UNKNOWN_PLACE = "inconnu"
# A French spreadsheet opens this by a double click: semicolons, decimal commas, quotes doubled inside quotes.
CSV_OPTIONS = {"sep": ";", "header": "true", "escape": '"', "encoding": "UTF-8"}

_PREVIEW = {  # column -> widest text shown
    "rank": 5,
    "siren": 9,
    "raison_sociale": 26,
    "departement": 3,
    "level": 6,
    "probability": 6,
    "status": 9,
    "reason_1": 72,
}
_TITLES = {
    "rank": "rang",
    "raison_sociale": "raison sociale",
    "departement": "dép",
    "level": "niveau",
    "probability": "proba",
    "status": "statut",
    "reason_1": "premier motif",
}
_RIGHT = ("rank", "probability")


def folder(lake: str, list_name: str) -> str:
    """Where the exports of a list stand: one folder a department inside."""
    return f"{lake.rstrip('/')}/exports/{list_name}"


def spreadsheet(rows: DataFrame) -> DataFrame:
    """Turn the rows of a list into lines of text for a spreadsheet, a department being one file.

    Args:
        rows: Rows of ``lists/detection``.

    Returns:
        ``departement`` (``inconnu`` where it is), then what an agent reads, in order of department and rank inside each
        partition; companies that have left come last.
    """
    place = F.coalesce("departement", F.lit(UNKNOWN_PLACE))
    lines = rows.select(
        place.alias("departement"),
        *("rank", "siren", _cell(F.col("raison_sociale")).alias("raison_sociale"), "level"),
        french(F.col("probability"), 4).alias("probability"),
        *("status", "first_alert", "reason_1", "reason_2", "reason_3"),
        *("departement_libelle", "region_libelle", "ape", "section_libelle", "tranche_effectif", "effectif"),
        *("list", "horizon", "model_version"),
    )
    return lines.sortWithinPartitions("departement", F.col("rank").asc_nulls_last(), "siren")


def preview(rows: Sequence[Row]) -> str:
    """The rows as an aligned table; a text that is too long ends in ``...``."""
    titles = [_TITLES.get(name, name) for name in _PREVIEW]
    body = [[_shown(row[name], most) for name, most in _PREVIEW.items()] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *body, strict=True)]
    return "\n".join(_line(cells, widths) for cells in (titles, *body))


def _cell(text: Column) -> Column:
    """A text from outside, which a spreadsheet must not take for a formula."""
    return F.when(text.rlike(r"^[=+\-@\t\r]"), F.concat(F.lit("'"), text)).otherwise(text)


def _shown(value: object, most: int) -> str:
    text = "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
    return text if len(text) <= most else text[: most - 3] + "..."


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    aligned = (
        text.rjust(width) if name in _RIGHT else text.ljust(width)
        for name, text, width in zip(_PREVIEW, cells, widths, strict=True)
    )
    return "  ".join(aligned).rstrip()
