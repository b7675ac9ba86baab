"""Blocks lose no row, change none, and keep a company together."""

import numpy as np
import pyarrow as pa
import pytest

from sf_spark.signals import packing
from sf_spark.signals.packing import pack, partition_of, unpack

SIRENS = [1, 2, 3, 120_027_016, 356_000_000, 999_999_999]


def rows() -> pa.Table:
    """Each company and two establishments, in two months; one value in three is unknown."""
    ids = [number for siren in SIRENS for number in (-siren, siren * 100_000 + 11, siren * 100_000 + 99_999)]
    return pa.table(
        {
            "id": pa.array(ids * 2, pa.int64()),
            "mois": pa.array([24311] * len(ids) + [24312] * len(ids), pa.int32()),
            "dette": pa.array([None if n % 3 == 0 else n / 4 for n in range(2 * len(ids))], pa.float64()),
        }
    )


def sorted_rows(batches: list[pa.RecordBatch]) -> list[dict[str, object]]:
    return sorted(pa.Table.from_batches(batches).to_pylist(), key=lambda row: (row["id"], row["mois"]))


@pytest.mark.parametrize("partitions", [1, 2, 7])
@pytest.mark.parametrize("buffer_size", [0, 10**9])
def test_what_is_unpacked_is_what_was_packed(
    partitions: int, buffer_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "_BYTES_AT_A_TIME", buffer_size)
    table = rows()
    blocks = list(pack(table.to_batches(max_chunksize=5), partitions))
    assert len(blocks) > partitions if buffer_size == 0 else len(blocks) <= partitions
    assert sorted_rows(list(unpack(blocks))) == sorted_rows(table.to_batches())


def test_a_company_and_its_establishments_share_a_partition() -> None:
    of_row: dict[int, set[int]] = {}
    for block in pack(rows().to_batches(), 4):
        (partition,) = block.column("partition").to_pylist()
        for batch in unpack([block]):
            for number in batch.column("id").to_pylist():
                of_row.setdefault(-number if number < 0 else number // 100_000, set()).add(partition)
    assert set(of_row) == set(SIRENS)
    assert all(len(partitions) == 1 for partitions in of_row.values())


def test_neighbouring_numbers_are_spread() -> None:
    """Numbers that differ by a multiple of the partitions, as those given out in series do, still fill all of them."""
    spread = np.bincount(partition_of(-(100_000_000 + 8 * np.arange(8_000)), 8), minlength=8)
    assert spread.min() > 0.8 * 1_000 and spread.max() < 1.2 * 1_000


def test_nothing_packs_into_nothing() -> None:
    assert list(pack([], 3)) == []
