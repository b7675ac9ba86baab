import shutil
from datetime import date

import pytest
from deltalake import DeltaTable

from sf_spark.errors import MissingTableError
from sf_spark.lake.tables import replace_all, spark_location
from sf_spark.schema import SIGNALS_ENTREPRISE
from sf_spark.steps.inputs.training import data_identity, data_versions


def test_a_lake_written_anew_in_the_same_place_is_another_one(spark, tmp_path):
    lake, versions = str(tmp_path), {SIGNALS_ENTREPRISE.path: 0}
    row = spark.createDataFrame([("000000001", date(2020, 1, 1), 1.0)], "siren string, periode date, dette float")
    replace_all(row, lake, SIGNALS_ENTREPRISE)
    first = data_identity(lake, versions)
    assert first == data_identity(f"{lake}/", versions)
    shutil.move(tmp_path / "signals", tmp_path / "moved" / "signals")
    assert data_identity(f"{lake}/moved", versions) == first
    replace_all(row, lake, SIGNALS_ENTREPRISE)
    assert data_identity(lake, versions) != first
    assert data_identity(lake, {"signals/dictionary": -1}) == {"signals/dictionary": ""}


def test_a_table_that_was_only_described_is_the_same(spark, tmp_path):
    lake = str(tmp_path)
    row = spark.createDataFrame([("000000001", date(2020, 1, 1), 1.0)], "siren string, periode date, dette float")
    replace_all(row, lake, SIGNALS_ENTREPRISE)
    first = data_identity(lake, {SIGNALS_ENTREPRISE.path: 0})
    place = spark_location(lake, SIGNALS_ENTREPRISE)
    spark.sql(f"ALTER TABLE delta.`{place}` ALTER COLUMN dette COMMENT 'Dette'")
    DeltaTable(f"{lake}/{SIGNALS_ENTREPRISE.path}").alter.set_table_description("Signaux")
    assert data_identity(lake, {SIGNALS_ENTREPRISE.path: 2}) == first
    row.write.format("delta").mode("append").save(place)
    assert data_identity(lake, {SIGNALS_ENTREPRISE.path: 3}) != first


def test_a_missing_table_is_named(spark, tmp_path):
    with pytest.raises(MissingTableError, match="signals/entreprise"):
        data_versions(spark, str(tmp_path))
