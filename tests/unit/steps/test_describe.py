"""Comments of tables: written once, put right where they differ, never a change of rows."""

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from sf_spark.publication.meanings import COLUMNS, TABLES
from sf_spark.settings import Settings
from sf_spark.steps.describe import describe

TABLE = "labels/entreprise"


def test_comments_are_written_and_put_right_without_a_change_of_rows(spark: SparkSession, settings: Settings) -> None:
    folder = f"{settings.lake}/{TABLE}"
    rows = pa.table({"siren": ["123456789", None], "cible_12m": [True, None], "autre": [1, 2]})
    write_deltalake(folder, rows)
    said: list[str] = []

    def comments() -> dict[str, str | None]:
        return {field.name: field.metadata.get("comment") for field in DeltaTable(folder).schema().fields}

    wanted = {"siren": COLUMNS["siren"], "cible_12m": COLUMNS["cible_12m"], "autre": None}
    files = DeltaTable(folder).file_uris()
    for expected in ("comments of 1 tables written", "the comments of all tables are up to date"):
        assert describe(spark, settings, said.append) == 0
        assert said[-1] == expected
        assert comments() == wanted
    DeltaTable(folder).alter.set_column_metadata("siren", {"comment": 'l\'ancien \\ "texte"'})
    assert describe(spark, settings, said.append) == 0
    assert comments() == wanted
    assert DeltaTable(folder).metadata().description == TABLES[TABLE]
    assert DeltaTable(folder).file_uris() == files
    assert DeltaTable(folder).to_pyarrow_table().cast(rows.schema) == rows
