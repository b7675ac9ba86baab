"""The list of a month: ranks, statuses, stays, first alerts, facts about a company."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from sf_spark.publication.companies import companies, creations, followed, head_offices, still_open
from sf_spark.publication.editions import Edition
from sf_spark.publication.list_columns import SCHEMA
from sf_spark.publication.lists import Month, Stay, build_list, companies_listed, on_the_list

OCTOBER, NOVEMBER, DECEMBER, JANUARY = date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)
SCORES = (
    "siren string, level_model string, level string, adjustment string, probability double, cutoff_modere double, "
    "cutoff_fort double, raw_score double, expected_value double, expected_probability double, "
    "contributions map<string,double>, contributions_theme map<string,double>"
)
PANEL = (
    "siren string, raison_sociale string, departement string, code_commune string, ape string, section string, "
    "categorie_juridique string, effectif int, montant_part_ouvriere double, montant_part_patronale double, "
    "age_mois int, procedure string, stade string, nb_delais int, delai_nb_jours_restants double"
)
DICTIONARY = [("dette", "dette", "EUR", "dette_urssaf", "dette")]
STRICT, STAY = Stay(1.0, 1.0, 0), Stay(1.0, 0.7, 2)
MODERE, FORT = 0.25, 0.75
Scores = Mapping[str, float | tuple[str, str | None, float]]


def company(siren: str, **changes: Any) -> tuple[Any, ...]:
    facts = {"raison_sociale": f"NAME {siren}", "departement": "75", "code_commune": "75108", "ape": "56.10A"}
    facts |= {"section": "I", "categorie_juridique": "5710", "effectif": 12, "montant_part_ouvriere": 40.0}
    facts |= {"montant_part_patronale": 60.0, "age_mois": 36, "procedure": None, "stade": None, "nb_delais": 0}
    facts |= {"delai_nb_jours_restants": None}
    return (siren, *(facts | changes).values())


def score(siren: str, given: float | tuple[str, str | None, float]) -> tuple[Any, ...]:
    """A probability, whose level follows from the cut-offs; or level after the rules, rule and probability."""
    probability = given if isinstance(given, float) else given[2]
    model = "fort" if probability >= FORT else "modere" if probability >= MODERE else "aucun"
    level, rule = (model, None) if isinstance(given, float) else given[:2]
    # An average company has 0.05 and a raw score of -3; the lift above that is made of two parts and one against.
    parts = {"dette_urssaf": 1.0, "effectif": 0.5, "demographie": -0.3}
    return (siren, model, level, rule, probability, MODERE, FORT, -1.8, -3.0, 0.05, {"dette": 0.5}, parts)


def draw(
    spark: SparkSession,
    periode: date,
    scores: Scores,
    lists: list[DataFrame] | None = None,
    panel: list[tuple[Any, ...]] | None = None,
    size: int = 0,
    follow_up: DataFrame | None = None,
    flags: dict[str, list[str]] | None = None,
) -> DataFrame:
    known = spark.createDataFrame(panel if panel is not None else [company(siren) for siren in scores], PANEL)
    register = spark.createDataFrame([("1", "1" * 14)], "siren string, siret_siege string")
    created = spark.createDataFrame([("1", 2019)], "siren string, annee_creation int")
    month = Month(
        spark.createDataFrame([score(siren, given) for siren, given in scores.items()], SCORES),
        companies(known, register, created),
        spark.createDataFrame([(siren, 100.0) for siren in scores], "siren string, dette float"),
        periode.replace(day=20),
        "naf_rev2",
        flags=flags and spark.createDataFrame(list(flags.items()), "siren string, context_flags array<string>"),
        followed=follow_up,
    )
    dictionary = spark.createDataFrame(
        DICTIONARY, "name string, description string, unit string, theme string, measure string"
    )
    earlier = spark.createDataFrame([], SCHEMA)
    for rows in lists or []:
        earlier = earlier.union(rows)
    previous = lists[-1].first()["list"] if lists else ""
    edition = Edition(f"detection-{periode:%Y-%m}", periode, 18, 1, "", "", previous, "defaillance", "3", "run")
    listed = companies_listed(edition, month, earlier, STRICT, size)
    drawn = build_list(edition, month, listed, dictionary, earlier).collect()
    return spark.createDataFrame(drawn, SCHEMA)  # fixed: later lists of a test start from it


def by_siren(rows: DataFrame, *columns: str) -> dict[str, Any]:
    return {row["siren"]: tuple(row[name] for name in columns) for row in rows.collect()}


def only(rows: DataFrame) -> Row:
    (row,) = rows.collect()
    return row


def test_the_highest_probability_is_first_and_equal_ones_go_by_siren(spark: SparkSession) -> None:
    rows = draw(
        spark,
        JANUARY,
        {"3": 0.9, "1": 0.4, "2": 0.4, "4": 0.1},
        panel=[company("1"), company("2")],
        flags={"2": ["zone"]},
    )
    assert by_siren(rows, "rank", "status", "first_alert", "raison_sociale", "region", "procedure_libelle") == {
        "3": (1, "nouvelle", JANUARY, None, None, None),  # it is listed, known or not
        "1": (2, "nouvelle", JANUARY, "NAME 1", "11", "In bonis"),
        "2": (3, "nouvelle", JANUARY, "NAME 2", "11", "In bonis"),
    }
    assert by_siren(rows, "context_flags") == {"3": ([],), "1": ([],), "2": (["zone"],)}


def test_a_row_says_who_where_and_why(spark: SparkSession) -> None:
    panel = [company("1", departement="2B", nb_delais=2, delai_nb_jours_restants=40.0, age_mois=35)]
    row = only(draw(spark, JANUARY, {"1": ("fort", "dette_recente", 0.65)}, panel=panel)).asDict(recursive=True)
    points = row.pop("points")
    assert row.pop("points_base") == pytest.approx(5.0)
    # 60 points of lift over a contribution of 1.2 in all
    assert points == pytest.approx({"dette_urssaf": 60 / 1.2, "effectif": 30 / 1.2, "demographie": -18 / 1.2})
    assert sum(points.values()) + 5.0 == pytest.approx(65.0)
    assert row == {
        "list": "detection-2026-01",
        "periode": JANUARY,
        "horizon": 18,
        "edition": 1,
        "corrects": None,
        "edition_reason": None,
        "previous": None,
        "siren": "1",
        "rank": 1,
        "level_model": "modere",
        "adjustment": "dette_recente",
        "level": "fort",
        "probability": 0.65,
        "score": 65.0,
        "seuil_modere": 25.0,
        "seuil_fort": 75.0,
        "status": "nouvelle",
        "months_below": 0,
        "first_alert": JANUARY,
        "months_on_list": 1,
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
        "raison_sociale": "NAME 1",
        "siret_siege": "1" * 14,
        "departement": "2B",
        "departement_libelle": "Haute-Corse",
        "region": "94",
        "region_libelle": "Corse",
        "code_commune": "75108",
        "ape": "56.10A",
        "section": "I",
        "section_libelle": "Hébergement et restauration",
        "categorie_juridique": "5710",
        "forme_juridique": "Société par actions simplifiée",
        "annee_creation": 2019,
        "est_recente": True,
        "tranche_effectif": "10-19",
        "effectif": 12,
        "dette_sociale": 100.0,
        "montant_part_ouvriere": 40.0,
        "montant_part_patronale": 60.0,
        "procedure": None,
        "stade_procedure": None,
        "procedure_libelle": "In bonis",
        "a_delai_en_cours": True,
        "delai_echeance": date(2026, 3, 1),  # 40 days after the 20th of January
        "suivi_en_cours": None,
        "context_flags": [],
        "model_name": "defaillance",
        "model_version": "3",
        "run_id": "run",
    }


def test_statuses_across_the_turn_of_the_year(spark: SparkSession) -> None:
    december = draw(spark, DECEMBER, {"1": 0.4, "2": 0.8, "3": 0.4, "4": 0.7, "5": 0.3})
    january = draw(
        spark,
        JANUARY,
        {"1": 0.8, "2": 0.4, "3": 0.5, "4": 0.1, "6": 0.9},
        [december],
        panel=[company("4", raison_sociale="NAME 4, NOW", procedure="redressement", stade="plan_continuation")],
    )
    assert by_siren(january, "status", "rank", "level", "probability", "first_alert", "months_on_list") == {
        "6": ("nouvelle", 1, "fort", 0.9, JANUARY, 1),
        "1": ("aggravee", 2, "fort", 0.8, DECEMBER, 2),
        "3": ("maintenue", 3, "modere", 0.5, DECEMBER, 2),
        "2": ("attenuee", 4, "modere", 0.4, DECEMBER, 2),
        "4": ("sortie", None, "aucun", 0.1, DECEMBER, 1),
        "5": ("sortie", None, None, None, DECEMBER, 1),  # not scored any more
    }
    left = by_siren(january.where("status = 'sortie'"), "raison_sociale", "reasons", "points", "procedure_libelle")
    assert left == {"4": ("NAME 4, NOW", [], None, "Plan de redressement"), "5": ("NAME 5", [], None, None)}


def chosen(
    spark: SparkSession, scores: Scores, before: Mapping[str, int], stay: Stay = STAY
) -> dict[str, tuple[str, int]]:
    """Level and months below the cut-off of the companies of a list, from those of the list before."""
    frame = spark.createDataFrame([score(siren, given) for siren, given in scores.items()], SCORES)
    earlier = spark.createDataFrame(list(before.items()), "siren string, _before_months_below int")
    rows = on_the_list(frame, earlier, stay).collect()
    return {row["siren"]: (row["level"], row["months_below"]) for row in rows}


def test_a_company_stays_a_little_below_the_cutoff_but_not_for_long(spark: SparkSession) -> None:
    # 0.7 x 0.25 = 0.175; a month at the cut-off starts the count again, and a third month below it ends the stay
    below: dict[str, int] = {}
    found = []
    for probability in [0.3, 0.175, 0.2, 0.25, 0.2, 0.2, 0.24]:
        months = chosen(spark, {"1": probability}, below)
        below = {siren: month for siren, (_, month) in months.items()}
        found.append(months.get("1"))
    assert found == [*(("modere", month) for month in (0, 1, 2, 0, 1, 2)), None]
    assert chosen(spark, {"1": 0.174, "2": 0.2, "3": 0.2}, {"1": 0, "2": 0}) == {"2": ("modere", 1)}  # 3 was not listed


def test_a_company_enters_above_the_cutoff_unless_it_is_fort_or_raised(spark: SparkSession) -> None:
    stay = Stay(1.2, 0.7, 2)  # 1.2 x 0.25 = 0.3
    scores = {"1": 0.3, "2": 0.299, "3": 0.9, "4": ("modere", "dette_recente", 0.1), "5": ("aucun", "remboursee", 0.9)}
    assert chosen(spark, scores, {}, stay) == {"1": ("modere", 0), "3": ("fort", 0), "4": ("modere", 0)}
    # At the cut-off, listed companies stay, and none enters.
    scores = {"1": 0.26, "2": 0.26, "3": 0.25, "4": 0.25}
    assert chosen(spark, scores, {"1": 2, "3": 0, "4": 0}, stay) == dict.fromkeys("134", ("modere", 0))


def test_a_first_list_has_a_threshold_of_its_own(spark: SparkSession) -> None:
    edition = Edition("detection-2025-11", NOVEMBER, 18, 1, "", "", "", "defaillance", "3", "run")
    scores = {"1": 0.3, "2": 0.27, "3": 0.26}
    frame = spark.createDataFrame([score(siren, given) for siren, given in scores.items()], SCORES)
    month = Month(frame, spark.range(0), spark.range(0), NOVEMBER, "naf_rev2")
    stay = Stay(1.2, 0.7, 2, first_share=1.08)  # 1.08 x 0.25 = 0.27; 1.2 x 0.25 = 0.3
    earlier = spark.createDataFrame([], SCHEMA)
    assert {row["siren"] for row in companies_listed(edition, month, earlier, stay, 0).collect()} == {"1", "2"}
    later = replace(edition, previous="detection-2025-10")
    assert {row["siren"] for row in companies_listed(later, month, earlier, stay, 0).collect()} == {"1"}


def test_a_company_that_a_rule_takes_off_the_list_leaves_at_once(spark: SparkSession) -> None:
    lowered = {"1": ("aucun", "remboursee", 0.3), "2": ("modere", "remboursee", 0.8)}
    assert chosen(spark, lowered, {"1": 0, "2": 0}) == {"2": ("modere", 0)}


def test_a_company_leaves_once_and_is_new_again_with_its_first_alert(spark: SparkSession) -> None:
    november = draw(spark, NOVEMBER, {"1": 0.9, "2": 0.8})
    december = draw(spark, DECEMBER, {"1": 0.1, "2": 0.1, "3": 0.3}, [november])
    january = draw(spark, JANUARY, {"1": 0.1, "2": 0.3, "3": 0.1}, [november, december])
    gone = ("sortie", None, NOVEMBER, 1)
    assert by_siren(december, "status", "rank", "first_alert", "months_on_list") == {
        "1": gone,
        "2": gone,
        "3": ("nouvelle", 1, DECEMBER, 1),
    }
    assert by_siren(january, "status", "rank", "first_alert", "months_on_list") == {
        "2": ("nouvelle", 1, NOVEMBER, 1),
        "3": ("sortie", None, DECEMBER, 1),
    }


def test_a_list_of_limited_size(spark: SparkSession) -> None:
    december = draw(spark, DECEMBER, {"1": 0.9, "2": 0.8})
    january = draw(spark, JANUARY, {"1": 0.76, "2": 0.8, "3": 0.9}, [december], size=2)
    assert by_siren(january, "rank", "status", "level", "probability") == {
        "3": (1, "nouvelle", "fort", 0.9),
        "2": (2, "maintenue", "fort", 0.8),
        "1": (None, "sortie", "fort", 0.76),  # still alerted, below the list
    }


def test_a_month_without_an_alert_has_an_empty_list(spark: SparkSession) -> None:
    assert draw(spark, JANUARY, {"1": 0.1}).collect() == []


def test_open_follow_ups_are_marked_once_there_are_any(spark: SparkSession) -> None:
    open_ones = spark.createDataFrame([("1",)], "siren string")
    rows = draw(spark, JANUARY, {"1": 0.9, "2": 0.8}, follow_up=open_ones)
    assert by_siren(rows, "suivi_en_cours") == {"1": (True,), "2": (False,)}


def test_a_follow_up_is_open_until_its_service_says_that_it_has_ended(spark: SparkSession) -> None:
    rows = [
        *[("1", "11", "A", NOVEMBER, "en cours"), ("1", "11", "A", DECEMBER, "terminé")],
        *[("2", "21", "A", DECEMBER, "terminé"), ("2", "22", "A", NOVEMBER, "sous surveillance")],
        *[("3", "31", "A", NOVEMBER, "en cours"), ("3", "31", "A", JANUARY, "terminé")],  # after the cut-off
        ("4", "41", "A", JANUARY, "en cours"),
    ]
    follow_up = spark.createDataFrame(rows, "siren string, siret string, service string, date date, state string")
    found = {row["siren"] for row in followed(follow_up, date(2025, 12, 20)).collect()}
    assert found == {"2", "3"}


def test_the_register_is_read_as_it_stood_on_the_day(spark: SparkSession) -> None:
    early, late = date(2025, 1, 1), date(2026, 1, 20)
    cutoff = date(2026, 1, 20)
    sirene = spark.createDataFrame(
        [
            *[("1", "11", True, early, early, None), ("1", "12", True, early, late, None)],
            *[("2", "21", True, early, early, late), ("2", "22", False, early, early, None)],  # withdrawn on the day
            ("3", "31", True, early, date(2026, 1, 21), None),
        ],
        "siren string, siret string, siege boolean, date_creation date, known_on date, superseded_on date",
    )
    assert by_siren(head_offices(sirene, cutoff), "siret_siege") == {"1": ("12",)}
    companies = sirene.drop("siret", "siege")
    assert by_siren(creations(companies.where("siren <> '3'"), cutoff), "annee_creation") == {
        "1": (2025,),
        "2": (2025,),
    }


def test_a_company_without_an_open_establishment_is_on_no_list(spark: SparkSession) -> None:
    scores = spark.createDataFrame([(siren, 0.9) for siren in "1234"], "siren string, probability double")
    counts = [("1", 0), ("2", 1), ("3", None)]  # 4: no row
    panel = spark.createDataFrame(counts, "siren string, nb_etablissements int")
    assert sorted(row["siren"] for row in still_open(scores, panel).collect()) == ["2", "3", "4"]
