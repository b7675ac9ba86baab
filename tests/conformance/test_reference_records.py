"""Small files with their expected records, written by hand; and the public ones of the reference loader, if available.

Ours are in ``examples/``: ``<source>/<vintage>/`` with an input file and ``expected*.json``. Name a folder of the
reference loader's in ``SF_SPARK_FIXTURES``: the same records, the same counts.

One rule differs: the reference leaves out units of the register whose activity is not in NAF rev. 2. Here they are
taken in, with their nomenclature, and compared as skipped.
"""

import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.settings import Settings
from sf_spark.staging.intake import take_in

OURS = Path(__file__).parent / "examples"
FOLDER = Path(os.environ.get("SF_SPARK_FIXTURES", "/nonexistent"))
DELIVERED_AS = {
    "cotisation": "sigfaible_cotisdues.csv",
    "debit": "sigfaible_debits.csv",
    "effectif_ent": "sigfaible_effectif_siren.csv",
    "delai": "sigfaible_delais.csv",
    "ccsf": "sigfaible_ccsf.csv",
    "apdemande": "demande_ap.csv",
    "apconso": "consommation_ap.csv",
    "sirene_histo": "StockEtablissementHistorique_utf8.csv",
    "sirene": "StockEtablissement_utf8_geo.csv",
    "sirene_ul": "sireneUL.csv",
}
COLUMN = {"DebitID": "debit_id"}
REGISTER = ("sirene", "sirene_ul")
CURRENT = (None, "NAFRev2")  # nomenclatures that the reference accepts


def vintages() -> list[Path]:
    folders = [folder for folder in (OURS, FOLDER) if folder.is_dir()]
    return sorted(
        path.parent
        for folder in folders
        for source in DELIVERED_AS
        for path in folder.glob(f"{source}/*/expected*.json")
    )


def comparable(value: Any) -> Any:
    return f"{value.isoformat()}T00:00:00Z" if isinstance(value, date) else value


def test_every_source_has_an_example_of_ours() -> None:
    assert {path.parent.name for path in vintages() if OURS in path.parents} == {*DELIVERED_AS}


@pytest.mark.parametrize("vintage", vintages(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_records_and_counts_are_those_expected(settings: Settings, vintage: Path) -> None:
    source = vintage.parent.name
    expected = json.loads(next(vintage.glob("expected*.json")).read_text())
    batch = Path(settings.landing) / "1910"
    batch.mkdir(parents=True)
    shutil.copyfile(next(vintage.glob("*.csv")), batch / DELIVERED_AS[source])
    (account,) = take_in(None, settings, "1910", lambda text: None)  # small files are read without Spark
    report = expected["reports"][0]
    rows = DeltaTable(f"{settings.lake}/staged/{source}").to_pyarrow_table().to_pylist()
    kept_here = [row for row in rows if source in REGISTER and row["nomenclature_ape"] not in CURRENT]
    rows = [row for row in rows if row not in kept_here]
    left_out = len(kept_here)
    assert (account.read, account.rejected, account.skipped + left_out, account.accepted - left_out) == tuple(
        report[f"lines_{count}"] for count in ("parsed", "rejected", "skipped", "valid")
    )
    assert {(row["ape"], row["ape_naf25"]) for row in kept_here} <= {(None, None)}
    rows.sort(key=lambda row: (row["_line"], row.get("periode") or date.min))
    found = [
        {name: comparable(row[COLUMN.get(name, name)]) for name in tuple_}
        for row, tuple_ in zip(rows, expected["tuples"], strict=True)
    ]
    assert found == expected["tuples"]


ACCOUNTS = FOLDER / "admin_urssaf" / "legacy_2025-06"


@pytest.mark.skipif(not ACCOUNTS.is_dir(), reason="no folder of reference examples in SF_SPARK_FIXTURES")
def test_accounts_and_their_counts_are_those_of_the_reference(spark: SparkSession, settings: Settings) -> None:
    """The reference lists the SIRET of each account month by month; its example covers December 2018 alone."""
    expected = json.loads((ACCOUNTS / "expectedComptes.json").read_text())
    month = date(2018, 12, 1)
    alone = settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"date_debut": month})})
    batch = Path(settings.landing) / "1901"
    batch.mkdir(parents=True)
    shutil.copyfile(ACCOUNTS / "comptesTestData.csv", batch / "sigfaible_etablissement_utf8.csv")
    (account,) = take_in(spark, alone, "1901", lambda text: None)
    report = expected["events"][0]["event"]
    assert (account.read, account.rejected, account.skipped, account.accepted) == tuple(
        report[f"lines{count}"] for count in ("Parsed", "Rejected", "Skipped", "Valid")
    )
    rows = DeltaTable(f"{settings.lake}/staged/comptes").to_pyarrow_table().to_pylist()
    found = [
        {"siret": row["siret"], "numero_compte": row["numero_compte"], "periode": comparable(month)}
        for row in sorted(rows, key=lambda row: row["numero_compte"])
        if month < row["date_fermeture"]
    ]
    assert found == expected["tuples"]
