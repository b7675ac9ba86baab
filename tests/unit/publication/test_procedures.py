"""The state of companies on any day: periods, ends, the graver one, plans that expire, both sources."""

from datetime import date

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.proceedings import proceeding_events
from sf_spark.publication.procedures import proceeding_periods

TODAY = date(2026, 3, 20)
PROCOL = "siren string, date_effet date, action_procol string, stade_procol string, superseded_on date"
JUDGMENTS = "siren string, date_jugement date, nature string, superseded_on date"
EVENTS = [
    ("1", date(2023, 4, 5), "sauvegarde", "ouverture", None),
    ("1", date(2024, 2, 1), "sauvegarde", "plan_continuation", None),
    ("1", date(2026, 1, 10), "sauvegarde", "fin_procedure", None),
    ("2", date(2021, 6, 2), "redressement", "ouverture", None),
    ("2", date(2022, 3, 1), "liquidation", "ouverture", None),
    ("3", date(2025, 3, 5), "redressement", "ouverture", None),
    ("3", date(2025, 3, 5), "redressement", "fin_procedure", None),
    ("4", date(2014, 5, 6), "redressement", "plan_continuation", None),
    ("5", date(2026, 3, 21), "liquidation", "ouverture", None),
    ("6", date(2024, 1, 2), "redressement", "ouverture", None),
    ("7", date(2023, 1, 2), "redressement", "ouverture", None),
    ("7", date(2023, 7, 2), "redressement", "fin_procedure", None),
    ("7", date(2025, 1, 2), "redressement", "ouverture", None),
]


@pytest.fixture(scope="module")
def periods(spark: SparkSession) -> dict[str, list[tuple[date, date | None, str]]]:
    procol = spark.createDataFrame(EVENTS, PROCOL)
    judged = [("6", date(2025, 6, 5), "Jugement de conversion en liquidation judiciaire", None)]
    events = proceeding_events(procol, spark.createDataFrame(judged, JUDGMENTS))
    rows = proceeding_periods(events, F.lit(TODAY)).collect()
    return {row["siren"]: [(p["debut"], p["fin"], p["libelle"]) for p in row["procedures"]] for row in rows}


def test_periods_follow_one_another(periods) -> None:
    assert periods == {
        "1": [
            (date(2023, 4, 5), date(2024, 2, 1), "Sauvegarde"),
            (date(2024, 2, 1), date(2026, 1, 10), "Plan de sauvegarde"),
        ],
        "2": [
            (date(2021, 6, 2), date(2022, 3, 1), "Redressement judiciaire"),
            (date(2022, 3, 1), None, "Liquidation judiciaire"),
        ],
        "3": [],  # opened and ended on one day; and 5 will be in proceedings tomorrow: no row yet
        "4": [(date(2014, 5, 6), date(2024, 5, 6), "Plan de redressement")],
        "6": [
            (date(2024, 1, 2), date(2025, 6, 5), "Redressement judiciaire"),
            (date(2025, 6, 5), None, "Liquidation judiciaire"),
        ],
        "7": [
            (date(2023, 1, 2), date(2023, 7, 2), "Redressement judiciaire"),
            (date(2025, 1, 2), None, "Redressement judiciaire"),
        ],
    }


def test_no_two_periods_of_a_company_overlap(periods) -> None:
    for spells in periods.values():
        for (_, end, _), (begin, _, _) in zip(spells, spells[1:], strict=False):
            assert end is not None and end <= begin
