"""The list of a month: ranks, statuses, first alerts, those who are gone."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from sf_spark.publication.lists import SCHEMA, Month, build_list, champion_scores, list_name

NOVEMBER, DECEMBER, JANUARY = date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)
MODEL = (18, "defaillance", "3", "run")
SCORES = (
    "siren string, periode date, level string, probability double, contributions map<string,float>, "
    "horizon int, model_name string, model_version string, run_id string"
)
DICTIONARY = [("dette", "dette", "EUR", "dette_urssaf", "dette")]
Scores = dict[str, tuple[str, float]]


def month_of(spark: SparkSession, periode: date, scores: Scores, panel: dict[str, tuple[Any, ...]]) -> Month:
    """Scores are level and probability; every alert has one contribution, and a debt of 100 EUR."""
    rows = [
        (siren, periode, level, probability, None if level == "aucun" else {"dette": 0.5}, *MODEL)
        for siren, (level, probability) in scores.items()
    ]
    companies = [(siren, *values) for siren, values in panel.items()]
    return Month(
        periode,
        spark.createDataFrame(rows, SCORES),
        spark.createDataFrame(
            companies,
            "siren string, raison_sociale string, departement string, ape string, section string, effectif int",
        ),
        spark.createDataFrame([(siren, 100.0) for siren in scores], "siren string, dette float"),
    )


def draw(
    spark: SparkSession,
    periode: date,
    scores: Scores,
    earlier: DataFrame | None = None,
    previous: str | None = None,
    panel: dict[str, tuple[Any, ...]] | None = None,
    size: int = 0,
) -> DataFrame:
    month = month_of(spark, periode, scores, panel or {siren: (siren, "75", "56.10A", "I", 12) for siren in scores})
    dictionary = spark.createDataFrame(
        DICTIONARY, "name string, description string, unit string, theme string, measure string"
    )
    empty = spark.createDataFrame([], SCHEMA)
    rows = build_list(month, dictionary, empty if earlier is None else earlier, previous, size).collect()
    return spark.createDataFrame(rows, SCHEMA)  # fixed: later lists of a test start from it


def by_siren(rows: DataFrame, *columns: str) -> dict[str, Any]:
    return {row["siren"]: tuple(row[name] for name in columns) for row in rows.collect()}


def only(rows: DataFrame) -> Row:
    (row,) = rows.collect()
    return row


def test_the_highest_probability_is_first_and_equal_ones_go_by_siren(spark: SparkSession) -> None:
    scores = {"3": ("fort", 0.9), "1": ("modere", 0.4), "2": ("modere", 0.4), "4": ("aucun", 0.1)}
    panel = {siren: (f"NAME {siren}", "75", "56.10A", "I", 12) for siren in "12"}  # 3 is listed, known or not
    rows = draw(spark, JANUARY, scores, panel=panel)
    assert by_siren(rows, "rank", "status", "first_alert", "raison_sociale", "region") == {
        "3": (1, "new", JANUARY, None, None),
        "1": (2, "new", JANUARY, "NAME 1", "11"),
        "2": (3, "new", JANUARY, "NAME 2", "11"),
    }


def test_a_row_says_who_where_and_why(spark: SparkSession) -> None:
    panel = {"1": ("LES PLATANES", "2B", "56.10A", "I", 120)}
    row = only(draw(spark, JANUARY, {"1": ("fort", 0.9)}, panel=panel)).asDict(recursive=True)
    assert row == {
        "list": "detection-2026-01",
        "periode": JANUARY,
        "siren": "1",
        "raison_sociale": "LES PLATANES",
        "rank": 1,
        "level": "fort",
        "probability": 0.9,
        "status": "new",
        "first_alert": JANUARY,
        "reason_1": "Dette : 100 € ; médiane du secteur 100",
        "reason_2": None,
        "reason_3": None,
        "reasons": [
            {
                "signal": "dette",
                "theme": "dette_urssaf",
                "measure": "dette",
                "value": 100.0,
                "value_year_ago": None,
                "sector_median": 100.0,
                "contribution": 0.5,
                "text": "Dette : 100 € ; médiane du secteur 100",
            }
        ],
        "departement": "2B",
        "departement_libelle": "Haute-Corse",
        "region": "94",
        "region_libelle": "Corse",
        "ape": "56.10A",
        "section": "I",
        "section_libelle": "Hébergement et restauration",
        "tranche_effectif": "100-249",
        "effectif": 120,
        "context_flags": [],
        "horizon": 18,
        "model_name": "defaillance",
        "model_version": "3",
        "run_id": "run",
    }


def test_statuses_across_the_turn_of_the_year(spark: SparkSession) -> None:
    december = draw(
        spark,
        DECEMBER,
        {"1": ("modere", 0.4), "2": ("fort", 0.8), "3": ("modere", 0.4), "4": ("fort", 0.7), "5": ("modere", 0.3)},
        panel={str(n): (f"NAME {n}", "75", "56.10A", "I", 12) for n in range(1, 6)},
    )
    january = draw(
        spark,
        JANUARY,
        {"1": ("fort", 0.8), "2": ("modere", 0.4), "3": ("modere", 0.5), "4": ("aucun", 0.1), "6": ("fort", 0.9)},
        december,
        "detection-2025-12",
        panel={"4": ("NAME 4, NOW", "75", "56.10A", "I", 14)},
    )
    assert by_siren(january, "status", "rank", "level", "probability", "first_alert") == {
        "6": ("new", 1, "fort", 0.9, JANUARY),
        "1": ("raised", 2, "fort", 0.8, DECEMBER),
        "3": ("kept", 3, "modere", 0.5, DECEMBER),
        "2": ("lowered", 4, "modere", 0.4, DECEMBER),
        "4": ("gone", None, "aucun", 0.1, DECEMBER),
        "5": ("gone", None, None, None, DECEMBER),  # not scored any more
    }
    gone = by_siren(january.where("status = 'gone'"), "raison_sociale", "effectif", "reasons", "reason_1", "run_id")
    assert gone == {"4": ("NAME 4, NOW", 14, [], None, "run"), "5": ("NAME 5", 12, [], None, "run")}


def test_a_company_is_gone_once_and_new_again_with_its_first_alert(spark: SparkSession) -> None:
    november = draw(spark, NOVEMBER, {"1": ("fort", 0.9), "2": ("fort", 0.8)})
    december = draw(spark, DECEMBER, {"1": ("aucun", 0.1), "2": ("aucun", 0.1)}, november, "detection-2025-11")
    scores = {"1": ("aucun", 0.1), "2": ("modere", 0.3)}
    january = draw(spark, JANUARY, scores, november.union(december), "detection-2025-12")
    assert by_siren(december, "status", "rank", "first_alert") == {
        "1": ("gone", None, NOVEMBER),
        "2": ("gone", None, NOVEMBER),
    }
    assert by_siren(january, "status", "rank", "first_alert") == {"2": ("new", 1, NOVEMBER)}


def test_a_list_of_limited_size(spark: SparkSession) -> None:
    december = draw(spark, DECEMBER, {"1": ("fort", 0.9), "2": ("fort", 0.8)})
    scores = {"1": ("fort", 0.7), "2": ("fort", 0.8), "3": ("fort", 0.9)}
    january = draw(spark, JANUARY, scores, december, "detection-2025-12", size=2)
    assert by_siren(january, "rank", "status", "level", "probability", "reason_1") == {
        "3": (1, "new", "fort", 0.9, "Dette : 100 € ; médiane du secteur 100"),
        "2": (2, "kept", "fort", 0.8, "Dette : 100 € ; médiane du secteur 100"),
        "1": (None, "gone", "fort", 0.7, None),  # still alerted, below the list
    }


def test_a_month_without_an_alert_has_an_empty_list(spark: SparkSession) -> None:
    assert draw(spark, JANUARY, {"1": ("aucun", 0.1)}).collect() == []


def test_the_scores_to_publish_are_those_of_the_champion(spark: SparkSession) -> None:
    rows = [("1", DECEMBER, 18, "9", 0.1), ("1", DECEMBER, 18, "10", 0.2), ("1", DECEMBER, 12, "9", 0.3)]
    predictions = spark.createDataFrame(
        rows, "siren string, periode date, horizon int, model_version string, probability double"
    )
    assert [row["probability"] for row in champion_scores(predictions, 18, "9").collect()] == [0.1]


def test_a_month_is_cut_out_of_longer_tables(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("1", DECEMBER), ("2", JANUARY)], "siren string, periode date")
    month = Month.of(JANUARY, frame, frame, frame)
    assert [only(table)["siren"] for table in (month.scores, month.panel, month.signals)] == ["2"] * 3


@pytest.mark.parametrize(("periode", "name"), [(DECEMBER, "detection-2025-12"), (JANUARY, "detection-2026-01")])
def test_names_are_in_the_order_of_months(periode: date, name: str) -> None:
    assert list_name(periode) == name
