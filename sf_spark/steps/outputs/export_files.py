"""The files of an export: the list as Parquet, Delta, CSV and XLSX, the cards as Delta."""

from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from sf_spark.lake.files import open_table
from sf_spark.lake.places import for_spark
from sf_spark.lake.storage import open_output
from sf_spark.lake.stores import delta_options
from sf_spark.lake.tables import read_table
from sf_spark.publication import exported
from sf_spark.publication.clearances import Clearance
from sf_spark.publication.filters import Filters
from sf_spark.publication.visible import visible_cards
from sf_spark.schema import CARDS_ENTREPRISE, CARDS_ETABLISSEMENT


def write_list(folder: str, rows: pa.Table, clearance: Clearance, filters: Filters, name: str, now: datetime) -> None:
    """The list as Parquet, Delta, CSV and XLSX."""
    with open_output(f"{folder}/liste.parquet") as file:
        pq.write_table(rows, file)
    write_deltalake(f"{folder}/liste_delta", rows, storage_options=delta_options(folder))
    lines = rows.to_pylist()
    with open_output(f"{folder}/liste.csv") as file:
        file.write(exported.csv_text(lines).encode())
    with open_output(f"{folder}/liste.xlsx") as file:
        when = f"{now:%d/%m/%Y %H:%M} UTC"
        _write_workbook(file, lines, exported.filter_lines(clearance, name, filters, len(lines), when))


def _write_workbook(file: Any, lines: list[dict[str, Any]], filters: Any) -> None:
    # Row by row, and never reads delivered text as a formula, a link or a number.
    options = {
        "constant_memory": True,
        **dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False),
    }
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        sheets: dict[str, tuple[Any, Any]] = {
            "Liste": (tuple(exported.COLUMNS), map(exported.cells, lines)),
            "Filtres": (("Filtre", "Valeur"), filters),
            "Motifs": (exported.REASONS, map(exported.reason_cells, lines)),
        }
        for title, (header, content) in sheets.items():
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(header) - 1, 22)
            sheet.write_row(0, 0, header, bold)
            for number, cells in enumerate(content, start=1):
                sheet.write_row(number, 0, cells)


def write_cards(spark: SparkSession, lake: str, folder: str, clearance: Clearance) -> tuple[int, int]:
    """The cards of the territory, each table as Delta, whose Parquet files hold exactly its rows."""
    counts = []
    for table, name in ((CARDS_ENTREPRISE, "cartes_entreprise"), (CARDS_ETABLISSEMENT, "cartes_etablissement")):
        cards = visible_cards(read_table(spark, lake, table), clearance)
        cards.write.format("delta").save(for_spark(f"{folder}/{name}"))
        written = open_table(f"{folder}/{name}")
        assert written is not None
        counts.append(sum(written.get_add_actions(flatten=True).column("num_records").to_pylist()))
    return counts[0], counts[1]
