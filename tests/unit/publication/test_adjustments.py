"""Expert rules: which hold, which one decides, and invalid rules."""

from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import ConfigurationError
from sf_spark.publication.adjustments import Rule, adjusted, check_conditions, rules_that_hold, usable
from sf_spark.settings import load_settings
from sf_spark.steps.inputs.expert_rules import rule_of, rules_in_use

JANUARY = date(2026, 1, 1)
UP = Rule("dette_recente", True, "dette_diff3m > 0.2 * cotisation_mean12m", "La dette a augmenté")
DOWN = Rule("dette_remboursee", False, "dette_max3m <= 0", "La dette est remboursée", main_theme="dette_urssaf")
SCHEMA = (
    "siren string, level string, by_theme map<string,double>, dette_diff3m double, cotisation_mean12m double, "
    "dette_max3m double, periode date"
)
DEBT, HEADCOUNT = {"dette_urssaf": 0.9, "effectif": 0.1}, {"dette_urssaf": 0.1, "effectif": 0.9}


def levels(spark: SparkSession, rules: list[Rule], *rows: tuple) -> list[tuple[str, str | None]]:
    frame = spark.createDataFrame([("1", *row, JANUARY) for row in rows], SCHEMA)
    found = frame.withColumn("rules", rules_that_hold(rules, F.col("periode")))
    after, name = adjusted(rules, F.col("level"), F.col("rules"), F.col("by_theme"))
    return [(row[0], row[1]) for row in found.select(after, name).collect()]


def test_a_rule_moves_the_level_one_step(spark: SparkSession) -> None:
    assert levels(
        spark,
        [UP, DOWN],
        ("aucun", DEBT, 21.0, 100.0, 50.0),
        ("aucun", DEBT, 20.0, 100.0, 50.0),  # 20 % is not more than 20 %
        ("modere", DEBT, 21.0, 100.0, 50.0),
        ("fort", DEBT, 21.0, 100.0, 50.0),  # there is no step above
        ("fort", DEBT, 0.0, 100.0, 0.0),
        ("aucun", DEBT, 0.0, 100.0, 0.0),
        ("modere", DEBT, None, 100.0, None),  # an unknown value satisfies no rule
        ("modere", HEADCOUNT, 0.0, 100.0, 0.0),  # debt is not the main theme
        ("modere", None, 0.0, 100.0, 0.0),
        ("modere", {"dette_urssaf": -0.1, "effectif": -0.2}, 0.0, 100.0, 0.0),  # no theme raises the score
    ) == [
        ("modere", "dette_recente"),
        ("aucun", None),
        ("fort", "dette_recente"),
        ("fort", None),
        ("modere", "dette_remboursee"),
        ("aucun", None),
        *[("modere", None)] * 4,
    ]


def test_the_first_rule_that_holds_decides_alone(spark: SparkSession) -> None:
    both = ("modere", DEBT, 21.0, 100.0, 0.0)
    assert levels(spark, [UP, DOWN], both) == [("fort", "dette_recente")]
    assert levels(spark, [DOWN, UP], both) == [("aucun", "dette_remboursee")]
    assert levels(spark, [UP, DOWN], ("fort", *both[1:])) == [("fort", None)]  # the second is not looked at
    assert levels(spark, [], both) == [("modere", None)]


def test_a_rule_holds_from_its_first_to_its_last_month(spark: SparkSession) -> None:
    row = ("aucun", DEBT, 21.0, 100.0, 50.0)
    dated = [replace(UP, since=JANUARY), replace(UP, until=JANUARY)]
    outside = [replace(UP, since=date(2026, 2, 1)), replace(UP, until=date(2025, 12, 1))]
    assert [levels(spark, [rule], row)[0][0] for rule in (*dated, *outside)] == ["modere", "modere", "aucun", "aucun"]


def test_a_rule_names_its_signals() -> None:
    assert UP.signals == ("cotisation_mean12m", "dette_diff3m")
    assert Rule("r", True, "coalesce(a1, 0) <> 2.5 AND not b is null or greatest(a1,c)>=-1", "").signals == (
        "a1",
        "b",
        "c",
    )


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("dette ! 1", "cannot read '! 1'"),
        ("dette > '1'", "cannot read ''1''"),
        ("dette; drop table x", "cannot read '; drop table x'"),
        ("dette > 1e5", "cannot read '1e5'"),
        ("(select max(dette) from x)", "unknown signal 'from'"),
        ("dete > 1", "unknown signal 'dete'"),
        ("reflect(dette) > 1", "unknown signal 'reflect'"),
    ],
)
def test_what_is_no_condition_on_signals_is_one_clear_line(condition: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        usable([Rule("r", True, condition, "")], ["dette"], ["dette"])
    assert str(error.value).startswith("rule 'r': ") and said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("condition", ["dette > > 1", "dette + 1", "dette 1", "(dette > 1"])
def test_what_spark_cannot_read_as_a_condition_is_one_clear_line(spark: SparkSession, condition: str) -> None:
    signals = spark.createDataFrame([(1.0,)], "dette float")
    with pytest.raises(ConfigurationError) as error:
        check_conditions([Rule("r", True, condition, "")], signals)
    assert str(error.value).startswith(f"rule 'r': '{condition}' is not a condition: ")
    assert "\n" not in str(error.value)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two rules of one name"):
        usable([UP, UP], UP.signals, UP.signals)


def test_the_rules_of_the_project_can_be_applied_and_wait_for_their_family(spark: SparkSession) -> None:
    settings, said = load_settings("test"), []
    every = sorted({name for rule in settings.adjustments for name in rule_of(rule).signals})
    signals = spark.createDataFrame([], ", ".join(f"{name} float" for name in every))
    assert [rule.name for rule in rules_in_use(settings, signals, said.append)] == [
        r.name for r in settings.adjustments
    ]
    assert said == []
    without = signals.drop("apart_heures_consommees_part12m")
    assert [rule.up for rule in rules_in_use(settings, without, said.append)] == [True, False]
    assert said == [
        "rule 'activite_partielle_longue' is left out: signals/entreprise has no apart_heures_consommees_part12m, its "
        "family is switched off"
    ]
