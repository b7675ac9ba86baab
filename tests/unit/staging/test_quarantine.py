"""Rejected lines by reason."""

from pyspark.sql import SparkSession

from sf_spark.staging.quarantine import rejects_by_reason


def test_a_line_counts_under_each_of_its_reasons_and_the_latest_is_the_example(spark: SparkSession) -> None:
    date, number = ("bad_date", "d", "'x' is not a date"), ("bad_number", "n", "'y' is not a number")
    quarantine = spark.createDataFrame(
        [
            ("debit", "2403", "f", 2, "first", [date]),
            ("debit", "2404", "f", 9, "second", [date, number]),
            ("debit", "2404", "f", 7, "third", [date]),
            ("ccsf", "2404", "g", 3, "fourth", [number]),
        ],
        "source string, _batch string, _file string, _line long, raw string, "
        "reasons array<struct<code: string, column: string, message: string>>",
    )
    rows = rejects_by_reason(quarantine).collect()
    assert [tuple(row)[:6] for row in rows] == [
        ("ccsf", "bad_number", "n", 1, "2404", "2404"),
        ("debit", "bad_date", "d", 3, "2403", "2404"),
        ("debit", "bad_number", "n", 1, "2404", "2404"),
    ]
    assert (rows[1]["message"], rows[1]["example"]) == ("'x' is not a date", "f:7 third")
