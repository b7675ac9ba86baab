"""Headcounts compared entity by entity: the table of the module, and the comparison fact by fact as an oracle."""

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from sf_spark.landing.fact_file import FactFile
from sf_spark.landing.facts import IDENTITY, names_of_months, record_of
from sf_spark.landing.hashing import fingerprints, hash_months
from sf_spark.staging.cells import CellsBucketTask, CellsTask, compare_cells, sorted_grid, stored_cells
from sf_spark.staging.comparison import BucketOutcome, BucketTask, bucket_of, compare_bucket, row_of
from sf_spark.staging.exchange import partitioned
from sf_spark.staging.stored import NamesTask, stored_names

KEY = ("siret", "numero_compte")
DAY = date(2024, 5, 20)
JANUARY, FEBRUARY, MARCH = ((date(2024, month, 1) - date(1970, 1, 1)).days for month in (1, 2, 3))
Line = tuple[str, str | None, list[int | None]]  # SIRET, account, headcounts
Row = tuple[str, str | None, int, int, int, date | None]  # SIRET, account, month, headcount, rank, superseded on


def of_entities(entities: Sequence[tuple[str, str | None]]) -> np.ndarray:
    columns = [pl.Series([entity[at] for entity in entities], dtype=pl.String) for at in range(2)]
    return fingerprints(columns, len(entities))


def delivered(lines: Sequence[Line], months: int, range_rank: int = 0, texts: Sequence[int] = ()) -> np.ndarray:
    """Lines of a file as read, each a hundred bytes after the one before."""
    records = np.empty(len(lines), record_of(months))
    records["first"], records["second"] = of_entities([line[:2] for line in lines])
    records["raw"] = texts or range(len(lines))
    records["place"] = (np.uint64(range_rank) << np.uint64(44)) + np.arange(len(lines), dtype=np.uint64) * 100 * 2**12
    for row, (*_, cells) in enumerate(lines):
        records["cells"][row] = [-1 if cell is None else cell for cell in cells]
    return records


def stored(path: Path, rows: Sequence[Row]) -> str:
    """A file of the staged table."""
    siret, account, months, values, rank, end = ([row[at] for row in rows] for at in range(6))
    entity = of_entities([(row[0], row[1]) for row in rows])
    first, second = hash_months(*entity, np.array(months, np.int32), np.array(values, np.int32))
    identity = [pa.array(first.view(np.int64)), pa.array(second.view(np.int64)), pa.array(rank, pa.int32())]
    with FactFile(str(path)) as file:
        file.add(
            pa.table(
                {
                    "siret": pa.array(siret).dictionary_encode(),
                    "numero_compte": pa.array(account, pa.string()).dictionary_encode(),
                    "periode": pa.array(months, pa.int32()).cast(pa.date32()),
                    "effectif": pa.array(values, pa.int32()),
                    "superseded_on": pa.array(end, pa.date32()),
                    "_identity": pa.StructArray.from_arrays(identity, fields=list(IDENTITY)),
                }
            )
        )
    return str(path)


Range = tuple[np.ndarray, np.ndarray]  # records, and their months


def by_entity(ranges: Sequence[Range], files: Sequence[str], buckets: int, scratch: str = "") -> list[BucketOutcome]:
    def at(name: str, rank: int) -> str:
        return f"{scratch}/{name}{rank}" if scratch else ""

    grids = [sorted_grid(*one, buckets, at("range", rank)) for rank, one in enumerate(ranges)]
    grids_in_force = [
        stored_cells(CellsTask(uri, rank, buckets, DAY, KEY, at("file", rank))) for rank, uri in enumerate(files)
    ]
    return [
        compare_cells(
            CellsBucketTask(bucket, grids, grids_in_force, len(grids), len(files), not files, "named", scratch)
        )
        for bucket in range(buckets)
    ]


def fact_by_fact(ranges: Sequence[Range], files: Sequence[str]) -> list[BucketOutcome]:
    """The oracle: the comparison of files that are not wide."""
    names = [names_of_months(*one)[0] for one in ranges]
    parts = [partitioned(one, bucket_of(one["first"], 1), 1) for one in names]
    names_in_force = [stored_names(NamesTask(uri, rank, 1, DAY, "")).parts for rank, uri in enumerate(files)]
    return [compare_bucket(BucketTask(0, parts, names_in_force, (), len(ranges), len(files), not files, ""))]


def summary(outcomes: Sequence[BucketOutcome], ranges: int, files: int) -> dict[str, object]:
    def joined(what: str, parts: int) -> list[list[object]]:
        return [sorted(x for o in outcomes for x in getattr(o, what).part(at).tolist()) for at in range(parts)]

    counts = {name: sum(getattr(o, name) for o in outcomes) for name in ("new", "unchanged", "delivered")}
    return counts | {"picks": joined("picks", ranges), "absent": joined("absent", files)}


def test_the_table_of_the_module(tmp_path: Path) -> None:
    months = np.array([JANUARY, FEBRUARY, MARCH], np.int32)
    lines: list[Line] = [("A", "1", [10, 12, None]), ("B", None, [None, 5, 5])]
    file = stored(
        tmp_path / "a.parquet",
        [
            ("A", "1", JANUARY, 10, 1, None),
            ("A", "1", FEBRUARY, 11, 1, None),
            ("B", None, FEBRUARY, 5, 1, None),
            ("C", "1", JANUARY, 7, 1, None),
            ("C", "1", FEBRUARY, 7, 1, DAY),  # ended by this delivery in an earlier run
            ("C", "1", MARCH, 7, 1, date(2024, 4, 20)),
        ],
    )
    records = delivered(lines, 3)
    found = summary(by_entity([(records, months)], [file], 1), 1, 1)
    a, b = records["place"].tolist()
    assert found["picks"] == [[(a + 1, 1), (b + 2, 1)]]
    assert found["absent"] == [[1, 3, 4]]  # rows of the file; C's March had ended before
    assert (found["new"], found["unchanged"], found["delivered"]) == (2, 2, 4)


def test_of_an_entity_on_two_lines_each_fact_counts_as_often_as_lines_differ() -> None:
    months, lines = np.array([JANUARY], np.int32), [("A", "1", [10]), ("A", "1", [10]), ("A", "1", [10])]
    records = delivered(lines, 1, texts=(7, 9, 7))  # the first and the third are byte-identical
    found = summary(by_entity([(records, months)], [], 1), 1, 0)
    places = records["place"].tolist()
    assert found == {
        "picks": [[(places[1], 2), (places[2], 0)]],
        "absent": [],
        "new": 2,
        "unchanged": 0,
        "delivered": 2,
    }


def drawn_lines(drawn: random.Random, months: int) -> list[Line]:
    return [
        (
            f"{drawn.randrange(12):014d}",
            drawn.choice((None, "1", "2")),
            [drawn.choice((None, 0, 1, 2)) for _ in range(months)],
        )
        for _ in range(drawn.randrange(12))
    ]


def drawn_rows(drawn: random.Random) -> list[Row]:
    """Mostly one fact a month, entity by entity; some are scattered, repeated, or have another rank."""
    rows: list[Row] = []
    for site in drawn.sample(range(12), drawn.randrange(12)):
        account = drawn.choice((None, "1", "2"))
        for month in sorted(drawn.sample((JANUARY, FEBRUARY, MARCH), drawn.randrange(4))):
            end = drawn.choice((None, None, None, DAY, date(2024, 4, 20)))
            rows.append((f"{site:014d}", account, month, drawn.randrange(3), drawn.choice((1, 1, 1, 1, 1, 2)), end))
    if drawn.random() < 0.4:
        rows += [(*row[:4], drawn.choice((1, 2)), row[5]) for row in drawn.sample(rows, min(2, len(rows)))]
    if drawn.random() < 0.2:
        drawn.shuffle(rows)
    return rows


@pytest.mark.parametrize("seed", range(60))
def test_entity_by_entity_finds_what_fact_by_fact_finds(seed: int, tmp_path: Path) -> None:
    drawn = random.Random(seed)
    headers = [[JANUARY, FEBRUARY, MARCH], [MARCH, JANUARY], [FEBRUARY], [JANUARY, FEBRUARY, JANUARY]]
    ranges = []
    for rank in range(drawn.randrange(1, 4)):
        months = drawn.choice(headers)
        lines = drawn_lines(drawn, len(months))
        texts = [drawn.randrange(3) for _ in lines]
        ranges.append((delivered(lines, len(months), rank, texts), np.array(months, np.int32)))
    rows = [some for _ in range(drawn.randrange(3)) if (some := drawn_rows(drawn))]
    files = [stored(tmp_path / f"{rank}.parquet", some) for rank, some in enumerate(rows)]
    scratch = str(tmp_path / "scratch") if seed % 2 else ""
    expected = summary(fact_by_fact(ranges, files), len(ranges), len(files))
    named = {int(month) for _, months in ranges for month in months}
    expected["absent"] = [  # facts of months that no header names are not absent
        [place for place in places if some[row_of(np.array([place], np.uint64))[0]][2] in named]
        for places, some in zip(expected["absent"], rows, strict=True)  # type: ignore[call-overload]
    ]
    assert summary(by_entity(ranges, files, drawn.choice((1, 4)), scratch), len(ranges), len(files)) == expected


def test_a_month_that_the_header_does_not_name_is_not_absent(tmp_path: Path) -> None:
    file = stored(tmp_path / "a.parquet", [("A", "1", month, 10, 1, None) for month in (JANUARY, FEBRUARY, MARCH)])
    months = np.array([JANUARY, MARCH], np.int32)
    found = summary(by_entity([(delivered([("A", "1", [10, None])], 2), months)], [file], 1), 1, 1)
    assert found["absent"] == [[2]]  # March is empty; February is not in the header
    assert (found["new"], found["unchanged"], found["delivered"]) == (0, 1, 1)
