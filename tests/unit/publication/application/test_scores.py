"""Lists and scores in the application's terms: themes that add up to the score, editions in force, points by signal."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from sf_spark.publication.application import scores
from sf_spark.publication.application.relations import LISTS, SCORES
from sf_spark.publication.list_columns import COLUMNS

FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)
POINTS = {
    "dette_urssaf": 40.0,
    "sante_financiere": 3.25,
    "paiement_fournisseurs": -1.25,
    "effectif": 0.1,
    "secteur": -2.0,
}
ALERT: dict[str, Any] = {
    "list": "detection-2026-03", "periode": MARCH, "horizon": 18, "edition": 1, "siren": "000000001", "rank": 1,
    "level": "fort", "score": 45.1, "seuil_modere": 10.0, "seuil_fort": 30.0, "points": POINTS, "points_base": 5.0,
    "ape": "56.10A", "code_commune": "2A004", "region_libelle": "Corse", "model_name": "defaillance",
    "model_version": "3",
}  # fmt: skip


def detection(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    schema = ", ".join(f"{name} {column.type}" for name, column in COLUMNS.items())
    return spark.createDataFrame([tuple({**ALERT, **row}.get(name) for name in COLUMNS) for row in rows], schema)


def predictions(spark: SparkSession, contributions: dict[str, float]) -> DataFrame:
    row = ("000000001", MARCH, 18, "3", contributions)
    columns = "siren string, periode date, horizon int, model_version string, contributions map<string,float>"
    return spark.createDataFrame([row], columns)


def test_themes_and_signals_add_up_to_the_score(spark: SparkSession) -> None:
    explained = predictions(spark, {"dette": 2.0, "effectif_lag3m": -0.5, "ape": 0.0})
    (row,) = scores.company_score_entries(detection(spark, {}), explained, 18).collect()
    assert row.asDict() | {"macro_expl": None, "micro_expl": None} == {
        "siren": "000000001", "list_name": "Mars 2026", "periode": "2026-03-01", "score": Decimal("45.1"),
        "alert": "Alerte seuil F1", "seuil_modere": Decimal(10), "seuil_fort": Decimal(30), "macro_expl": None,
        "micro_expl": None, "code_naf": "56.10A", "code_commune": "2A004", "region": "Corse", "batch": "2603",
        "algo": "defaillance v3",
    }  # fmt: skip
    themes = json.loads(row["macro_expl"], parse_float=Decimal)
    assert themes == {
        "Dettes-sociales": Decimal(40),
        "Données-financières": Decimal("3.25") - Decimal("1.25"),
        "Recours-à-l'activité-partielle": 0,
        "Variation-de-l'effectif-de-l'entreprise": Decimal("0.1"),
        "Autres-éléments": Decimal("-2") + 5,
    }
    assert sum(themes.values()) == row["score"]
    scale = (45.1 - 5) / (2.0 - 0.5)
    assert json.loads(row["micro_expl"]) == {"dette": round(2 * scale, 4), "effectif_lag3m": round(-0.5 * scale, 4)}
    assert list(row.asDict()) == list(SCORES.columns)


def test_of_each_month_the_edition_in_force_at_the_horizon_is_shown(spark: SparkSession) -> None:
    rows = detection(
        spark,
        {"list": "detection-2026-02", "periode": FEBRUARY, "level": "modere"},
        {"siren": "000000002"},  # of the first edition of March alone
        {"list": "detection-2026-03-v2", "edition": 2, "level": "modere"},
        {
            "list": "detection-2026-03-v2",
            "edition": 2,
            "siren": "000000003",
            "rank": None,
            "level": "aucun",
        },  # has left
        {"list": "detection-2026-03-12m", "horizon": 12, "siren": "000000004"},
    )
    found = scores.company_score_entries(rows, predictions(spark, {}), 18).collect()
    assert sorted((row["list_name"], row["siren"], row["alert"], row["micro_expl"]) for row in found) == [
        ("Février 2026", "000000001", "Alerte seuil F2", "{}"),
        ("Mars 2026", "000000001", "Alerte seuil F2", "{}"),
    ]
    of_lists = scores.lists(rows, 18, 20).collect()
    assert sorted(tuple(row) for row in of_lists) == [
        ("Février 2026", "detection-2026-02", date(2026, 2, 20)),
        ("Mars 2026", "detection-2026-03-v2", date(2026, 3, 20)),
    ]
    assert list(of_lists[0].asDict()) == list(LISTS.columns)


def test_a_list_is_labelled_by_its_month() -> None:
    assert [scores.label_of(date(2026, month, 1)) for month in (1, 8, 12)] == [
        *("Janvier 2026", "Août 2026", "Décembre 2026")
    ]
