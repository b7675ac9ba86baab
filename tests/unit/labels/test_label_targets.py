"""Targets: the table of the module, the horizon's boundary, and what does not count as an opening."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.domain.proceedings import proceeding_events
from sf_spark.labels.events import openings
from sf_spark.labels.target import build_labels
from sf_spark.panel.proceedings import proceedings_changes

LAST = date(2025, 6, 1)
OPENING, PLAN, END = "ouverture", "plan_continuation", "fin_procedure"
# date of effect, action, stage, withdrawn on
EVENTS: dict[str, list[tuple[date, str | None, str | None, date | None]]] = {
    "opened": [(date(2024, 7, 5), "redressement", OPENING, None)],
    "on the 20th": [(date(2024, 7, 20), "liquidation", OPENING, None)],
    "on the 21st": [(date(2024, 7, 21), "liquidation", OPENING, None)],
    "on December 21st": [(date(2024, 12, 21), "sauvegarde", OPENING, None)],
    "withdrawn": [(date(2024, 7, 5), "redressement", OPENING, date(2025, 1, 20))],
    "converted": [
        (date(2024, 2, 5), "redressement", OPENING, None),
        (date(2024, 7, 5), "liquidation", OPENING, None),
    ],
    "leaves its plan": [
        (date(2021, 7, 5), "redressement", OPENING, None),
        (date(2022, 1, 5), "redressement", PLAN, None),
        (date(2023, 9, 5), "redressement", END, None),
        (date(2024, 7, 5), "liquidation", OPENING, None),
    ],
    "plan without its opening": [(date(2024, 7, 5), "redressement", PLAN, None)],
    "nothing opens": [
        (date(2024, 3, 5), "redressement", END, None),
        (date(2024, 4, 5), "sauvegarde", "abandon_procedure", None),
        (date(2024, 5, 5), "redressement", "inclusion_autre_procedure", None),
        (date(2024, 6, 5), "liquidation", "solde_procedure", None),
        (date(2024, 7, 5), None, None, None),
    ],
    "known to come": [(date(2025, 5, 5), "redressement", OPENING, None)],
}
COMPANIES = [*EVENTS, "in bonis"]
MONTHS = [start_of(month) for month in range(index_of(date(2021, 1, 1)), index_of(LAST) + 1)]
Labels = dict[tuple[str, date], dict[str, Any]]


@pytest.fixture(scope="module")
def labels(spark: SparkSession) -> Labels:
    rows = [(name, *event) for name, events in EVENTS.items() for event in events]
    schema = "siren string, date_effet date, action_procol string, stade_procol string, superseded_on date"
    procol = spark.createDataFrame(rows, schema)
    months = spark.createDataFrame([(name, m) for name in COMPANIES for m in MONTHS], "siren string, periode date")
    events = proceeding_events(procol)
    spells = proceedings_changes(events.where("superseded_on is null"), "date_effet", cutoff_day=20)
    found = build_labels(months, openings(events, cutoff_day=20), spells, (12, 18, 24), index_of(LAST)).collect()
    assert len(found) == len(COMPANIES) * len(MONTHS)  # one row a month, whatever is joined to it
    return {(row["siren"], row["periode"]): row.asDict() for row in found}


def column(labels: Labels, name: str, measure: str, *months: date) -> list[Any]:
    return [labels[name, month][measure] for month in months]


def test_the_table_of_the_module(labels: Labels) -> None:
    months = [date(2023, 6, 1), date(2023, 7, 1), date(2024, 6, 1), date(2024, 7, 1)]
    assert column(labels, "opened", "mois_avant_defaillance", *months) == [12 + 1, 12, 1, None]
    assert column(labels, "opened", "cible_12m", *months) == [False, True, True, None]
    assert column(labels, "opened", "en_procedure", *months) == [False, False, False, True]


@pytest.mark.parametrize("horizon", [12, 18, 24])
def test_an_opening_counts_up_to_the_last_month_of_the_horizon(labels: Labels, horizon: int) -> None:
    opening = index_of(date(2024, 7, 1))
    months = [start_of(opening - horizon - 1), start_of(opening - horizon)]
    assert column(labels, "opened", f"cible_{horizon}m", *months) == [False, True]


@pytest.mark.parametrize("horizon", [12, 18, 24])
@pytest.mark.parametrize("name", ["in bonis", "known to come"])
def test_a_target_is_null_until_its_horizon_has_elapsed(labels: Labels, name: str, horizon: int) -> None:
    elapsed = start_of(index_of(LAST) - horizon)
    after = start_of(index_of(elapsed) + 1)
    # "known to come" opens within the horizon of both months; that does not mature the second one.
    assert column(labels, name, f"cible_{horizon}m", elapsed, after, LAST) == [name == "known to come", None, None]


def test_months_before_an_opening_are_set_as_soon_as_it_is_known(labels: Labels) -> None:
    assert column(labels, "known to come", "mois_avant_defaillance", date(2025, 4, 1), date(2025, 5, 1)) == [1, None]


def test_an_event_after_the_20th_counts_from_the_next_month(labels: Labels) -> None:
    june, july = date(2024, 6, 1), date(2024, 7, 1)
    assert column(labels, "on the 20th", "mois_avant_defaillance", june, july) == [1, None]
    assert column(labels, "on the 21st", "mois_avant_defaillance", june, july) == [2, 1]
    assert column(labels, "on the 20th", "en_procedure", june, july) == [False, True]
    assert column(labels, "on the 21st", "en_procedure", june, july) == [False, False]
    assert column(labels, "on December 21st", "mois_avant_defaillance", date(2024, 12, 1), date(2025, 1, 1)) == [
        1,
        None,
    ]


def test_withdrawn_events_never_happened(labels: Labels) -> None:
    columns = ("en_procedure", "cible_12m", "mois_avant_defaillance")
    assert {tuple(labels["withdrawn", month][c] for c in columns) for month in MONTHS[:-12]} == {(False, False, None)}


def test_a_conversion_is_an_event_of_a_company_already_in_proceedings(labels: Labels) -> None:
    months = [date(2024, 1, 1), date(2024, 2, 1), date(2024, 6, 1), date(2024, 7, 1)]
    assert column(labels, "converted", "mois_avant_defaillance", *months) == [1, 5, 1, None]
    assert column(labels, "converted", "en_procedure", *months) == [False, True, True, True]


def test_a_company_that_leaves_its_plan_is_at_risk_again(labels: Labels) -> None:
    months = [
        date(2021, 6, 1),
        date(2021, 7, 1),
        date(2023, 8, 1),
        date(2023, 9, 1),
        date(2024, 6, 1),
        date(2024, 7, 1),
    ]
    assert column(labels, "leaves its plan", "en_procedure", *months) == [False, True, True, False, False, True]
    assert column(labels, "leaves its plan", "mois_avant_defaillance", *months) == [1, 6, 11, 10, 1, None]
    assert column(labels, "leaves its plan", "cible_12m", *months[3:5]) == [True, True]


def test_the_first_event_is_an_opening_whatever_its_stage_unless_it_ends_something(labels: Labels) -> None:
    assert column(labels, "plan without its opening", "mois_avant_defaillance", date(2024, 6, 1)) == [1]
    assert {labels["nothing opens", month]["mois_avant_defaillance"] for month in MONTHS} == {None}
    assert {labels["nothing opens", month]["en_procedure"] for month in MONTHS} == {False}
