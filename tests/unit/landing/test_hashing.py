"""Fingerprints are the bits of Spark's xxhash64; numbers are valid as Luhn and INSEE say."""

import random
from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest
from pyspark.sql import SparkSession

from sf_spark.landing.hashing import (
    fingerprints,
    hash_months,
    hash_spans,
    hash_texts,
    look_at_numbers,
    string_views,
)
from sf_spark.landing.machine import SPARE

ROWS = 1500
SCHEMA = {"t": pl.String, "i": pl.Int32, "d": pl.Float64, "day": pl.Date, "b": pl.Boolean, "l": pl.Int64}
LENGTHS = (0, 1, 3, 4, 5, 7, 8, 11, 12, 13, 20, 31, 32, 33, 50, 63, 64, 70)
EPOCH = date(1970, 1, 1).toordinal()


def drawn(seed: int, null_share: float = 0.1) -> pl.DataFrame:
    seeded = random.Random(seed)

    def column(value: Callable[[], object]) -> list[object]:
        return [None if seeded.random() < null_share else value() for _ in range(ROWS)]

    return pl.DataFrame(
        {
            "t": column(lambda: "".join(seeded.choices("abcé€0", k=seeded.choice(LENGTHS)))),
            "i": column(lambda: seeded.choice([0, -1, 2**31 - 1, -(2**31), seeded.randrange(-(2**31), 2**31)])),
            "d": column(lambda: seeded.choice([0.0, -0.0, 1.5, -1e14, 5e-324, seeded.random()])),
            "day": column(lambda: date(seeded.randrange(1, 10000), seeded.randrange(1, 13), 1)),
            "b": column(lambda: seeded.random() < 0.5),
            "l": column(lambda: seeded.randrange(-(2**63), 2**63)),
        },
        schema=SCHEMA,
    )


def by_spark(spark: SparkSession, frame: pl.DataFrame, *expressions: str) -> list[list[int]]:
    """Columns of 64-bit hashes, by SQL."""
    numbered = frame.with_columns(rank=pl.int_range(pl.len()))
    rows = (
        spark.createDataFrame(numbered.to_arrow(compat_level=pl.CompatLevel.oldest()))
        .selectExpr("rank", *expressions)
        .orderBy("rank")
        .collect()
    )
    return [[row[place] for row in rows] for place in range(1, len(expressions) + 1)]


@pytest.mark.parametrize("null_share", [0.0, 0.1, 1.0])
def test_fingerprints_are_the_bits_of_sparks_xxhash64(spark: SparkSession, null_share: float) -> None:
    frame = drawn(3, null_share)
    ours = fingerprints([frame[name] for name in SCHEMA], ROWS).view(np.int64)
    everything = ", ".join(f"isnull({name}), {name}" for name in SCHEMA)
    theirs = by_spark(spark, frame, *(f"xxhash64({start}L, {everything})" for start in (1, 2)))
    assert ours.tolist() == theirs
    if null_share == 0.1:
        assert len(set(theirs[0])) == len(set(theirs[1])) == ROWS


@pytest.mark.parametrize("name", SCHEMA)
def test_each_kind_of_column_alone_and_sliced(spark: SparkSession, name: str) -> None:
    frame = drawn(5)
    theirs = by_spark(spark, frame, *(f"xxhash64({start}L, isnull({name}), {name})" for start in (1, 2)))
    assert fingerprints([frame[name]], ROWS).view(np.int64).tolist() == theirs
    inside = frame[name].slice(7, 100)  # an array with an offset into its buffer
    assert fingerprints([inside], 100).view(np.int64).tolist() == [bits[7:107] for bits in theirs]


def test_a_fingerprint_goes_on_from_another_and_with_a_month(spark: SparkSession) -> None:
    frame, entity = drawn(7), fingerprints([drawn(9)["t"]], ROWS)
    months = frame.select(
        pl.Series("first", entity[0].view(np.int64)),
        pl.Series("second", entity[1].view(np.int64)),
        pl.col("day").fill_null(date(1930, 2, 1)),
        pl.col("i").fill_null(0),
    )
    cell = "isnull(day), day, isnull(i), i"
    theirs = by_spark(spark, months, f"xxhash64(first, {cell})", f"xxhash64(second, {cell})")
    assert fingerprints([months["day"], months["i"]], ROWS, entity).view(np.int64).tolist() == theirs
    days = np.array([day.toordinal() - EPOCH for day in months["day"]], np.int32)
    assert hash_months(entity[0], entity[1], days, months["i"].to_numpy()).view(np.int64).tolist() == theirs


def test_null_and_a_shifted_value_are_not_the_same_fact() -> None:
    one = [pl.Series(["x", None], dtype=pl.String), pl.Series([None, "x"], dtype=pl.String)]
    hashes = fingerprints(one, 2)
    assert hashes[0, 0] != hashes[0, 1] and hashes[1, 0] != hashes[1, 1]
    signed = fingerprints([pl.Series([0.0, -0.0, 1.0])], 3)
    assert [bits[0] == bits[1] for bits in signed] == [True, True]  # as they are one number
    assert [bits[0] == bits[2] for bits in signed] == [False, False]


def test_texts_and_records_are_hashed_as_spark_hashes_text(spark: SparkSession) -> None:
    frame = drawn(11, null_share=0).select("t")
    (theirs,) = by_spark(spark, frame, "xxhash64(t)")
    assert hash_texts(frame["t"]).view(np.int64).tolist() == theirs
    seeded = random.Random(13)
    texts = ["".join(seeded.choices("ab;\r\n", k=seeded.randint(0, 60))) for _ in range(ROWS)]
    assert sum("\r\n" in text for text in texts) > ROWS // 2
    block, spans = bytearray(), []
    for text in texts:
        spans.append((len(block), len(block) + len(text)))
        block += text.encode() + b"\n"  # a carriage return at the end of a record has one behind it, not inside
    view = np.frombuffer(block + bytes(SPARE), np.uint8)
    ours = hash_spans(view, np.uint64(view.ctypes.data), np.array(spans, np.int64)).view(np.int64)
    plain = pl.DataFrame({"t": [text.replace("\r\n", "\n") for text in texts]})
    assert [ours.tolist()] == by_spark(spark, plain, "xxhash64(t)")


def luhn(number: str) -> bool:
    doubled = (sum(divmod(2 * int(sign), 10)) if place % 2 else int(sign) for place, sign in enumerate(number[::-1]))
    return sum(doubled) % 10 == 0


def valid(number: str) -> bool:
    """The digits of a SIRET of La Poste (SIREN 356000000) may add up to a multiple of 5 instead of satisfying Luhn."""
    la_poste = len(number) == 14 and number.startswith("356000000") and sum(map(int, number)) % 5 == 0
    return luhn(number) or la_poste


def looked_at(numbers: list[str], length: int) -> list[int]:
    views, base, buffers, kept = string_views(pl.Series(numbers, dtype=pl.String))
    found = look_at_numbers(views, base, buffers, length).tolist()
    del kept
    return found


@pytest.mark.parametrize("length", [9, 14])
def test_numbers_are_valid_as_luhn_and_insee_say(length: int) -> None:
    seeded = random.Random(length)
    plain = ["".join(seeded.choices("0123456789", k=length)) for _ in range(3000)]
    of_la_poste = [("356000000" + "".join(seeded.choices("0123456789", k=5)))[-length:] for _ in range(1000)]
    beside = [("356000001" + "".join(seeded.choices("0123456789", k=5)))[-length:] for _ in range(1000)]
    for numbers in (plain, of_la_poste, beside):
        wanted = [valid(number) for number in numbers]
        assert looked_at(numbers, length) == [1 + 2 * is_valid for is_valid in wanted]
        assert min(sum(wanted), len(wanted) - sum(wanted)) > 30
    assert any(valid(number) and not luhn(number) for number in of_la_poste) == (length == 14)


@pytest.mark.parametrize(
    ("number", "length", "found"),
    [
        ("73282932000074", 14, 1 + 2),  # the example of the norm
        ("73282932000075", 14, 1),
        ("732829320", 9, 1 + 2),
        ("732829320", 14, 0),
        ("73282932000074", 9, 0),
        ("7328293200007a", 14, 0),
        ("7328293200007٣", 14, 0),  # a digit of another script
        ("73282932000074 ", 14, 0),
        (" 3282932000074", 14, 0),
        ("", 9, 0),
        ("35600000049837", 14, 1 + 2),  # La Poste: 3 + 5 + 6 + 4 + 9 + 8 + 3 + 7 = 45
        ("35600000000048", 14, 1 + 2),  # its head office, by Luhn
        ("35600000000001", 14, 1 + 2),  # 15
        ("35600000000002", 14, 1),  # 16
    ],
)
def test_worked_numbers(number: str, length: int, found: int) -> None:
    assert looked_at([number], length) == [found]
