"""Collective proceedings: the reference's own cases, the end of a plan, and a slow function for the rest."""

import random
from datetime import date
from typing import NamedTuple

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from sf_spark.domain.calendar import index_of, known_index
from sf_spark.domain.proceedings import proceeding_events
from sf_spark.panel.proceedings import proceedings_changes


class Event(NamedTuple):
    day: date
    action: str | None
    stage: str | None
    known_on: date | None = None  # the date of effect, unless a later delivery brought it
    until: date | None = None


OPENING, PLAN, END = "ouverture", "plan_continuation", "fin_procedure"
CASES: dict[str, list[Event]] = {
    "ended": [
        Event(date(2023, 4, 13), "sauvegarde", OPENING),
        Event(date(2026, 1, 23), "sauvegarde", END),
    ],
    "one ended, one open": [
        Event(date(2023, 4, 13), "sauvegarde", OPENING),
        Event(date(2024, 4, 26), "sauvegarde", PLAN),
        Event(date(2026, 1, 23), "sauvegarde", END),
        Event(date(2025, 12, 19), "redressement", OPENING),
    ],
    "included in another": [
        Event(date(2020, 1, 1), "liquidation", OPENING),
        Event(date(2021, 6, 1), "redressement", OPENING),
        Event(date(2022, 3, 1), "redressement", "inclusion_autre_procedure"),
    ],
    "plan of the 20th": [Event(date(2014, 3, 20), "redressement", PLAN)],
    "plan of the 21st": [Event(date(2014, 3, 21), "redressement", PLAN)],
    "plan of December 21st": [Event(date(2013, 12, 21), "sauvegarde", PLAN)],
    "account settled": [
        Event(date(2022, 1, 5), "redressement", "solde_procedure"),
        Event(date(2022, 6, 5), "redressement", OPENING),
        Event(date(2023, 6, 5), "redressement", "solde_procedure"),
    ],
    "leaves its plan": [
        Event(date(2020, 1, 5), "redressement", OPENING),
        Event(date(2021, 1, 5), "redressement", PLAN),
        Event(date(2023, 1, 5), "redressement", END),
    ],
    "abandoned": [
        Event(date(2022, 1, 5), "sauvegarde", OPENING),
        Event(date(2022, 5, 5), "sauvegarde", "abandon_procedure"),
    ],
    "converted": [
        Event(date(2021, 6, 1), "redressement", OPENING),
        Event(date(2022, 3, 1), "liquidation", OPENING),
    ],
    "withdrawn": [Event(date(2022, 1, 5), "redressement", OPENING, until=date(2022, 9, 20))],
    "known late": [Event(date(2022, 1, 5), "redressement", OPENING, known_on=date(2022, 9, 20))],
    "longer words": [Event(date(2022, 1, 5), "redressementjudiciaire", None)],
    "opened and ended on one day": [
        Event(date(2025, 3, 5), "redressement", END),
        Event(date(2025, 3, 5), "redressement", OPENING),
    ],
    "blank after the stage": [
        Event(date(2025, 3, 5), "redressement", OPENING),
        Event(date(2025, 6, 10), "redressement", "Fin_procedure "),
        Event(date(2025, 9, 10), "redressement", " solde_procedure"),
    ],
    "closed for want of assets": [
        Event(date(2023, 3, 5), "liquidation judiciaire", OPENING),
        Event(date(2024, 6, 10), "liquidation", "cloture_insuffisance_actif"),
    ],
    "both sources": [
        Event(date(2024, 1, 5), "redressement", OPENING),
        Event(date(2024, 5, 5), "redressement", PLAN),
    ],
    "no proceeding named": [Event(date(2022, 1, 5), None, None), Event(date(2022, 1, 5), "cession", OPENING)],
}


# Company -> day of the judgment, nature.
JUDGMENTS: dict[str, list[tuple[date, str]]] = {
    "both sources": [
        (date(2024, 1, 5), "Jugement d'ouverture d'une procédure de redressement judiciaire"),
        (date(2024, 9, 5), "Jugement prononçant la résolution du plan de redressement et la liquidation judiciaire"),
        (date(2025, 6, 5), "Jugement de clôture pour insuffisance d'actif"),
    ],
    "judgments only": [
        (date(2023, 2, 1), "Jugement d'ouverture d'une procédure de sauvegarde"),
        (date(2023, 6, 21), "Jugement de conversion en redressement judiciaire de la procédure de sauvegarde"),
        (date(2024, 2, 1), "Jugement arrêtant le plan de redressement"),
        (date(2024, 3, 1), "Dépôt de l'état des créances"),
        (date(2024, 4, 1), "Jugement modifiant le plan de redressement"),
        (date(2024, 5, 1), "Jugement mettant fin à la procédure de redressement judiciaire"),
    ],
    "field": [
        (date(2026, 1, 5), "Jugement d'ouverture de liquidation judiciaire"),
        (date(2026, 2, 5), "Jugement prononçant la résolution du plan de redressement et la liquidation judiciaire"),
        (date(2026, 3, 5), "Jugement prononçant la résolution du plan de sauvegarde et la liquidation judiciaire"),
        (date(2026, 4, 5), "Jugement de conversion en redressement judiciaire de la procédure de sauvegarde"),
        (date(2026, 5, 5), "Jugement prononÃ§ant la clÃ´ture de la liquidation judiciaire"),
        (date(2026, 6, 5), "Jugement mettant fin à la procédure de redressement judiciaire"),
    ],
}


def judgments_of(spark: SparkSession) -> DataFrame:
    """The staged judgments, each known on its day."""
    rows = [(name, day, nature, day, None) for name, some in JUDGMENTS.items() for day, nature in some]
    schema = "siren string, date_jugement date, nature string, known_on date, superseded_on date"
    return spark.createDataFrame(rows, schema)


def random_events(rng: random.Random) -> list[Event]:
    stages = (OPENING, PLAN, END, "abandon_procedure", "solde_procedure", "inclusion_autre_procedure", None)
    some = []
    for _ in range(rng.randint(1, 6)):
        day = date(rng.randint(2011, 2014), rng.randint(1, 12), rng.randint(1, 28))
        known = date(day.year + 1, rng.randint(1, 12), 20) if rng.random() < 0.4 else None
        until = date(rng.randint(2016, 2024), rng.randint(1, 12), 20) if rng.random() < 0.3 else None
        some.append(
            Event(day, rng.choice(("liquidation", "redressement", "sauvegarde")), rng.choice(stages), known, until)
        )
    return some


RANDOM = {f"random {seed}": random_events(random.Random(seed)) for seed in range(30)}
MONTHS = range(index_of(date(2011, 1, 1)), index_of(date(2026, 6, 1)))
State = tuple[str | None, str | None, date | None]
OVER = (END, "abandon_procedure", "inclusion_autre_procedure", "cloture_insuffisance_actif")


def code(stage: str | None) -> str:
    return (stage or "").strip().lower()


def rank(stage: str | None) -> int:
    """The order of one day: an opening, a plan, an end."""
    return 3 if code(stage) in OVER else 2 if code(stage) == PLAN else 1


def state_at(events: list[Event], month: int) -> State:
    """The known state of a company in a month, one action at a time."""
    for action in ("liquidation", "redressement", "sauvegarde"):
        visible = [
            e
            for e in events
            if action in (e.action or "")
            and code(e.stage) != "solde_procedure"
            and known_index(e.known_on or e.day, 20) <= month
            and (e.until is None or known_index(e.until, 20) > month)
        ]
        last = max(visible, key=lambda e: (e.day, rank(e.stage), code(e.stage)), default=None)
        if last is None or code(last.stage) in OVER:
            continue
        if code(last.stage) == PLAN and month - known_index(last.day, 20) >= 10 * 12:
            continue
        return action, code(last.stage), last.day
    return None, None, None


def state_in(changes: list[Row], month: int) -> State:
    current = [c for c in changes if c["mois"] <= month and (c["fin"] is None or month < c["fin"])]
    assert len(current) <= 1
    return (
        (current[0]["procedure"], current[0]["stade"], current[0]["date_procedure"]) if current else (None, None, None)
    )


@pytest.fixture(scope="module")
def changes(spark: SparkSession) -> dict[str, list[Row]]:
    """The changes of each company; those of ``effect/...`` are dated by effect, as labels are."""
    rows = [
        (name, e.day, e.action, e.stage, e.known_on or e.day, e.until)
        for name, events in {**CASES, **RANDOM}.items()
        for e in events
    ]
    schema = "siren string, date_effet date, action_procol string, stade_procol string, known_on date"
    frame = spark.createDataFrame(rows, schema + ", superseded_on date")
    by_effect = frame.where("siren = 'known late'").replace({"known late": "effect/known late"}, subset=["siren"])
    known, effect = proceeding_events(frame, judgments_of(spark)), proceeding_events(by_effect)
    both = proceedings_changes(known, "known_on", cutoff_day=20).unionByName(
        proceedings_changes(effect, "date_effet", cutoff_day=20)
    )
    found: dict[str, list[Row]] = {}
    for row in both.orderBy("siren", "mois").collect():
        found.setdefault(row["siren"], []).append(row)
    return found


def procedure(changes: dict, name: str, *months: date) -> list[str | None]:
    return [state_in(changes.get(name, []), index_of(month))[0] for month in months]


def test_the_cases_of_the_reference(changes: dict) -> None:
    february, june = date(2026, 2, 1), date(2022, 6, 1)
    assert state_in(changes["ended"], index_of(february)) == (None, None, None)
    assert state_in(changes["one ended, one open"], index_of(february)) == ("redressement", OPENING, date(2025, 12, 19))
    assert state_in(changes["included in another"], index_of(june)) == ("liquidation", OPENING, date(2020, 1, 1))


def test_an_event_of_the_23rd_counts_from_the_next_month(changes: dict) -> None:
    assert procedure(changes, "ended", date(2026, 1, 1), date(2026, 2, 1)) == ["sauvegarde", None]


def test_a_plan_is_over_after_ten_years_at_the_cut_off(changes: dict) -> None:
    february, march, april = date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)
    assert procedure(changes, "plan of the 20th", february, march) == ["redressement", None]
    # On 20 March 2024 a plan of 21 March 2014 is one day short of ten years.
    assert procedure(changes, "plan of the 21st", march, april) == ["redressement", None]
    december, january = date(2023, 12, 1), date(2024, 1, 1)
    assert procedure(changes, "plan of December 21st", december, january) == ["sauvegarde", None]


def test_settling_an_account_neither_opens_nor_ends_a_proceeding(changes: dict) -> None:
    months = [date(2022, 1, 1), date(2022, 5, 1), date(2022, 6, 1), date(2023, 7, 1)]
    assert procedure(changes, "account settled", *months) == [None, None, "redressement", "redressement"]


def test_a_company_that_leaves_its_plan_comes_back(changes: dict) -> None:
    months = [date(2019, 12, 1), date(2020, 1, 1), date(2022, 12, 1), date(2023, 1, 1), date(2026, 1, 1)]
    assert procedure(changes, "leaves its plan", *months) == [None, "redressement", "redressement", None, None]
    assert procedure(changes, "abandoned", date(2022, 4, 1), date(2022, 5, 1)) == ["sauvegarde", None]


def test_a_conversion_goes_on_as_the_graver_proceeding(changes: dict) -> None:
    assert procedure(changes, "converted", date(2022, 2, 1), date(2022, 3, 1)) == ["redressement", "liquidation"]


def test_an_end_is_the_last_word_of_its_day(changes: dict) -> None:
    march, june, october = date(2025, 3, 1), date(2025, 6, 1), date(2025, 10, 1)
    assert procedure(changes, "opened and ended on one day", march, june) == [None, None]
    assert procedure(changes, "blank after the stage", march, june, october) == ["redressement", None, None]
    months = [date(2024, 5, 1), date(2024, 6, 1)]
    assert procedure(changes, "closed for want of assets", *months) == ["liquidation", None]


def test_judgments_fill_in_what_urssaf_does_not_tell_and_say_where_it_comes_from(changes: dict) -> None:
    months = {
        date(2024, 1, 1): ("redressement", "procol"),  # both sources hold the opening: URSSAF's comes first
        date(2024, 5, 1): ("redressement", "procol"),
        date(2024, 9, 1): ("liquidation", "procedures"),
        date(2025, 6, 1): (None, None),
    }
    found = {}
    for month in months:
        current = [c for c in changes["both sources"] if c["mois"] <= index_of(month) < (c["fin"] or 10**6)]
        found[month] = (current[0]["procedure"], current[0]["source_procedure"])
    assert found == months


def test_a_conversion_ends_what_it_converts_and_papers_decide_nothing(changes: dict) -> None:
    february, june, july = date(2023, 2, 1), date(2023, 6, 1), date(2023, 7, 1)
    assert procedure(changes, "judgments only", february, june, july) == ["sauvegarde", "sauvegarde", "redressement"]
    months = [date(2024, month, 1) for month in (1, 2, 3, 4, 5)]
    assert [state_in(changes["judgments only"], index_of(month))[1] for month in months] == [
        *("conversion", PLAN, PLAN, PLAN),
        None,
    ]
    months = [date(2026, month, 1) for month in range(1, 7)]
    expected = [*["liquidation"] * 4, "redressement", None]  # graver than the redressement opened in April
    assert procedure(changes, "field", *months) == expected


def test_what_was_known_and_what_had_happened(changes: dict) -> None:
    before, after = date(2022, 8, 1), date(2022, 9, 1)
    assert procedure(changes, "withdrawn", before, after) == ["redressement", None]
    assert procedure(changes, "known late", before, after) == [None, "redressement"]
    assert procedure(changes, "effect/known late", before, after) == ["redressement", "redressement"]


def test_the_action_may_stand_inside_a_longer_word_and_other_words_are_none(changes: dict) -> None:
    assert procedure(changes, "longer words", date(2022, 1, 1)) == ["redressement"]
    assert "no proceeding named" not in changes


@pytest.mark.parametrize("name", sorted({**CASES, **RANDOM}.keys() - JUDGMENTS.keys()))
def test_every_month_agrees_with_the_slow_function(changes: dict, name: str) -> None:
    events = {**CASES, **RANDOM}[name]
    assert [state_in(changes.get(name, []), m) for m in MONTHS] == [state_at(events, m) for m in MONTHS]
