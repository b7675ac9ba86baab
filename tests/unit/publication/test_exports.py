"""What people read: spreadsheets and the first lines on a screen."""

from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from sf_spark.publication.exports import CSV_OPTIONS, folder, preview, spreadsheet
from sf_spark.publication.list_columns import SCHEMA


def rows_of(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    names = [field.name for field in spark.createDataFrame([], SCHEMA).schema]
    common = {"list": "detection-2026-01", "status": "nouvelle", "first_alert": date(2026, 1, 1), "horizon": 18}
    return spark.createDataFrame([tuple((common | row).get(name) for name in names) for row in rows], SCHEMA)


def test_one_file_a_department_in_order_of_rank(spark: SparkSession, tmp_path: Path) -> None:
    rows = rows_of(
        spark,
        {"rank": None, "siren": "4", "departement": "75", "status": "sortie"},
        {"rank": 3, "siren": "3", "departement": "75", "raison_sociale": "=1+1", "probability": 0.25},
        {"rank": 1, "siren": "1", "departement": "75", "raison_sociale": 'A "B"; C', "reason_1": "Dette : 1 200 EUR"},
        {"rank": 2, "siren": "2", "departement": None},
    ).coalesce(1)
    out = folder(str(tmp_path / "lake/"), "detection-2026-01")
    spreadsheet(rows).write.partitionBy("departement").options(**CSV_OPTIONS).csv(out)
    assert out == f"{tmp_path}/lake/exports/detection-2026-01"
    assert sorted(p.name for p in Path(out).iterdir() if p.is_dir()) == ["departement=75", "departement=inconnu"]
    (file,) = Path(out, "departement=75").glob("*.csv")
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    assert header.startswith("rank;siren;raison_sociale;level;probability;status;first_alert;reason_1;")
    assert lines[0].startswith('1;1;"A ""B""; C";;;nouvelle;2026-01-01;Dette : 1 200 EUR;')
    assert lines[1].startswith("3;3;'=1+1;;0,2500;nouvelle;")
    assert lines[2].startswith(";4;;;;sortie;")


def test_the_preview_is_aligned() -> None:
    row = Row("rank", "siren", "raison_sociale", "departement", "level", "probability", "status", "reason_1")
    rows = [
        row(
            1,
            "000000001",
            "UN NOM BEAUCOUP TROP LONG POUR TENIR",
            "75",
            "fort",
            0.98765,
            "nouvelle",
            "Dette : 1 200 EUR",
        ),
        row(10, "000000010", None, None, "modere", 0.5, "attenuee", None),
    ]
    assert preview(rows).splitlines() == [
        "rang  siren      raison sociale              dép  niveau   proba  statut    premier motif",
        "   1  000000001  UN NOM BEAUCOUP TROP LO...  75   fort    0.9877  nouvelle  Dette : 1 200 EUR",
        "  10  000000010  -                           -    modere  0.5000  attenuee  -",
    ]


def test_the_preview_of_nothing_is_its_titles() -> None:
    assert preview([]) == "rang  siren  raison sociale  dép  niveau  proba  statut  premier motif"
