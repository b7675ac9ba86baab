"""Departments, regions and size classes."""

import csv
from collections.abc import Sequence
from importlib.resources import files

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain import territories as t


def ask(spark: SparkSession, rule: Column, name: str, kind: str, values: Sequence[object]) -> list[object]:
    frame = spark.createDataFrame([(value,) for value in values], f"{name} {kind}").coalesce(1)
    return [row[0] for row in frame.select(rule).collect()]


def test_departments_on_the_mainland_in_corsica_and_overseas(spark: SparkSession) -> None:
    codes = ["01", "75", "2A", "2B", "971", "974", "976"]
    department = F.col("departement")
    assert ask(spark, t.department_label(department), "departement", "string", codes) == [
        *("Ain", "Paris", "Corse-du-Sud", "Haute-Corse", "Guadeloupe", "La Réunion", "Mayotte")
    ]
    assert ask(spark, t.region_code(department), "departement", "string", codes) == [
        *("84", "11", "94", "94", "01", "04", "06")
    ]
    assert ask(spark, t.region_label(department), "departement", "string", codes) == [
        *("Auvergne-Rhône-Alpes", "Île-de-France", "Corse", "Corse", "Guadeloupe", "La Réunion", "Mayotte")
    ]


def test_places_without_a_region_stay_unknown(spark: SparkSession) -> None:
    # Saint-Pierre-et-Miquelon and New Caledonia are in no region; 20 is what Corsica was; 1 has lost its zero
    codes = ["975", "988", "20", "1", "", None]
    for rule in (t.department_label, t.region_code, t.region_label):
        assert ask(spark, rule(F.col("departement")), "departement", "string", codes) == [None] * 6


def test_the_table_holds_101_departments_in_18_regions() -> None:
    rows = list(csv.DictReader(files(t.__package__).joinpath("departements.csv").open(encoding="utf-8"), delimiter=";"))
    assert len({row["departement"] for row in rows}) == len(rows) == 96 + 5
    assert len({row["region"] for row in rows}) == len({row["region_libelle"] for row in rows}) == 13 + 5


def test_regions_of_before_2016_are_parts_of_todays() -> None:
    today, before = t.departments_of_regions(), t.departments_of_former_regions()
    assert (len(today), len(before)) == (13 + 5, 22 + 5)
    assert sum(map(len, before.values())) == sum(map(len, today.values())) == 101
    assert all(sum(old <= new for new in today.values()) == 1 for old in before.values())
    assert before["Franche-Comté"] == {"25", "39", "70", "90"}
    assert today["Grand Est"] == before["Alsace"] | before["Lorraine"] | before["Champagne-Ardenne"]
    assert today["Corse"] == before["Corse"] == {"2A", "2B"}


def test_overseas_are_departments_and_collectivities() -> None:
    assert t.departments() == {*t.regions(), "975", "977", "978"}
    assert all(set(codes) <= set(t.OVERSEAS_GROUPS["Outre-mer"]) for codes in t.OVERSEAS_GROUPS.values())


def test_size_classes_at_their_bounds(spark: SparkSession) -> None:
    sizes = [0, 9, 10, 19, 20, 49, 50, 99, 100, 249, 250, 12_000, None]
    assert ask(spark, t.size_class(F.col("effectif")), "effectif", "int", sizes) == [
        *("0-9", "0-9", "10-19", "10-19", "20-49", "20-49", "50-99", "50-99"),
        *("100-249", "100-249", "250+", "250+", None),
    ]
