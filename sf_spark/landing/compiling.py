"""Compile the kernels, once for a machine: python -m sf_spark.landing.compiling.

Numba keeps what it has compiled beside the code. Set-up does this, so that no job waits for it.
"""

import tempfile
from datetime import date
from pathlib import Path

import polars as pl

from sf_spark.landing.header import read_header
from sf_spark.landing.range_task import RangeTask
from sf_spark.landing.ranges import ranges_of
from sf_spark.landing.reading import read_range
from sf_spark.landing.recognition import recognise
from sf_spark.landing.rules import Rules
from sf_spark.landing.source import Layout, Source


def compile_kernels() -> int:
    """Read a small wide file, which uses every kernel; return the number of its facts."""

    def clean() -> Rules:
        number = pl.col("montant").cast(pl.Float64, strict=False)
        day = pl.lit(date(2024, 1, 1))
        return Rules({"siret": pl.col("siret"), "montant": number, "jour": day, "grand": number > 1})

    def known_on() -> pl.Expr:
        return pl.col("periode")

    layouts = (Layout("any", ("siret", "montant")),)
    source = Source("any", "any", ".*", ";", layouts, "siret", ("siret",), clean, known_on, wide="eff")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_text('siret;montant;eff202311\n01234567800011;1;2\n"01234567800029";;3\nx;y\n', encoding="utf-8")
        where = (str(path), path.name, "")
        header = read_header(*where)  # type: ignore[arg-type]
        (part,) = ranges_of(str(path), "", "utf-8", header, False, 1 << 20)
        return len(read_range(RangeTask(*where, "utf-8", recognise(source, header), part)).names)  # type: ignore[arg-type]


if __name__ == "__main__":
    compile_kernels()
