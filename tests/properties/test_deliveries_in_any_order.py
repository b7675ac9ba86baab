"""The same files give the same tables: in one run or several, repeated, replaced, and increments in any order."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.settings import Settings
from sf_spark.staging.deliveries import FileAccount
from sf_spark.staging.intake import take_in

A, B = "01234567800011", "01234567800029"
EFFECTIF = "compte;siret;rais_soc;eff202311;eff202312\n"
PROCEDURES = "siren;date_jugement;nature\n"


class Lake:
    """A separate lake and landing folder."""

    def __init__(self, spark: SparkSession, settings: Settings, root: Path) -> None:
        self.spark = spark
        self.settings = settings.model_copy(update={"lake": str(root / "lake"), "landing": str(root / "landing")})

    def take(self, batch: str, **files: str) -> dict[str, FileAccount]:
        folder = Path(self.settings.landing) / batch
        folder.mkdir(parents=True, exist_ok=True)
        for stem, content in files.items():
            (folder / f"{stem}.csv").write_text(content, encoding="utf-8")
        done = take_in(self.spark, self.settings, batch, lambda text: None)
        return {account.file.name: account for account in done}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table without columns that differ between runs."""
        found = DeltaTable(f"{self.settings.lake}/{table}").to_pyarrow_table().to_pylist()
        times = ("started_at", "finished_at")
        return sorted(({k: v for k, v in row.items() if k not in times} for row in found), key=str)

    def live_bytes(self, table: str) -> int:
        actions = DeltaTable(f"{self.settings.lake}/{table}").get_add_actions(flatten=True)
        return sum(actions.column("size_bytes").to_pylist())


@pytest.fixture
def lake(spark: SparkSession, settings: Settings, tmp_path: Path) -> Callable[[str], Lake]:
    return lambda name: Lake(spark, settings, tmp_path / name)


def headcounts(siret: str, *counts: object) -> str:
    return f"c;{siret};x;{';'.join(map(str, counts))}\n"


def test_the_files_of_a_snapshot_may_come_in_several_runs(lake: Callable[[str], Lake]) -> None:
    before = {"a_effectif_x": EFFECTIF + headcounts(A, 10, 11), "b_effectif_x": EFFECTIF + headcounts(B, 20, 21)}
    first = EFFECTIF + headcounts(A, 10, 12) + headcounts(A, 1, "x")
    second = EFFECTIF + headcounts(B, 20, 21)
    together, separate = lake("together"), lake("apart")
    together.take("2403", **before)
    together.take("2404", a_effectif_x=first, b_effectif_x=second)
    separate.take("2403", **before)
    separate.take("2404", a_effectif_x=first)
    ends = {row["superseded_on"] for row in separate.rows("staged/effectif") if row["siret"] == B}
    assert ends == {None}  # one file fewer than before withdraws nothing
    separate.take("2404", b_effectif_x="nothing\n")  # a broken file withdraws nothing
    assert {row["superseded_on"] for row in separate.rows("staged/effectif") if row["siret"] == B} == {None}
    done = separate.take("2404", b_effectif_x=second)
    assert {name: account.status for name, account in done.items()} == {
        "a_effectif_x.csv": "ok",
        "b_effectif_x.csv": "ok",
    }
    for table in ("staged/effectif", "quarantine", "deliveries"):
        assert separate.rows(table) == together.rows(table)
    assert separate.take("2404") == {}


def test_a_file_replaced_under_its_name_counts_as_if_it_alone_had_come(lake: Callable[[str], Lake]) -> None:
    good, bad = EFFECTIF + headcounts(A, 10, 12), EFFECTIF + headcounts(A, 10, "?") + headcounts(B, 1, 2)
    straight, detour = lake("straight"), lake("detour")
    straight.take("2403", a_effectif_x=good)
    detour.take("2403", a_effectif_x=good)
    detour.take("2403", a_effectif_x=bad)
    assert len(detour.rows("quarantine")) == 1
    detour.take("2403", a_effectif_x=good)
    assert detour.rows("quarantine") == []
    assert detour.rows("staged/effectif") == straight.rows("staged/effectif")
    (Path(detour.settings.landing) / "2403" / "a_effectif_x.csv").unlink()
    refused = detour.take("2403", b_effectif_x=bad)["b_effectif_x.csv"]
    assert refused.status == "failed" and "a_effectif_x.csv of the same delivery is no longer in" in refused.message
    assert detour.rows("staged/effectif") == straight.rows("staged/effectif")


def test_a_sub_batch_corrects_the_snapshot_of_its_month(lake: Callable[[str], Lake]) -> None:
    sub = lake("sub")
    sub.take("2403", a_effectif_x=EFFECTIF + headcounts(A, 10, 11) + headcounts(B, 20, ""))
    sub.take("2404", a_effectif_x=EFFECTIF + headcounts(A, 10, 12))
    sub.take("2404_01", a_effectif_x=EFFECTIF + headcounts(A, 10, 13) + headcounts(B, 20, ""))
    april = date(2024, 4, 20)
    values = [(r["siret"], r["effectif"], r["_batch"], r["superseded_on"]) for r in sub.rows("staged/effectif")]
    assert sorted(values, key=str) == [
        (A, 10, "2403", None),
        (A, 11, "2403", april),
        (A, 12, "2404", april),  # known and withdrawn on the same day: never seen
        (A, 13, "2404_01", None),
        (B, 20, "2403", None),  # its withdrawal was a mistake
    ]


@pytest.mark.long  # also covered by a year of deliveries in any order
def test_increments_may_come_in_any_order_and_as_often_as_they_like(lake: Callable[[str], Lake]) -> None:
    batches = {
        "2401": "012345678;2023-05-02;Redressement judiciaire\n",
        "2402": "012345678;2023-05-02;Redressement judiciaire\n222222222;2023-06-02;Liquidation judiciaire\n",
        "2403": "222222222;2023-06-02;Liquidation judiciaire\n012345678;2024-02-02;Liquidation judiciaire\n",
    }
    tables = []
    for name, order in (("in order", "123"), ("late", "321"), ("mixed", "2132")):
        own = lake(name)
        for number in order:
            own.take(f"240{number}", bodacc_procedures=PROCEDURES + batches[f"240{number}"])
        # The number of added facts depends on earlier deliveries.
        accounts = [{k: v for k, v in row.items() if k != "facts_added"} for row in own.rows("deliveries")]
        tables.append((own.rows("staged/procedures"), accounts))
    assert tables[0] == tables[1] == tables[2]
    assert [row["_batch"] for row in tables[0][0]].count("2402") == 1
    assert len(tables[0][0]) == 3


@pytest.mark.parametrize("snapshots", [4, pytest.param(10, marks=pytest.mark.long)])
def test_many_snapshots_of_one_history_cost_about_one(lake: Callable[[str], Lake], snapshots: int) -> None:
    many = lake("many")
    lines = "".join(headcounts(f"{n:014d}", n % 50, n % 49) for n in range(3000))
    sizes = []
    for month in range(1, snapshots + 1):
        usual = headcounts(f"{month:014d}", month % 50, month % 49)
        assert usual in lines
        corrected = lines.replace(usual, headcounts(f"{month:014d}", 1000 + month, month))  # back in the next month
        account = many.take(f"24{month:02d}", a_effectif_x=EFFECTIF + corrected)["a_effectif_x.csv"]
        assert account.accepted == 3000
        sizes.append(many.live_bytes("staged/effectif"))
    # Each month a correction, and the returned facts.
    assert len(many.rows("staged/effectif")) == 2 * 3000 + (snapshots - 1) * 2
    assert sizes[-1] <= 1.3 * sizes[0]
