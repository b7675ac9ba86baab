"""Physical line numbers, whatever the line ends and however Spark splits the file."""

from pathlib import Path

from pyspark.sql import SparkSession

from sf_spark.io.files import DeliveredFile
from sf_spark.io.lines import numbered_lines


def delivered(path: Path, content: bytes) -> DeliveredFile:
    path.write_bytes(content)
    return DeliveredFile(path, "2403", "", len(content))


def test_blank_lines_are_left_out_and_numbers_are_those_of_an_editor(spark: SparkSession, tmp_path: Path) -> None:
    file = delivered(tmp_path / "a.csv", b"\nheader\r\n\r\nx\ry\r\n \nlast")
    lines = numbered_lines(spark, file, 2).orderBy("_line").collect()
    # A lone carriage return is a character of its line; a line of one blank is not blank.
    assert [(row["_line"], row["_raw"]) for row in lines] == [(4, "x\ry"), (5, " "), (6, "last")]


def test_numbers_hold_when_the_file_is_read_in_many_pieces(spark: SparkSession, tmp_path: Path) -> None:
    count = 5000
    content = "header\n" + "".join(f"{n}{';' * (n % 40)}\n" for n in range(2, count + 2))
    file = delivered(tmp_path / "a.csv", content.encode())
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(len(content) // 7))
    try:
        lines = numbered_lines(spark, file, 1)
        assert lines.rdd.getNumPartitions() > 3
        found = lines.collect()
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
    assert len(found) == count
    assert all(row["_raw"].split(";")[0] == str(row["_line"]) for row in found)
