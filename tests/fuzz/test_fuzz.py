"""A short campaign of the fuzzer, and proof that it sees what it should."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.fuzz.campaign import campaign
from tests.fuzz.layouts import LAYOUTS
from tests.fuzz.oracle import fates


def test_damaged_files_are_read_as_the_oracle_says(spark: SparkSession, tmp_path: Path) -> None:
    tally = campaign(spark, tmp_path, mutations=300, seed=20260120, lines=40, report=lambda text: None)
    assert tally.findings == []
    assert tally.mutations >= 300 and min(tally.records["accepted"], tally.records["rejected"]) > 100


def test_a_bent_value_is_seen(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sf_spark import arithmetic

    monkeypatch.setattr(arithmetic, "integer", lambda text: text.try_cast("double").cast("int"))  # 1.5 becomes 1
    tally = campaign(spark, tmp_path, mutations=300, seed=20260120, lines=40, report=lambda text: None)
    assert tally.findings


def test_the_oracle_reads_worked_lines() -> None:
    debit = next(layout for layout in LAYOUTS if layout.source == "debit")
    good = "939;27;c;012345678;01234567800011;20150708;5;0;201712;659;9;990505;195907;864497;3;74;0"
    text = "\n".join([debit.header, good, good.replace("939", '9"39'), "", good + ";", '"x\n' + good])
    assert [(fate.line, fate.kind) for fate in fates(debit, text) or []] == [
        (2, "accepted"),
        (3, "rejected"),
        (5, "rejected"),
        (6, "rejected"),
    ]
