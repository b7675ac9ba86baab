"""Sections and divisions of both nomenclatures."""

import csv
from importlib.resources import files

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain import naf


def ask(spark: SparkSession, rule: Column, values: list, kind: str = "string") -> list:
    frame = spark.createDataFrame([(value,) for value in values], f"x {kind}").coalesce(1)
    return [row[0] for row in frame.select(rule).collect()]


def test_the_sizes_of_both_nomenclatures() -> None:
    assert [len(naf.sections(one)) for one in naf.NOMENCLATURES] == [21, 22]
    assert [len(naf.divisions(one)) for one in naf.NOMENCLATURES] == [88, 87]
    assert naf.divisions("naf_rev2") - naf.divisions("naf2025") == {45}
    assert "".join(some.letter for some in naf.sections("naf2025")) == naf.LETTERS


def test_no_division_is_in_two_sections() -> None:
    for nomenclature in naf.NOMENCLATURES:
        some = naf.sections(nomenclature)
        assert all(one.last < other.first for one, other in zip(some, some[1:], strict=False))


def test_the_sections_of_rev_2_are_called_as_in_the_whole_table() -> None:
    lines = files("sf_spark.domain").joinpath("naf_rev2.csv").read_text(encoding="utf-8").splitlines()
    labels = {row["code"]: row["libelle"] for row in csv.DictReader(lines, delimiter=";") if len(row["code"]) == 1}
    assert {some.letter: some.label for some in naf.sections("naf_rev2")} == labels


LETTERS = {  # activity -> letter in NAF rev. 2, in NAF 2025
    "01.11Z": ("A", "A"),
    "33.20D": ("C", "C"),
    "45.11Z": ("G", None),
    "46.71Y": ("G", "G"),
    "58.11Y": ("J", "J"),
    "61.10Y": ("J", "K"),
    "64.91Y": ("K", "L"),
    "68.20B": ("L", "M"),
    "84.11Y": ("O", "P"),
    "99.00Y": ("U", "V"),
    "04.10Z": (None, None),  # no such division
    "": (None, None),
    None: (None, None),
}


@pytest.mark.parametrize("rank", [0, 1])
def test_a_letter_belongs_to_its_nomenclature(spark: SparkSession, rank: int) -> None:
    letter = naf.section_letter(F.col("x"), naf.NOMENCLATURES[rank])
    assert ask(spark, letter, list(LETTERS)) == [letters[rank] for letters in LETTERS.values()]


def test_labels_are_french_and_those_of_the_nomenclature(spark: SparkSession) -> None:
    letters = ["J", "K", "V", "Z", "", None]
    found = [ask(spark, naf.section_label(F.col("x"), one), letters) for one in naf.NOMENCLATURES]
    assert found[0] == ["Information et communication", "Activités financières et d'assurance", None, None, None, None]
    assert found[1][0] == "Édition, diffusion, production et distribution de contenus"
    assert found[1][2:] == ["Activités extra-territoriales", None, None, None]


def test_ranks_and_letters_are_each_others_inverse(spark: SparkSession) -> None:
    assert ask(spark, naf.section_rank(F.col("x")), ["A", "I", "U", "V", "W", "AB", "", None]) == [
        *(1, 9, 21, 22, None, None, None, None)
    ]
    ranks = [0.0, 1.0, 9.0, 21.0, 22.0, 23.0, None]
    assert ask(spark, naf.letter_of(F.col("x")), ranks, "double") == [None, "A", "I", "U", "V", None, None]


def test_divisions_are_numbers(spark: SparkSession) -> None:
    codes = ["62.01Z", "01.11Z", "62", "6", "", "+6201Z", "A62", None]
    assert ask(spark, naf.division(F.col("x")), codes) == [62, 1, 62, None, None, None, None, None]


def test_an_activity_is_in_a_division_a_group_or_a_class(spark: SparkSession) -> None:
    rows = [("55.10Z", part) for part in ("55", "55.1", "55.10", "55.10Z", "5", "56", "55.2", "5510Z", None)]
    frame = spark.createDataFrame(rows, "code string, part string").coalesce(1)
    found = [row[0] for row in frame.select(naf.begins_with(F.col("code"), F.col("part"))).collect()]
    assert found == [True, True, True, True, False, False, False, False, None]
