"""A year of deliveries gives the same tables in order, in another order, twice, and after kills of ingest."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.settings import load_settings
from sf_spark.staging.deliveries import FAILED
from sf_spark.staging.intake import take_in

pytestmark = pytest.mark.long  # 150 intakes: make test-long

ROOT = Path(__file__).resolve().parents[2]
BATCHES = [f"24{month:02d}" for month in range(1, 13)]
TABLES = ("staged/effectif", "staged/cotisation", "staged/debit", "staged/paydex", "quarantine", "deliveries")
EFFECTIF, COTISATION, DEBIT = "sigfaible_effectif_siret.csv", "sigfaible_cotisdues.csv", "sigfaible_debits.csv"
PAYDEX = "E_202401095813_Retro-Paydex_20240107.csv"
SITES = [f"01234567{n}0001{n}" for n in range(6)]
Delivery = dict[str, str]


def deliveries() -> dict[str, Delivery]:
    """Twelve batches of files, by name: a random year of changes to the lines of partners.

    Lines appear, change, vanish and come back; some are repeated, some are damaged. Headcounts come every third month,
    with one more month each time.
    """
    drawn = random.Random(20240120)
    months = zip(_debits(drawn), _contributions(drawn), _payments(drawn), strict=True)
    found = {
        batch: {DEBIT: debits, COTISATION: contributions, PAYDEX: payments}
        for batch, (debits, contributions, payments) in zip(BATCHES, months, strict=True)
    }
    for quarter, batch in enumerate(BATCHES[::3], start=1):
        found[batch][EFFECTIF] = _headcounts(drawn, quarter)
    return found


def _debits(drawn: random.Random) -> Iterator[str]:
    """A snapshot: the history of each debt so far."""
    header = (
        "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;"
        "Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours"
    )
    lines: list[str] = []
    for month in range(1, 13):
        for rank in drawn.sample(range(6), 3):
            day = f"124{month:02d}{drawn.randrange(10, 28)}"
            balance = drawn.randrange(1000, 99999)
            period = f"2023{1 + month // 4}0"
            lines.append(
                f"1;1;c{rank};x;{SITES[rank]};20150708;1;0;{period};10{rank};{month};{day};{balance};{balance};2;1;0"
            )
        vanished = drawn.sample(lines, min(len(lines), 2))  # back in the next month
        damaged = [lines[0].replace(";2;1;0", ";2;1;?"), lines[0].replace(";x;", ';"x;')] if month % 4 == 0 else []
        yield "\n".join([header, *(line for line in lines if line not in vanished), lines[-1], *damaged, ""])


def _contributions(drawn: random.Random) -> Iterator[str]:
    """A snapshot: two lines of equal content are two amounts due, unless they are byte-identical."""
    lines: list[str] = []
    for month in range(1, 13):
        for site in drawn.sample(SITES, 2):
            due = f"{drawn.randrange(100, 999)},5"
            lines += [f"1;{part};{site};c;24{1 + (month - 1) // 3}{1 + (month - 1) % 3};5;1;{due}" for part in (1, 2)]
        if month % 3 == 0:
            lines[drawn.randrange(len(lines))] = f"1;1;{SITES[0]};c;2362;5;1;{month}"  # a correction
        bad = [f"1;1;{SITES[0]};c;2024T1;5;1;1"] if month in (2, 3, 9) else []
        yield "\n".join(
            ["Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due", *lines, lines[0], *bad, ""]
        )


def _payments(drawn: random.Random) -> Iterator[str]:
    """An increment: new days of observation, and some of the earlier ones again."""
    lines: list[str] = []
    for month in range(1, 13):
        again = drawn.sample(lines, min(len(lines), 3))
        lines += [f"{site[:9]};{drawn.randrange(90)};x;15/{month:02d}/2024" for site in drawn.sample(SITES, 2)]
        bad = [f"{SITES[1][:9]};soon;x;15/01/2024"] if month % 5 == 0 else []
        yield "\n".join(["SIREN;NB_JOURS;NB_JOURS_LIB;DATE_VALEUR", *lines[-2:], *again, *bad, ""])


def _headcounts(drawn: random.Random, quarter: int) -> str:
    months = [f"eff20231{rank}" for rank in range(1, 4)] + [f"eff2023{rank}1" for rank in range(2, quarter + 1)]
    cells = [[str(drawn.randrange(5, 8)) for _ in months] for _ in SITES]
    cells[quarter][0] = "-"
    lines = [f"c;{site};x;{';'.join(counts)}" for site, counts in zip(SITES, cells, strict=True)]
    return "\n".join([f"compte;siret;rais_soc;{';'.join(months)}", *lines, ""])


class Lake:
    """A lake, and the landing folder that fills it."""

    def __init__(self, folder: Path) -> None:
        self.settings = load_settings("test", [f"{key}={folder / key}" for key in ("landing", "lake", "truth")])

    def land(self, batch: str, files: Delivery) -> None:
        folder = Path(self.settings.landing) / batch
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")

    def take(self, spark: SparkSession, batch: str) -> int:
        """Take a batch in; returns the number of files taken in."""
        accounts = take_in(spark, self.settings, batch, lambda text: None)
        assert not [account.message for account in accounts if account.status == FAILED]
        return len(accounts)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Every table, without columns that identify the run."""
        return {name: _comparable(self.table(name).to_pyarrow_table().to_pylist()) for name in TABLES}

    def batches(self, table: str) -> set[str]:
        return {row["_batch"] for row in self.table(table).to_pyarrow_table(columns=["_batch"]).to_pylist()}

    def versions(self) -> list[int]:
        return [self.table(name).version() for name in TABLES]

    def table(self, name: str) -> DeltaTable:
        return DeltaTable(f"{self.settings.lake}/{name}")


def _comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(({k: v for k, v in row.items() if k not in ("started_at", "finished_at")} for row in rows), key=str)


def _as_delivered(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Without the number of facts that a delivery added: it depends on earlier deliveries."""
    accounts = [{k: v for k, v in row.items() if k != "facts_added"} for row in tables["deliveries"]]
    return tables | {"deliveries": accounts}


@pytest.fixture(scope="module")
def in_order(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("in_order"))
    for batch, files in deliveries().items():
        lake.land(batch, files)
        assert lake.take(spark, batch) == len(files)
    return lake


def test_the_year_holds_what_makes_orders_differ(in_order: Lake) -> None:
    tables = in_order.contents()
    for name in TABLES[:3]:
        ended = [row["superseded_on"] for row in tables[name]]
        assert None in ended and len(set(ended)) > 2, name
    assert {row["superseded_on"] for row in tables["staged/paydex"]} == {None}
    lines = sum(row["lines_accepted"] for row in tables["deliveries"] if row["source"] == "paydex")
    assert len(tables["staged/paydex"]) < lines  # some were repeats
    assert {row["source"] for row in tables["quarantine"]} == {"effectif", "cotisation", "debit", "paydex"}
    assert len(tables["deliveries"]) == 3 * 12 + 4


def test_the_same_deliveries_again_change_nothing(spark: SparkSession, in_order: Lake) -> None:
    before = in_order.versions()
    assert [in_order.take(spark, batch) for batch in BATCHES] == [0] * 12
    assert in_order.versions() == before


def test_increments_in_any_order_and_files_in_several_runs_give_the_same_tables(
    spark: SparkSession, in_order: Lake, tmp_path: Path
) -> None:
    year, lake = deliveries(), Lake(tmp_path)
    late = random.Random(7).sample(BATCHES, 12)
    assert late != sorted(late)
    for batch in late[:6]:  # before the snapshots, and before older increments
        lake.land(batch, {PAYDEX: year[batch][PAYDEX]})
        lake.take(spark, batch)
    for batch, files in year.items():
        lake.land(batch, {name: content for name, content in files.items() if name != PAYDEX})
        lake.take(spark, batch)
    for batch in late[6:]:
        lake.land(batch, year[batch])
        assert lake.take(spark, batch) == 1
    assert _as_delivered(lake.contents()) == _as_delivered(in_order.contents())


def test_an_ingest_killed_inside_a_batch_and_run_again_gives_the_same_tables(in_order: Lake, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    arguments = [f"landing={in_order.settings.landing}", f"lake={lake.settings.lake}"]
    command = [str(ROOT / "spark-submit.sh"), "jobs/ingest.py", "--env", "test"]
    command += [part for argument in arguments for part in ("--set", argument)]
    _kill_after_commit(
        command, Path(lake.settings.lake) / "staged/debit/_delta_log" / f"{6:020d}.json"
    )  # version 0 creates the table
    # The debts of the sixth month are stored without its account: it counts as not taken in.
    assert lake.batches("staged/debit") - lake.batches("deliveries") == {"2406"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "batch 2405: nothing new" in done.stdout
    assert lake.contents() == in_order.contents()


def _kill_after_commit(command: list[str], commit: Path) -> None:
    """Start a job, and kill all its processes as soon as a commit is on disk."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 300
        while not commit.exists():
            assert process.poll() is None and time.monotonic() < deadline, f"no {commit} to wait for"
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its process group, with the driver's JVM
        process.wait()
    assert process.returncode == -signal.SIGKILL
