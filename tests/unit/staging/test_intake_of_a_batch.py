"""Intake of real batches: staged tables, quarantine, accounts; repeated, corrected, broken."""

import gzip
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

SIRET, OTHER = "01234567800011", "01234567800029"
COTISATION = "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due\n"
PCOLL = "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx\n"


def due(amount: float, periode: str = "202411", siret: str = SIRET) -> str:
    return f"671;14;{siret};c;{periode};5;0;{amount}\n"


@pytest.fixture
def deliver(settings: Settings) -> Callable[[str, str, bytes | str], None]:
    def write(batch: str, name: str, content: bytes | str) -> None:
        folder = Path(settings.landing) / batch
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def rows(settings: Settings, table: str) -> list[dict[str, Any]]:
    """Read a table with another engine than the one that wrote it."""
    return DeltaTable(f"{settings.lake}/{table}").to_pyarrow_table().to_pylist()


def facts(settings: Settings) -> list[tuple[Any, ...]]:
    found = rows(settings, "staged/cotisation")
    return sorted((r["siret"], r["du"], r["_batch"], r["known_on"], r["superseded_on"]) for r in found)


def ingest(spark: SparkSession, settings: Settings, batch: str) -> dict[str, FileAccount]:
    return {account.file.name: account for account in take_in(spark, settings, batch, lambda text: None)}


def test_snapshots_leave_versions_and_a_repeat_changes_nothing(
    spark: SparkSession, settings: Settings, deliver: Callable
) -> None:
    name = "sigfaible_cotisdues.csv"
    deliver("2403", name, COTISATION + due(10) + due(5, siret=OTHER) + due(5, siret=OTHER) + due(7, "202412"))
    deliver("2404", name, COTISATION + due(12) + due(5, siret=OTHER) + due(7, "202412"))
    deliver("2405", name, COTISATION + due(12) + due(7, "202412"))
    first = ingest(spark, settings, "2403")[name]
    assert (first.read, first.accepted, first.money["du"]) == (4, 4, 10 + 5 + 5 + 7)
    january, february = date(2024, 2, 20), date(2024, 3, 20)  # the 20th of the month after the period
    assert facts(settings) == [
        (SIRET, 7.0, "2403", february, None),
        (SIRET, 10.0, "2403", january, None),
        (OTHER, 5.0, "2403", january, None),  # two identical lines are one
    ]
    ingest(spark, settings, "2404")
    ingest(spark, settings, "2405")
    april, may = date(2024, 4, 20), date(2024, 5, 20)
    expected = [
        (SIRET, 7.0, "2403", february, None),
        (SIRET, 10.0, "2403", january, april),
        (SIRET, 12.0, "2404", april, None),
        (OTHER, 5.0, "2403", january, may),
    ]
    assert facts(settings) == expected
    version = DeltaTable(f"{settings.lake}/staged/cotisation").version()
    for batch in ("2403", "2404", "2405"):
        assert ingest(spark, settings, batch) == {}
    assert facts(settings) == expected
    assert DeltaTable(f"{settings.lake}/staged/cotisation").version() == version
    assert len(rows(settings, "deliveries")) == 3


def test_a_run_that_died_before_its_account_is_taken_in_again_to_the_same_tables(
    spark: SparkSession, settings: Settings, deliver: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "sigfaible_cotisdues.csv"
    deliver("2403", name, COTISATION + due(10) + due(5, siret=OTHER) + "broken\n")
    deliver("2404", name, COTISATION + due(12) + "broken\n")
    ingest(spark, settings, "2403")
    with monkeypatch.context() as patched:
        patched.setattr(
            "sf_spark.staging.intake.write_accounts", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            ingest(spark, settings, "2404")
    halfway = facts(settings)
    again = ingest(spark, settings, "2404")[name]
    assert facts(settings) == halfway
    assert len(halfway) == 3
    assert (again.read, again.accepted, again.rejected) == (2, 1, 1)
    assert [(r["_batch"], r["_line"]) for r in sorted(rows(settings, "quarantine"), key=lambda r: r["_batch"])] == [
        ("2403", 4),
        ("2404", 3),
    ]


def test_rejected_lines_are_kept_raw_with_every_reason_and_nothing_is_lost(
    spark: SparkSession, settings: Settings, deliver: Callable
) -> None:
    raw = f"671;14;{SIRET};c;2011T1;5;abc;1"
    deliver("2403", "sigfaible_cotisdues.csv.gz", gzip.compress((COTISATION + "\n" + raw + "\r\n" + due(1)).encode()))
    account = ingest(spark, settings, "2403")["sigfaible_cotisdues.csv.gz"]
    assert (account.read, account.accepted, account.rejected, account.skipped) == (2, 1, 1, 0)
    (reject,) = rows(settings, "quarantine")
    assert (reject["source"], reject["_line"], reject["raw"]) == ("cotisation", 3, raw)  # physical line: one is blank
    assert [reason["code"] for reason in reject["reasons"]] == ["bad_period", "bad_number"]


def test_a_broken_file_fails_by_name_while_the_others_go_on(
    spark: SparkSession, settings: Settings, deliver: Callable
) -> None:
    deliver("2403", "sigfaible_cotisdues.csv", COTISATION + due(1))
    deliver("2403", "sigfaible_debits.csv", "")
    deliver("2403", "sigfaible_pcoll.csv", "Siret;Siren;Dt_effet\n")
    deliver("2403", "sireneUL.csv", "siren\nDupont é\n".encode("latin-1"))
    deliver("2403", "sigfaible_effectif_siret.csv", "compte;siret;rais_soc;eff202411\nc;1;é\n".encode("latin-1"))
    deliver("2403", "b_effectif_siret.csv.gz", gzip.compress(("compte;siret\n" + "c;1\n" * 9999).encode())[:60])
    deliver("2403", "sigfaible_notes.csv", "x\n")
    accounts = ingest(spark, settings, "2403")
    assert {name: account.status for name, account in accounts.items()} == {
        "sigfaible_cotisdues.csv": "ok",
        "sigfaible_debits.csv": "failed",
        "sigfaible_pcoll.csv": "failed",
        "sireneUL.csv": "failed",
        "sigfaible_effectif_siret.csv": "failed",
        "b_effectif_siret.csv.gz": "failed",
        "sigfaible_notes.csv": "unsupported",
    }
    assert "empty" in accounts["sigfaible_debits.csv"].message
    assert "lib_actx_stdx not found" in accounts["sigfaible_pcoll.csv"].message
    assert "cannot be read to its end" in accounts["b_effectif_siret.csv.gz"].message
    assert "1 of 1 lines are not UTF-8" in accounts["sigfaible_effectif_siret.csv"].message
    assert len(facts(settings)) == 1
    # The corrected file comes again under the same name: only it is taken in, and its account replaces the first.
    deliver("2403", "sigfaible_pcoll.csv", PCOLL + f"{SIRET};012345678;26MAY2014;1;Liquidation\n")
    retried = ingest(spark, settings, "2403")
    assert retried["sigfaible_pcoll.csv"].accepted == 1
    assert "sigfaible_cotisdues.csv" not in retried
    found = {r["_file"]: r for r in rows(settings, "deliveries")}
    assert len(found) == len(rows(settings, "deliveries")) == 7
    for account in found.values():
        counts = (account["lines_accepted"], account["lines_rejected"], account["lines_skipped"])
        assert account["lines_read"] == sum(counts)


def test_a_snapshot_older_than_the_latest_is_refused_by_name_while_the_others_go_on(
    spark: SparkSession, settings: Settings, deliver: Callable
) -> None:
    deliver("2404", "sigfaible_cotisdues.csv", COTISATION + due(1))
    deliver("2403", "sigfaible_cotisdues.csv", COTISATION + due(2))
    deliver("2403", "sigfaible_pcoll.csv", PCOLL + f"{SIRET};012345678;26MAY2014;1;Liquidation\n")
    ingest(spark, settings, "2404")
    late = ingest(spark, settings, "2403")
    assert late["sigfaible_cotisdues.csv"].status == "failed"
    assert "batch 2403 is older than 2404" in late["sigfaible_cotisdues.csv"].message
    assert late["sigfaible_pcoll.csv"].accepted == 1
    assert [fact[1] for fact in facts(settings)] == [1.0]


def test_two_files_of_one_source_are_one_snapshot(spark: SparkSession, settings: Settings, deliver: Callable) -> None:
    header = "compte;siret;rais_soc;eff202411\n"
    deliver("2403", "a_effectif_siret.csv", header + f"c;{SIRET};x;12\n")
    deliver("2403", "b_effectif_siret.csv", header + f"c;{OTHER};x;3\n")
    ingest(spark, settings, "2403")
    deliver("2404", "a_effectif_siret.csv", header + f"c;{SIRET};x;12\n")
    ingest(spark, settings, "2404")
    # One file fewer: the other may have been forgotten.
    assert all(row["superseded_on"] is None for row in rows(settings, "staged/effectif"))
    deliver("2404", "b_effectif_siret.csv", header)
    ingest(spark, settings, "2404")
    found = rows(settings, "staged/effectif")
    assert sorted((r["siret"], r["superseded_on"]) for r in found) == [(SIRET, None), (OTHER, date(2024, 4, 20))]
