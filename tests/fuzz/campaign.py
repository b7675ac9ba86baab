"""Damage files of every source, take them in, and hold what became of each record against the oracle.

    python -m tests.fuzz.campaign [MUTATIONS [SEED]]

A round is one batch: a file of each source, several hundred damaged lines in it, among good ones; in every other round
the files are damaged as a whole too. Exit code 1, and how to see it again, where something differs.
"""

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.io.intake import FAILED, FileAccount, take_in
from sf_spark.session import build_session
from sf_spark.settings import Settings, load_settings
from tests.fuzz.layouts import ACCOUNT, LAYOUTS, SITE, Fuzzed
from tests.fuzz.mutations import mutate_file, mutate_header, mutate_line
from tests.fuzz.oracle import ACCEPTED, REJECTED, SKIPPED, Fate, fates

ACCOUNTS, BATCH = "1801", "1802"
_COMPTES = "Urssaf_gestion;Dep;Compte;Etat_compte;Siren;Siret;Date_crea_siret;Date_disp_siret\n"
_SHOWN = 120


@dataclass
class Tally:
    """What a campaign did and what it found."""

    mutations: int = 0
    files: int = 0
    failed_files: int = 0
    records: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line for people."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.records.items()))
        return (
            f"{self.mutations} mutations in {self.files} files ({self.failed_files} failed by name): {kinds}; "
            f"{len(self.findings)} differences"
        )


def campaign(
    spark: SparkSession, folder: Path, mutations: int, seed: int, lines: int, report: Callable[[str], None]
) -> Tally:
    """Run rounds until so many mutations have been taken in, or one round finds a difference."""
    tally, number = Tally(), 0
    while tally.mutations < mutations and not tally.findings:
        _round(spark, folder / str(number), random.Random(f"{seed} {number}"), number, lines, tally)
        tally.findings = [f"seed {seed}, round {number}: {finding}" for finding in tally.findings]
        report(f"round {number}: {tally.line()}")
        number += 1
    return tally


def _round(spark: SparkSession, folder: Path, rng: random.Random, number: int, lines: int, tally: Tally) -> None:
    settings = load_settings(
        "test", [f"landing={folder / 'landing'}", f"lake={folder / 'lake'}", "ingest.invalid_utf8_share=1"]
    )
    _write(
        settings,
        ACCOUNTS,
        "sigfaible_etablissement_utf8.csv",
        f"{_COMPTES}1;1;{ACCOUNT};1;x;{SITE};1130828;\n".encode(),
    )
    take_in(spark, settings, ACCOUNTS, _silent)
    delivered: dict[str, tuple[Fuzzed, str]] = {}
    for layout in _layouts(rng):
        name, content, count = _damaged_file(rng, layout, lines, whole=number % 2 == 1)
        _write(settings, BATCH, name, content)
        delivered[name] = (layout, content.decode("utf-8", "surrogateescape") if not name.endswith(".gz") else "")
        tally.mutations += count
    done = {account.file.name: account for account in take_in(spark, settings, BATCH, _silent)}
    rejected = _quarantined(settings)
    for name, (layout, text) in delivered.items():
        tally.files += 1
        tally.findings += _differences(settings, done[name], layout, text, rejected.get(name, {}), tally)
    shutil.rmtree(folder)


def _layouts(rng: random.Random) -> list[Fuzzed]:
    """One layout of each source: two files of one name do not fit in a batch."""
    by_source: dict[str, list[Fuzzed]] = {}
    for layout in LAYOUTS:
        by_source.setdefault(layout.source, []).append(layout)
    return [rng.choice(layouts) for layouts in by_source.values()]


def _damaged_file(rng: random.Random, layout: Fuzzed, lines: int, whole: bool) -> tuple[str, bytes, int]:
    header = mutate_header(rng, layout.header, layout.delimiter) if whole and rng.random() < 0.3 else layout.header
    text, count = [header], int(header != layout.header)
    for _ in range(lines):
        cells = layout.line(rng)
        damaged = rng.random() < 0.7
        count += damaged
        text.append(mutate_line(rng, cells, layout.delimiter) if damaged else layout.delimiter.join(cells))
    content = ("\n".join(text) + "\n").encode("utf-8", "surrogateescape")
    if whole and header == layout.header:
        name, content = mutate_file(rng, content, layout.file)
        return name, content, count + 1
    return layout.file, content, count


def _differences(
    settings: Settings, account: FileAccount, layout: Fuzzed, text: str, rejected: dict[int, str], tally: Tally
) -> list[str]:
    """What became of a file against what should have, one line a difference."""
    where = f"{account.file.name} ({layout.source} {layout.layout})"
    if account.read != account.accepted + account.rejected + account.skipped:
        return [f"{where}: read {account.read} is not accepted + rejected + skipped"]
    if account.status == FAILED:
        tally.failed_files += 1
        return [] if account.message and not account.read else [f"{where}: failed without a word, or with rows"]
    tally.records.update({ACCEPTED: account.accepted, REJECTED: account.rejected, SKIPPED: account.skipped})
    expected = fates(layout, text) if text else None
    if len(rejected) != account.rejected:
        return [f"{where}: {account.rejected} lines rejected, {len(rejected)} kept in quarantine"]
    if expected is None or account.layout != layout.layout:
        return []
    return [f"{where}: {found}" for found in _compare(expected, account, _staged(settings, layout.source), rejected)]


def _compare(
    expected: list[Fate], account: FileAccount, staged: dict[int, dict[str, Any]], rejected: dict[int, str]
) -> list[str]:
    counts = Counter(fate.kind for fate in expected)
    found = []
    seen: set[str] = set()
    for fate in expected:
        shown = f"line {fate.line} {fate.raw[:_SHOWN]!r}"
        if fate.kind == REJECTED and rejected.get(fate.line) != fate.raw.encode("utf-8", "surrogateescape").decode(
            "utf-8", "replace"
        ):
            found.append(f"{shown}: should be rejected and kept as it came, is {rejected.get(fate.line, 'not')!r}")
        if fate.kind == ACCEPTED and fate.raw not in seen:
            seen.add(fate.raw)
            row = staged.get(fate.line)
            wrong = [name for name, value in fate.values.items() if row is None or row[name] != value]
            if wrong:
                told = "not accepted" if row is None else str({name: (row[name], fate.values[name]) for name in wrong})
                found.append(f"{shown}: {told}")
        if fate.kind == SKIPPED and (fate.line in staged or fate.line in rejected):
            found.append(f"{shown}: should be skipped")
    if not found and (account.accepted, account.rejected, account.skipped) != tuple(
        counts[kind] for kind in (ACCEPTED, REJECTED, SKIPPED)
    ):
        found.append(f"counts {account.accepted}, {account.rejected}, {account.skipped} should be {dict(counts)}")
    return found


def _staged(settings: Settings, source: str) -> dict[int, dict[str, Any]]:
    table = Path(settings.lake) / "staged" / source
    rows = DeltaTable(str(table)).to_pyarrow_table().to_pylist() if table.is_dir() else []
    return {row["_line"]: row for row in rows if row["_batch"] == BATCH}


def _quarantined(settings: Settings) -> dict[str, dict[int, str]]:
    table = Path(settings.lake) / "quarantine"
    found: dict[str, dict[int, str]] = {}
    for row in DeltaTable(str(table)).to_pyarrow_table().to_pylist() if table.is_dir() else []:
        found.setdefault(row["_file"], {})[row["_line"]] = row["raw"]
    return found


def _write(settings: Settings, batch: str, name: str, content: bytes) -> None:
    folder = Path(settings.landing) / batch
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def _silent(text: str) -> None:
    """Nobody reads along."""


def main() -> int:
    """Run a campaign; 1 when something differs."""
    mutations, seed = (int(given) for given in [*sys.argv[1:], *("10000", "1")[len(sys.argv) - 1 :]])
    folder = Path(tempfile.mkdtemp(prefix="sf_spark-fuzz-"))
    spark = build_session(load_settings("test"), "fuzz")
    start = time.monotonic()
    try:
        tally = campaign(spark, folder, mutations, seed, 250, lambda text: print(text, flush=True))
    finally:
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(tally.findings[:20]))
    print(f"fuzz: {tally.line()}, {time.monotonic() - start:.0f} s")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
