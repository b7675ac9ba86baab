"""An oracle for both panels: DuckDB SQL, written from the descriptions of the columns.

The files in ``panel/`` are run in order. They find the state of a month by joins and windows, where the panel uses
arrays and running totals. Activities are analysed in NAF rev. 2, the cut-off day is 20 or later, and the announcements
of courts are those that ``7_companies.sql`` lists.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from sf_spark.domain.naf import NAF_REV2
from sf_spark.domain.timing import DELIVERY_DAY
from sf_spark.panel.inputs import COLUMNS
from sf_spark.panel.rules import PanelRules

PANELS = {"panel/etablissement": "site_panel", "panel/entreprise": "company_panel"}
_STATEMENTS = sorted((Path(__file__).parent / "panel").glob("*.sql"))


def connect(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A database in memory."""
    return duckdb.connect(config={"threads": threads})


def view_lake(con: duckdb.DuckDBPyConnection, lake: str) -> frozenset[str]:
    """Create views of the staged tables of a lake, with the columns that a panel reads; return the missing tables."""
    absent = set()
    for source, ddl in COLUMNS.items():
        folder = f"{lake}/staged/{source}"
        if not DeltaTable.is_deltatable(folder):
            absent.add(source)
            _view(con, source, ddl, "(SELECT 1 WHERE false)", ())
            continue
        table = DeltaTable(folder)
        files = ", ".join(f"'{uri}'" for uri in table.file_uris())
        reader = f"read_parquet([{files}], union_by_name=true, hive_types={{'_batch': VARCHAR}})"
        _view(con, source, ddl, reader, table.schema().to_arrow().names)
    return frozenset(absent)


def view_frames(con: duckdb.DuckDBPyConnection, staged: Mapping[str, pa.Table]) -> None:
    """Create views of tables in memory as the staged tables."""
    for source, ddl in COLUMNS.items():
        con.register(f"{source}_rows", staged[source])
        _view(con, source, ddl, f"{source}_rows", staged[source].column_names)


def build_panels(con: duckdb.DuckDBPyConnection, rules: PanelRules) -> None:
    """Compute the tables ``site_panel`` and ``company_panel``, every month up to the last, from the staged tables."""
    assert rules.nomenclature == NAF_REV2 and rules.cutoff_day >= DELIVERY_DAY and rules.first_month is None
    values: dict[str, object] = {
        "cutoff_day": rules.cutoff_day,
        "last_month": rules.last_month,
        "perimeter_effectif": rules.perimeter_effectif,
        "perimeter_months": rules.perimeter_months,
        "absent": sorted(rules.absent),
        "excluded_categories": list(rules.exclusions.categories_juridiques),
        "excluded_activities": list(rules.exclusions.activites),
        "seat_in_france": rules.exclusions.siege_en_france and "sirene" not in rules.absent,
    }
    for name, value in values.items():
        con.execute(f"SET VARIABLE {name} = {_literal(value)}")
    for file in _STATEMENTS:
        con.execute(file.read_text(encoding="utf-8"))


def differing_cells(con: duckdb.DuckDBPyConnection, built: str, key: str, panel: str) -> dict[str, int]:
    """Compare a built panel with the table ``panel``, cell by cell.

    Args:
        con: The database.
        built: SQL that reads the built panel.
        key: ``siret`` or ``siren``; with ``periode`` it identifies a row.
        panel: ``site_panel`` or ``company_panel``.

    Returns:
        Column to the number of rows in which it differs, bit by bit; ``rows`` for those that only one side has, and
        each column that only one side has. Empty: the same panel.
    """
    con.execute(f"CREATE OR REPLACE TEMP VIEW built AS SELECT * FROM {built}")
    ours, theirs = ({row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()} for name in ("built", panel))
    counts = ", ".join(f"count(*) FILTER (b.{name} IS DISTINCT FROM p.{name})" for name in sorted(ours & theirs))
    both = f"FROM built b JOIN {panel} p ON b.{key} = p.{key} AND b.periode = p.periode"
    found = dict(zip(sorted(ours & theirs), _one_row(con, f"SELECT {counts} {both}"), strict=True))
    rows, of_built, of_panel = (
        _one_row(con, f"SELECT count(*) {what}")[0] for what in (both, "FROM built", f"FROM {panel}")
    )
    alone = dict.fromkeys(ours ^ theirs, 1)
    return {name: n for name, n in (found | alone | {"rows": of_built + of_panel - 2 * rows}).items() if n}


def _one_row(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = con.execute(query).fetchone()
    assert row is not None
    return row


def _view(con: duckdb.DuckDBPyConnection, source: str, ddl: str, rows: str, present: object) -> None:
    kinds = dict(column.split(" ") for column in ddl.split(", "))
    names = set(present)  # type: ignore[call-overload]
    columns = ", ".join(
        f"CAST({name if name in names else 'NULL'} AS {_kind(kind)}) AS {name}" for name, kind in kinds.items()
    )
    con.execute(f"CREATE VIEW {source} AS SELECT {columns} FROM {rows}")


def _kind(spark: str) -> str:
    return {"string": "VARCHAR", "int": "INTEGER", "long": "BIGINT"}.get(spark, spark.upper())


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]::VARCHAR[]"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
