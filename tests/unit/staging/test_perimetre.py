"""The perimeter: threshold, window of published months, exclusions."""

from datetime import date

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.settings import load_settings
from sf_spark.staging.perimetre import PerimeterRules, excluded, large_enough, perimeter

JANUARY = index_of(date(2024, 1, 1))
RULES = PerimeterRules(effectif=10, months=3)


def headcounts(spark: SparkSession, companies: dict[str, list[int | None]]):
    rows = [
        (siren, start_of(JANUARY + rank), value)
        for siren, values in companies.items()
        for rank, value in enumerate(values)
        if value is not None
    ]
    return spark.createDataFrame(rows, "siren string, periode date, effectif int")


def sirens(frame) -> set[str]:
    return {row["siren"] for row in frame.collect()}


def test_the_threshold_must_be_reached_in_the_window(spark: SparkSession) -> None:
    companies = {"out": [10, 9, 4, 7, 5], "older": [10, 20, 4, 7, 5], "in": [10, 9, 12, 7, 5], "at": [1, 1, 1, 1, 10]}
    assert sirens(large_enough(headcounts(spark, companies), RULES)) == {"in", "at"}


@pytest.mark.parametrize(
    ("values", "inside"),
    [([10, 9, 12, None, None], True), ([10, 9, 5, None, None], True), ([9, 9, 5, None, None], False)],
)
def test_months_that_nobody_published_do_not_count(spark: SparkSession, values: list, inside: bool) -> None:
    assert sirens(large_enough(headcounts(spark, {"a": values}), RULES)) == ({"a"} if inside else set())


def test_months_that_others_published_do_count(spark: SparkSession) -> None:
    companies = {"a": [10, 9, 5, None, None], "b": [10, 9, 12, None, None], "other": [1, 1, 1, 1, 1]}
    assert sirens(large_enough(headcounts(spark, companies), RULES)) == {"b"}


def test_exclusions_are_data(spark: SparkSession) -> None:
    panel = load_settings("test").panel
    assert len(panel.categories_juridiques) == 17 and "85.42Z" in panel.activites and len(panel.activites) == 41
    rules = PerimeterRules(10, 3, panel.categories_juridiques, panel.activites, panel.siege_en_france)
    companies = spark.createDataFrame(
        [("town", "7210", "84.11Z"), ("school", "5710", "85.20Z"), ("firm", "5710", "62.01Z"), ("new", None, None)],
        "siren string, categorie_juridique string, ape string",
    )
    assert sirens(excluded(companies, rules)) == {"town", "school"}
    sites = spark.createDataFrame(
        [("firm", True, "75"), ("new", True, None), ("town", True, "75"), ("school", False, "75")],
        "siren string, siege boolean, departement string",
    )
    counted = headcounts(spark, {siren: [20] for siren in ("town", "school", "firm", "new")})
    assert sirens(perimeter(counted, companies, sites, rules)) == {"firm"}
    assert sirens(perimeter(counted, companies, None, rules)) == {"firm", "new"}  # no register, nobody excluded by it
    assert sirens(perimeter(counted, None, None, rules)) == {"town", "school", "firm", "new"}
