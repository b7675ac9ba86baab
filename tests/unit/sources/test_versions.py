"""Versions of facts: the before/after table of the module, line by line."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.columns import fingerprint
from sf_spark.sources.reading import content_columns
from sf_spark.sources.versions import (
    IDENTITY,
    appeared,
    compare,
    identify,
    known_date,
    repeated,
    supersede,
    withdrawn,
)


def delivery(spark: SparkSession, *rows: tuple[str, int | None, int]) -> DataFrame:
    """Facts as (key, value, hash of the raw line); the line number is the rank."""
    numbered = [(*row, "file", line) for line, row in enumerate(rows, start=2)]
    frame = spark.createDataFrame(numbered, "key string, value int, _raw_hash long, _file string, _line long")
    return identify(hashed(frame))


def hashed(lines: DataFrame) -> DataFrame:
    return lines.withColumns(fingerprint(content_columns(lines)))


def found_in(lines: DataFrame) -> list[tuple[int, int]]:
    return [(row["_first"], row["_second"]) for row in repeated(lines).collect()]


def values(frame: DataFrame) -> list[tuple[str, int | None]]:
    return sorted((row["key"], row["value"]) for row in frame.collect())


def test_a_snapshot_stores_what_changed_and_ends_what_is_gone(spark: SparkSession) -> None:
    first = delivery(spark, ("A", 10, 1), ("B", 5, 2))
    second = delivery(spark, ("A", 12, 3), ("B", 5, 2), ("C", 1, 4))
    current = first.withColumn("_batch", F.lit("2401"))
    changes = compare(second, current, whole=True)
    assert values(appeared(changes)) == [("A", 12), ("C", 1)]
    assert withdrawn(compare(second, current, whole=False), date(2024, 2, 20)).count() == 0
    ended = withdrawn(changes, date(2024, 2, 20)).collect()
    assert [row["superseded_on"] for row in ended] == [date(2024, 2, 20)]
    assert ended[0][IDENTITY] == first.where("key = 'A'").first()[IDENTITY]


def test_only_the_row_in_force_ends_when_a_fact_came_back(spark: SparkSession) -> None:
    january, june = date(2024, 1, 20), date(2024, 6, 20)
    schema = f"{IDENTITY} string, superseded_on date"
    stored = spark.createDataFrame([("A", january), ("A", None), ("B", None)], schema)
    ended = spark.createDataFrame([("A", june)], schema)
    found = supersede(stored, ended).collect()
    assert sorted((r[IDENTITY], str(r["superseded_on"])) for r in found) == [
        ("A", "2024-01-20"),
        ("A", "2024-06-20"),
        ("B", "None"),
    ]


def test_equal_facts_of_different_lines_are_kept_and_identical_lines_count_once(spark: SparkSession) -> None:
    # Lines 2 and 4 are the same bytes; line 3 differs only in a column that is not read.
    facts = delivery(spark, ("A", 10, 1), ("A", 10, 9), ("A", 10, 1))
    assert values(facts) == [("A", 10), ("A", 10)]
    assert len({row[IDENTITY] for row in facts.collect()}) == 2


def test_facts_of_a_wide_line_are_named_as_those_of_many_lines_are(spark: SparkSession) -> None:
    """Each line holds several values; read one by one, the same values are told apart, repeats included."""
    wide = [
        ("A", [1, 2], 10, 2),  # alone
        ("B", [1, 1], 11, 3),  # alone, with one value twice: one line says it, so it is said once
        ("C", [3, 4], 12, 4),
        ("C", [4, 5], 13, 5),  # another line of C, which repeats one value
        ("C", [3, 4], 12, 6),  # the same bytes as line 4
        (None, [6], 14, 7),
        ("D", [], 15, 8),
    ]
    schema = "key string, _tuples array<struct<value: int>>, _raw_hash long, _line long, _file string"
    lines = hashed(
        spark.createDataFrame([(key, [(v,) for v in vs], raw, line, "f") for key, vs, raw, line in wide], schema)
    )
    long = [(key, v, raw, line, "f") for key, vs, raw, line in wide for v in vs]
    one_by_one = hashed(spark.createDataFrame(long, "key string, value int, _raw_hash long, _line long, _file string"))
    several = found_in(lines)
    assert len(several) == 2  # B and C
    assert named(identify(lines, several)) == named(identify(lines))
    assert told_apart(identify(lines, several)) == told_apart(identify(one_by_one))
    assert len({name for name, *_ in named(identify(lines, several))}) == len(told_apart(identify(one_by_one)))
    c = identify(lines, several).where("key = 'C'").collect()
    found = [(row["key"], row["value"], row[IDENTITY]["rank"]) for row in c]
    assert sorted(found) == [("C", 3, 1), ("C", 4, 1), ("C", 4, 2), ("C", 5, 1)]


def test_only_contents_that_are_repeated_need_to_be_in_order(spark: SparkSession) -> None:
    rows = [("A", 10, 1), ("A", 10, 9), ("A", 10, 1), ("A", None, 2), ("B", 10, 3), (None, None, 4), (None, None, 4)]
    numbered = [(*row, "file", line) for line, row in enumerate(rows, start=2)]
    schema = "key string, value int, _raw_hash long, _file string, _line long"
    lines = hashed(spark.createDataFrame(numbered, schema))
    several = found_in(lines)
    assert len(several) == 2  # (A, 10) and (null, null)
    facts = named(identify(lines, several))
    assert facts == named(identify(lines))
    assert sorted((key or "", value or 0, rank) for (*_, rank), key, value in facts) == [
        *(("", 0, 1), ("A", 0, 1), ("A", 10, 1), ("A", 10, 2), ("B", 10, 1))
    ]
    alone = lines.where("_line in (2, 5, 6, 7)")
    assert found_in(alone) == []
    assert named(identify(alone, [])) == named(identify(alone))


def named(facts: DataFrame) -> list[tuple[tuple[int, int, int], str | None, int | None]]:
    return sorted((tuple(row[IDENTITY]), row["key"], row["value"]) for row in facts.collect())


def told_apart(facts: DataFrame) -> list[tuple[str, int, int]]:
    return sorted((row["key"] or "", row["value"], row[IDENTITY]["rank"]) for row in facts.collect())


def test_the_same_facts_in_another_order_are_the_same_versions(spark: SparkSession) -> None:
    one = delivery(spark, ("A", 10, 1), ("A", 10, 9), ("B", None, 2))
    other = delivery(spark, ("B", None, 2), ("A", 10, 9), ("A", 10, 1))
    assert compare(other, one.withColumn("_batch", F.lit("2401")), whole=True).count() == 0


def test_null_and_a_shifted_value_are_not_the_same_fact(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("x", None), (None, "x")], "a string, b string")
    located = frame.select("*", F.lit(1).alias("_raw_hash"), F.lit("f").alias("_file"), F.lit(2).alias("_line"))
    assert len({row[IDENTITY] for row in identify(hashed(located)).collect()}) == 2


def test_a_first_delivery_follows_the_rule_and_a_later_one_its_own_date(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(date(2023, 5, 1),), (date(2024, 9, 1),)], "rule date")
    batch_day = date(2024, 3, 20)
    first = [r[0] for r in frame.select(known_date(F.col("rule"), batch_day, first_delivery=True)).collect()]
    later = [r[0] for r in frame.select(known_date(F.col("rule"), batch_day, first_delivery=False)).collect()]
    assert first == [date(2023, 5, 1), batch_day]  # what has been delivered is known
    assert later == [batch_day, batch_day]
