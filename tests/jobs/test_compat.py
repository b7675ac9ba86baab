"""The former system's variables over a generated lake: one row a month, and totals that the deliveries explain."""

import argparse
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs import compat, generate, ingest
from sf_spark.settings import load_settings

SIZE = ("generate.entreprises=40", "generate.annees=3", "generate.last_batch=2610")


@pytest.mark.long  # Spark plans the former system's blocks for minutes
def test_every_establishment_with_a_headcount_has_every_month(spark: SparkSession, tmp_path: Path) -> None:
    settings = load_settings("test", [*(f"{key}={tmp_path / key}" for key in ("landing", "truth", "lake")), *SIZE])
    generate.run(settings, argparse.Namespace(), print)
    assert ingest.run(spark, settings, ingest.parser().parse_args([]), print) == 0
    assert compat.run(spark, settings, compat.parser().parse_args(["--date-debut", "2024-01"]), print) == 0
    rows = DeltaTable(f"{settings.lake}/compat/etablissement").to_pyarrow_table().to_pandas()
    staged = DeltaTable(f"{settings.lake}/staged/effectif").to_pyarrow_table().to_pandas()
    months = 2 * 12 + 9  # 2024-01 .. 2026-09
    assert not rows.duplicated(["siret", "periode"]).any()
    assert len(rows) == staged[staged["superseded_on"].isna()]["siret"].nunique() * months
    assert rows["cotisation"].notna().any() and rows["ratio_dette"].notna().any()
    companies = DeltaTable(f"{settings.lake}/compat/entreprise").to_pyarrow_table().to_pandas()
    assert companies["effectif_ent"].notna().any() and not companies.duplicated(["siren", "periode"]).any()
