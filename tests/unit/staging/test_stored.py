"""Files of a staged table: names for a comparison, rewritten when facts end, leave, or get another date."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sf_spark.landing.fact_file import FactFile
from sf_spark.landing.facts import IDENTITY
from sf_spark.staging.comparison import bucket_of, file_of, row_of, stored_place
from sf_spark.staging.exchange import partitioned
from sf_spark.staging.stored import Edited, EditTask, NamesTask, Rows, edit_file, stored_names

MARCH, APRIL, MAY = date(2024, 3, 20), date(2024, 4, 20), date(2024, 5, 20)
Fact = tuple[str, str, date, date | None]  # SIREN, file, known on, superseded on
FACTS: list[Fact] = [
    ("111111111", "a.csv", MARCH, None),
    ("222222222", "b.csv", MARCH, APRIL),
    ("333333333", "a.csv", MARCH, MAY),
    ("444444444", "b.csv", APRIL, None),
]


def stored_file(path: Path, facts: Sequence[Fact] = FACTS) -> str:
    """A file of a table, as facts are written."""
    sirens, files, known, superseded = ([fact[at] for fact in facts] for at in range(4))
    halves = [pa.array([-(int(siren) << 30) for siren in sirens]), pa.array([int(siren) for siren in sirens])]
    identity = pa.StructArray.from_arrays([*halves, pa.array([1] * len(facts), pa.int32())], fields=list(IDENTITY))
    table = pa.table(
        {
            "siren": sirens,
            "_file": pa.array(files).dictionary_encode(),
            "known_on": pa.array(known, pa.date32()),
            "superseded_on": pa.array(superseded, pa.date32()),
            "_identity": identity,
        }
    )
    with FactFile(str(path)) as file:
        file.add(table)
    return str(path)


def named(*rows: int) -> Rows:
    """Rows of the file in a bucket of a comparison, among rows of other files."""
    places = np.concatenate([stored_place(other, np.array(rows if other == 1 else [0, 1], int)) for other in range(3)])
    return Rows(partitioned(places, file_of(places), 3), rank=1)


def one_by_one(*rows: int) -> Rows:
    return Rows(rows=np.array(rows, np.int64))


def edited(tmp_path: Path, **changes: Any) -> tuple[Edited, list[Fact]]:
    """The outcome for a file, and the written rows."""
    target = tmp_path / "_batch=2405" / "new.parquet"
    done = edit_file(EditTask(stored_file(tmp_path / "old.parquet"), str(target), **changes))
    if done.outcome != "written":
        assert not target.exists() and done == Edited(done.outcome)
        return done, []
    rows = pq.read_table(target).to_pylist()
    assert (done.rows, done.bytes) == (len(rows), target.stat().st_size)
    names = ("siren", "_file", "known_on", "superseded_on")
    assert all(row["_identity"]["second"] == int(row["siren"]) for row in rows)
    return done, [tuple(row[name] for name in names) for row in rows]


def with_ends(*ends: date | None) -> list[Fact]:
    return [(*fact[:3], end) for fact, end in zip(FACTS, ends, strict=True)]


def test_facts_end_in_any_bucket_and_other_ends_of_that_day_are_undone(tmp_path: Path) -> None:
    _, rows = edited(tmp_path, ended=(named(0), one_by_one(3)), day=APRIL)
    assert rows == with_ends(APRIL, None, MAY, APRIL)  # an end in April that is no longer asked for is undone
    _, rows = edited(tmp_path, ended=(named(1),), day=MAY)
    assert rows == with_ends(None, MAY, None, None)  # and a new end replaces the older one
    _, rows = edited(tmp_path, day=MAY)
    assert rows == with_ends(None, APRIL, None, None)


def test_facts_leave_and_the_others_stay_in_order(tmp_path: Path) -> None:
    assert edited(tmp_path, taken=(one_by_one(2), named(0)))[1] == [FACTS[1], FACTS[3]]


def test_facts_become_known_on_another_day(tmp_path: Path) -> None:
    _, rows = edited(tmp_path, known_on=MAY, taken=(named(1),))
    assert rows == [(siren, file, MAY, end) for siren, file, _, end in (FACTS[0], *FACTS[2:])]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"day": date(2024, 6, 20)},
        {"day": APRIL, "ended": (named(1),)},  # it already ends on that day
        {"taken": (named(), one_by_one())},
    ],
)
def test_nothing_is_written_when_nothing_changes(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert edited(tmp_path, **changes)[0].outcome == "unchanged"


@pytest.mark.parametrize("changes", [{"taken": (named(0, 1, 2, 3),)}, {"taken": (named(0, 1), one_by_one(2, 3))}])
def test_nothing_is_written_when_nothing_is_left(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert edited(tmp_path, **changes)[0].outcome == "empty"


@pytest.mark.parametrize(
    ("day", "rows", "ended"),
    [
        (None, [0, 1, 2, 3], 0),  # an increment: ended facts count, too
        (APRIL, [0, 1, 3], 1),  # facts ended by the snapshot itself were in force before it
        (MAY, [0, 2, 3], 1),
        (date(2024, 6, 20), [0, 3], 0),
    ],
)
@pytest.mark.parametrize("buckets", [1, 4])
def test_the_facts_that_count_are_named(
    tmp_path: Path,
    day: date | None,
    rows: list[int],
    ended: int,
    buckets: int,
) -> None:
    uri = stored_file(tmp_path / "old.parquet")
    for scratch in ("", str(tmp_path / "scratch" / "names")):
        names = stored_names(NamesTask(uri, 5, buckets, day, scratch))
        found = np.concatenate([names.parts.part(bucket) for bucket in range(buckets)])
        assert (names.facts, names.ended) == (len(rows), ended)
        assert sorted(row_of(found["place"]).tolist()) == rows
        assert set((found["place"] >> np.uint64(40)).tolist()) == {5}
        sirens = {int(FACTS[row][0]): row for row in rows}
        assert {int(n["second"]): int(row_of(n["place"])) for n in found} == sirens
        assert (found["first"].view(np.int64) == -(found["second"].view(np.int64) << 30)).all()
        for bucket in range(buckets):
            assert set(bucket_of(names.parts.part(bucket)["first"], buckets).tolist()) <= {bucket}
