"""A short campaign of the fuzzer, and proof that it sees what it should."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sf_spark.landing import numbers
from sf_spark.sources import SOURCES
from tests.fuzz.campaign import campaign
from tests.fuzz.layouts import LAYOUTS, layouts_of
from tests.fuzz.oracle import judge


def test_every_layout_is_fuzzed_in_the_order_in_which_it_is_tried() -> None:
    tried = [(source.name, layout.name) for source in SOURCES for layout in source.layouts]
    fuzzed = [(layout.source, layout.layout) for layout in LAYOUTS]
    assert sorted(fuzzed) == sorted(tried)
    for source in SOURCES:
        assert [layout.layout for layout in layouts_of(source.name)] == [layout.name for layout in source.layouts]


def test_some_damaged_files_are_read_as_the_oracle_says(spark: SparkSession, tmp_path: Path) -> None:
    some = [*layouts_of("debit")[:1], *layouts_of("effectif"), *layouts_of("paydex")[:1]]
    tally = campaign(spark, tmp_path, mutations=60, seed=20260120, report=lambda text: None, groups=[some], records=100)
    assert tally.findings == []
    assert tally.mutations >= 60 and min(tally.records["accepted"], tally.records["rejected"]) > 20


@pytest.mark.long
def test_damaged_files_are_read_as_the_oracle_says(spark: SparkSession, tmp_path: Path) -> None:
    tally = campaign(spark, tmp_path, mutations=300, seed=20260120, report=lambda text: None, records=25)
    assert tally.findings == []
    assert tally.mutations >= 300 and min(tally.records["accepted"], tally.records["rejected"]) > 100


def test_a_bent_value_is_seen(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "euros", lambda centimes: centimes * 0.01)  # 2969.45 becomes 2969.4500000000003
    debit = layouts_of("debit")[:1]
    tally = campaign(
        spark, tmp_path, mutations=200, seed=20260120, report=lambda text: None, groups=[debit], records=150
    )
    assert tally.findings


def test_the_oracle_reads_worked_lines() -> None:
    debit = layouts_of("debit")
    good = "939;27;c;012345678;01234567800011;20150708;5;0;201712;659;9;990505;195907;864497;3;74;0"
    text = "\n".join([debit[0].header, good, good.replace("939", '9"39'), "", good + ";", '"x\n' + good])
    verdict = judge(debit, "sigfaible_debits.csv", text.encode())
    assert [(fate.line, fate.outcome.kind) for fate in verdict.fates] == [
        (2, "accepted"),
        (3, "rejected"),
        (5, "rejected"),
        (6, "rejected"),
    ]
    assert verdict.fates[0].outcome.facts[0]["part_ouvriere"] == 1959.07
    assert judge(debit, "sigfaible_debits.csv", b"\xef\xbb\xbf" + text.encode()).failure
    assert judge(debit, "sigfaible_debits.csv.gz", text.encode()).failure
