"""Small staged tables, written as the few columns that matter, and the panels built from them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of
from sf_spark.lake.staged import read_or_empty
from sf_spark.panel.build import PanelRules, StagedTables, entreprise_panel, etablissement_panel
from sf_spark.steps.build_panel import codes_at_hand

Fact = dict[str, Any]
Cells = dict[tuple[str, str], Any]


@pytest.fixture(scope="session")
def cells(spark: SparkSession) -> Callable[..., tuple[Cells, Cells]]:
    """Builds both panels and gives the rows of 2024 as dictionaries by (SIRET or SIREN, AAAA-MM)."""

    def build(
        staged: dict[str, list[Fact]], last: date = date(2024, 12, 1), since: date = date(2024, 1, 1), **rules: Any
    ) -> tuple[Cells, Cells]:
        def table(name: str, ddl: str) -> Any:
            if not staged.get(name):  # as the job reads a source that was never delivered: plans do without it
                return read_or_empty(spark, "", name, ddl, None)
            rows = [
                {"_batch": "2401", "_file": "f", "_line": line, "superseded_on": None} | fact
                for line, fact in enumerate(staged[name], start=2)
            ]
            columns = [column.split()[0] for column in ddl.split(", ")]
            return spark.createDataFrame([tuple(row.get(column) for column in columns) for row in rows], ddl)

        tables = StagedTables.read(table, cutoff_day=20)
        chosen = PanelRules(index_of(last), 10, 36, cutoff_day=20, **rules)
        both = any(f.get("ape_naf25") for facts in staged.values() for f in facts)
        codes = codes_at_hand(spark, tables, chosen) if both else None
        # As the job does, which reads them where it wrote them: the companies' plan does not hold that of the sites.
        sites = etablissement_panel(tables, chosen, codes).localCheckpoint()
        found = []
        for key, panel in (("siret", sites), ("siren", entreprise_panel(tables, sites, chosen, codes))):
            rows = panel.where(f"periode >= '{since}'").collect()
            found.append({(row[key], f"{row['periode']:%Y-%m}"): row.asDict() for row in rows})
        return found[0], found[1]

    return build
