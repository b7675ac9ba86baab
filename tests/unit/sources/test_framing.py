"""Lines to fields: the rules of the reference reader, and Python's csv module as an independent oracle."""

import csv
import io
import random

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.sources.framing import frame


def framed(spark: SparkSession, lines: list[str], lazy: bool) -> list[tuple[list[str], str | None]]:
    df = spark.createDataFrame(list(enumerate(lines)), "n int, line string").repartition(2)
    rows = df.select("n", frame(F.col("line"), ";", lazy).alias("f")).orderBy("n").collect()
    return [(row["f"]["fields"], row["f"]["error"]) for row in rows]


@pytest.mark.parametrize(
    ("line", "strict", "lazy"),
    [
        ("a;b", (["a", "b"], None), (["a", "b"], None)),
        ("", ([""], None), ([""], None)),
        (";", (["", ""], None), (["", ""], None)),
        (" a ; b ", ([" a ", " b "], None), ([" a ", " b "], None)),
        ('a;"b;c"', (["a", "b;c"], None), (["a", "b;c"], None)),
        ('"";x', (["", "x"], None), (["", "x"], None)),
        ('"a""b";x', (['a"b', "x"], None), (['a"b', "x"], None)),
        ('"""";x', (['"', "x"], None), (['"', "x"], None)),
        ('"a"";""b";x', (['a";"b', "x"], None), (['a";"b', "x"], None)),
        ('a;b"c', (None, "bare_quote"), (["a", 'b"c'], None)),
        ('a;b"', (None, "bare_quote"), (["a", 'b"'], None)),
        ('a;"b"c"', (None, "extraneous_quote"), (["a", 'b"c'], None)),
        ('a;"b;c', (None, "unclosed_quote"), (["a", "b;c"], None)),  # the file ends there
        ('a;"b"c;d', (None, "extraneous_quote"), (["a", 'b"c;d'], None)),
        ('a;"b\n\nc";d', (["a", "b\n\nc", "d"], None), (["a", "b\n\nc", "d"], None)),
        ('a;"b"\n', (None, "extraneous_quote"), (["a", 'b"\n'], None)),
    ],
)
def test_a_line_is_framed_by_the_rules_of_its_file(spark: SparkSession, line: str, strict: tuple, lazy: tuple) -> None:
    for expected, is_lazy in ((strict, False), (lazy, True)):
        ((fields, error),) = framed(spark, [line], is_lazy)
        assert error == expected[1]
        if expected[0] is not None:
            assert fields == expected[0]


def test_well_formed_lines_agree_with_pythons_csv_reader(spark: SparkSession) -> None:
    seeded = random.Random(7)
    rows = [
        ["".join(seeded.choices('ab;" é', k=seeded.randint(0, 6))) for _ in range(seeded.randint(2, 5))]
        for _ in range(300)
    ]
    lines = []
    for row in rows:
        text = io.StringIO()
        csv.writer(text, delimiter=";", lineterminator="").writerow(row)
        lines.append(text.getvalue())
    oracle = [next(csv.reader([line], delimiter=";", strict=True)) for line in lines]
    assert oracle == rows
    for lazy in (False, True):
        assert framed(spark, lines, lazy) == [(row, None) for row in rows]
