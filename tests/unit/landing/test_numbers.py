"""Numbers and flags as partners write them."""

import itertools
import re
import struct

import polars as pl
import pytest

from sf_spark.landing import numbers, texts

NUMBERS = {  # text: (with a decimal dot, with a decimal comma allowed)
    "12.5": (12.5, 12.5),
    "12,5": (None, 12.5),
    "-68231": (-68231.0, -68231.0),
    "+4": (4.0, 4.0),
    ".5": (0.5, 0.5),
    "5.": (5.0, 5.0),
    "1e3": (1000.0, 1000.0),
    "1,5E-1": (None, 0.15),
    "0": (0.0, 0.0),
    "007": (7.0, 7.0),
    "999999999999999": (999_999_999_999_999.0, 999_999_999_999_999.0),
    "999999999999999.9": (999_999_999_999_999.9, 999_999_999_999_999.9),
    "1000000000000000": (None, None),
    "-1e15": (None, None),
    "99999999999999999999": (None, None),
    "1e400": (None, None),
    "1e1000": (None, None),
    "1e0003": (None, None),
    "0e1000": (None, None),
    "1.234,5": (None, None),
    "1 234": (None, None),
    "1_000": (None, None),
    "1,2,3": (None, None),
    "abc": (None, None),
    "NaN": (None, None),
    "Infinity": (None, None),
    "-inf": (None, None),
    "1d": (None, None),
    "0x10": (None, None),
    "--1": (None, None),
    ".": (None, None),
    " 1": (None, None),
    "1\n": (None, None),
    "١٢": (None, None),
    "": (None, None),
}
INTEGERS = {
    "12": 12,
    "-3": -3,
    "+4": 4,
    "007": 7,
    "0" * 30 + "12": 12,
    "2147483647": 2**31 - 1,
    "-2147483648": -(2**31),
    "2147483648": None,
    "12.0": None,
    "1e3": None,
    " 12": None,
    "12\n": None,
    "١٢": None,
    "douze": None,
    "": None,
}
CUT = {
    "12.0": 12,
    "9.7": 9,
    "-9.7": -9,
    "-0.5": 0,
    "2147483647.9": 2**31 - 1,
    "2147483648": None,
    "9,7": None,
    "": None,
}
SHAPE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def read(cells: list[str], expression: pl.Expr) -> list:
    return pl.DataFrame({"text": cells}, schema={"text": pl.String}).select(expression).to_series().to_list()


TEXT = pl.col("text")


@pytest.mark.parametrize("comma", [False, True])
def test_numbers(comma: bool) -> None:
    expected = {text: values[comma] for text, values in NUMBERS.items()}
    assert dict(zip(NUMBERS, read(list(NUMBERS), numbers.number(TEXT, comma)), strict=True)) == expected
    # Among whole numbers, odd ones are read apart.
    mixed = [cell for text in NUMBERS for cell in (text, "1", "2")]
    assert read(mixed, numbers.number(TEXT, comma))[::3] == list(expected.values())
    assert read(["-0", "0", "0", "0"], numbers.number(TEXT, comma)) == [0, 0, 0, 0]


def test_doubles_are_python_s_to_the_bit() -> None:
    cells = [
        "0.1",
        "0.29",
        "4.35",
        "-0",
        "-0.0",
        "9007199254740993e-3",
        "1234567.891",
        "5e-324",
        "2.2250738585072011e-308",
    ]
    found = read(cells, numbers.number(TEXT))
    assert [struct.pack("d", value) for value in found] == [struct.pack("d", float(cell)) for cell in cells]
    assert [struct.pack("d", value) for value in read(["-0", "1", "2"], numbers.number(TEXT))][0] == struct.pack(
        "d", -0.0
    )


def test_every_short_text_is_a_number_when_it_has_the_shape_of_one() -> None:
    cells = ["".join(signs) for size in range(5) for signs in itertools.product("09.,+-eE naif_\n", repeat=size)]
    whole = re.compile("[+-]?[0-9]+")
    assert read(cells, numbers.number(TEXT)) == [
        float(cell) if SHAPE.fullmatch(cell) and abs(float(cell)) < 1e15 else None for cell in cells
    ]
    assert read(cells, numbers.integer(TEXT)) == [int(cell) if whole.fullmatch(cell) else None for cell in cells]


def test_integers() -> None:
    assert dict(zip(INTEGERS, read(list(INTEGERS), numbers.integer(TEXT)), strict=True)) == INTEGERS
    assert dict(zip(CUT, read(list(CUT), numbers.integer_from_float(TEXT)), strict=True)) == CUT


def test_no_text_is_no_number() -> None:
    for of in (numbers.number(TEXT), numbers.number(TEXT, comma=True), numbers.integer(TEXT), texts.boolean(TEXT)):
        assert read([None], of) == [None]
        assert read([], of) == []


def test_flags_and_cells() -> None:
    flags = {"1": True, "t": True, "True": True, "0": False, "FALSE": False, "tRUE": None, "oui": None, "": None}
    assert dict(zip(flags, read(list(flags), texts.boolean(TEXT)), strict=True)) == flags
    assert read(["", " ", "a"], texts.filled(TEXT)) == [None, " ", "a"]
    assert read(["B", "b", ""], texts.spelled_out(TEXT, {"B": "BIS"})) == ["BIS", None, None]
    assert read(["75056", "75056\n", "٧٥٠٥٦"], texts.matching(TEXT, r"^[0-9]{5}\z")) == ["75056", None, None]
