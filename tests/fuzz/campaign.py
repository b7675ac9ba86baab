"""Damage files of every source and layout, take them in, and compare the outcome of each record with the oracle.

    python -m tests.fuzz.campaign [MUTATIONS [SEED [ROUND]]]

A round is one batch of some ten files, taken in by one ingest: the layouts of a group of sources in turn, good lines
and damaged ones, some files compressed, some damaged as a whole. A round depends on its seed and number alone: naming
one runs it again. Each difference is one line; its file is kept. Exit code 1 when there is a difference.
"""

import gzip
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.session import build_session, end_session
from sf_spark.settings import PROJECT_ROOT, Settings, load_settings
from sf_spark.staging.deliveries import FAILED, FileAccount
from sf_spark.staging.intake import take_in
from tests.fuzz.layouts import GROUPS, layouts_of
from tests.fuzz.layouts.layout import ACCEPTED, REJECTED, SKIPPED, Fact, Fuzzed
from tests.fuzz.layouts.urssaf import OF_ACCOUNTS, good_accounts
from tests.fuzz.mutations import mutate_archive, mutate_columns, mutate_file, mutate_header, mutate_line
from tests.fuzz.oracle import Verdict, expected_facts, judge, lines

ACCOUNTS, BATCH = "1801", "1802"
_DAYS = {ACCOUNTS: date(2018, 1, 20), BATCH: date(2018, 2, 20)}
_ACCOUNTS_FILE = "sigfaible_etablissement_utf8.csv"
_SHOWN, _FINDINGS_OF_A_FILE = 160, 5
_KEPT = PROJECT_ROOT / "build" / "fuzz"


@dataclass
class Tally:
    """Counts and findings of a campaign."""

    mutations: int = 0
    files: int = 0
    failed_files: int = 0
    records: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line for people."""
        kinds = ", ".join(f"{self.records[kind]} {kind}" for kind in (ACCEPTED, REJECTED, SKIPPED))
        return (
            f"{self.mutations} mutations, {self.files} files ({self.failed_files} failed by name), "
            f"{self.records.total()} lines ({kinds}), {len(self.findings)} differences"
        )


@dataclass(frozen=True)
class Damaged:
    """A file to deliver, and how often it was damaged."""

    source: str
    name: str
    content: bytes
    mutations: int


def campaign(
    spark: SparkSession,
    folder: Path,
    mutations: int,
    seed: int,
    report: Callable[[str], None],
    records: int = 100,
    groups: Sequence[Sequence[Fuzzed]] = GROUPS,
    first: int = 0,
) -> Tally:
    """Run rounds until so many mutations have been taken in.

    Args:
        spark: The session.
        folder: For landing and lake of each round, removed after it.
        mutations: Minimum number of mutations.
        seed: Seed of the campaign.
        report: Takes a line after each round.
        records: Number of records in a file.
        groups: The layouts to damage, grouped by round.
        first: Number of the first round.
    """
    tally, number = Tally(), first
    while tally.mutations < mutations:
        turn, group = divmod(number, len(groups))
        rng = random.Random(f"{seed} {number}")
        files = _deliveries(rng, turn, records, groups[group])
        found = _round(spark, folder / str(number), files, _KEPT / f"{seed}-{number}", tally)
        tally.findings += [f"seed {seed}, round {number}: {finding}" for finding in found]
        report(f"round {number}: {tally.line()}")
        number += 1
    return tally


def _round(
    spark: SparkSession, folder: Path, deliveries: dict[str, list[Damaged]], kept: Path, tally: Tally
) -> list[str]:
    settings = load_settings(
        "test",
        [
            *(f"landing={folder / 'landing'}", f"lake={folder / 'lake'}"),
            *("ingest.invalid_utf8_share=1", "ingest.perimetre=off"),
        ],
    )
    found: list[str] = []
    for batch, files in deliveries.items():
        if batch == ACCOUNTS:
            _write(settings, batch, _ACCOUNTS_FILE, good_accounts().encode())
        for file in files:
            _write(settings, batch, file.name, file.content)
        try:
            done = {account.file.name: account for account in take_in(spark, settings, batch, _silent)}
            found += _hold(settings, batch, files, done, tally, kept)
        except Exception:  # no damaged file may raise anything
            shutil.copytree(settings.landing, kept, dirs_exist_ok=True)
            where = kept.relative_to(PROJECT_ROOT)
            found.append(f"ingest of batch {batch} in {where} broke: {traceback.format_exc(limit=-3)}")
            tally.mutations += 1
    shutil.rmtree(folder)
    return found


def _deliveries(rng: random.Random, turn: int, records: int, layouts: Sequence[Fuzzed]) -> dict[str, list[Damaged]]:
    """The files of a round by batch. A damaged file of accounts comes first: the others need the good one beside it."""
    by_source: dict[str, list[Fuzzed]] = {}
    for layout in layouts:
        by_source.setdefault(layout.source, []).append(layout)
    deliveries: dict[str, list[Damaged]] = {ACCOUNTS: []} if set(layouts) & set(OF_ACCOUNTS) else {}
    for source, candidates in by_source.items():
        if "{}" in candidates[0].file:  # several files in a batch; whole ones need several
            chosen = [layout for layout in candidates for _ in range(2 if layout.whole else 1)]
            names = [layout.file.format(rank) for rank, layout in enumerate(chosen)]
            names = [f"{name}.gz" if rng.random() < 0.2 else name for name in names]
        elif source == "comptes":
            chosen, names = candidates, [f"{candidates[0].file}.gz"]
        else:
            chosen = [candidates[(turn + rank) % len(candidates)] for rank in range(2)]
            names = [candidates[0].file, f"{candidates[0].file}.gz"]
        files = [_damaged(rng, layout, name, records) for layout, name in zip(chosen, names, strict=True)]
        deliveries.setdefault(ACCOUNTS if source == "comptes" else BATCH, []).extend(files)
    return deliveries


def _damaged(rng: random.Random, layout: Fuzzed, name: str, records: int) -> Damaged:
    header, delimiter = layout.header, layout.delimiter
    rows = [layout.line(rng) for _ in range(min(records, 25) if layout.whole else records)]
    count = 0
    if rng.random() < 0.2:
        names, rows = mutate_columns(rng, header.split(delimiter), rows)
        header, count = delimiter.join(names), count + 1
    text = []
    for cells in rows:
        mild = layout.whole and rng.random() < 0.98
        damaged = rng.random() < (0.5 if layout.whole else 0.75)
        count += damaged
        text.append(mutate_line(rng, cells, delimiter, mild) if damaged else delimiter.join(cells))
    if rng.random() < 0.25:
        header, count = mutate_header(rng, header, delimiter), count + 1
    if layout.trailer and rng.random() < 0.8:
        text.append(f"Fin du fichier : total {len(rows)} ligne(s)")
    mark = "\ufeff" if layout.encoding == "utf-16-le" or (layout.mark and rng.random() < 0.3) else ""
    content = _encoded(mark + "\n".join([header, *text, ""]), layout.encoding)
    if rng.random() < 0.2:
        content, count = mutate_file(rng, content, layout.encoding), count + 1
    if name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
        if rng.random() < 0.2:
            content, count = mutate_archive(rng, content), count + 1
    return Damaged(layout.source, name, content, count)


def _encoded(text: str, encoding: str) -> bytes:
    if encoding == "utf-8":
        return text.encode("utf-8", "surrogateescape")
    if encoding == "utf-16-le":
        return text.encode(encoding, "surrogatepass")
    return b"".join(
        bytes([ord(sign) - 0xDC00]) if "\udc80" <= sign <= "\udcff" else sign.encode(encoding, "replace")
        for sign in text
    )


def _hold(
    settings: Settings, batch: str, files: list[Damaged], done: dict[str, FileAccount], tally: Tally, kept: Path
) -> list[str]:
    """Compare the outcome of the files of a batch with the expected one, one line a difference."""
    rejected, found = _quarantined(settings, batch), []
    for source in dict.fromkeys(file.source for file in files):
        delivered = [file for file in files if file.source == source]
        verdicts = {file.name: judge(layouts_of(source), file.name, file.content) for file in delivered}
        if source == "comptes":
            verdicts[_ACCOUNTS_FILE] = judge(layouts_of(source), _ACCOUNTS_FILE, good_accounts().encode())
        facts, staged = expected_facts(verdicts, _DAYS[batch]), _staged(settings, source, batch)
        for file in delivered:
            account, verdict = done[file.name], verdicts[file.name]
            tally.files += 1
            tally.failed_files += account.status == FAILED
            # All mutations of a failed file count as one.
            tally.mutations += min(file.mutations, 1) if account.status == FAILED else file.mutations
            tally.records.update({ACCEPTED: account.accepted, REJECTED: account.rejected, SKIPPED: account.skipped})
            given = rejected.get(file.name, Counter()), staged.get(file.name, [])
            differing = _differences(account, verdict, facts[file.name], *given)
            if differing:
                kept.mkdir(parents=True, exist_ok=True)
                (kept / file.name).write_bytes(file.content)
                where = f"{kept.relative_to(PROJECT_ROOT)}/{file.name} ({source} {account.layout or 'no layout'})"
                found += [f"{where}: {difference}" for difference in differing[:_FINDINGS_OF_A_FILE]]
    return found


def _differences(
    account: FileAccount,
    verdict: Verdict,
    facts: list[tuple[int, Fact]],
    rejected: Counter[tuple[int, str]],
    staged: list[tuple[int, Fact]],
) -> list[str]:
    if account.read != account.accepted + account.rejected + account.skipped:
        return [f"read {account.read} is not {account.accepted} + {account.rejected} + {account.skipped}"]
    if account.status == FAILED or verdict.failure:
        return _differences_of_a_failure(account, verdict, bool(rejected or staged))
    assert verdict.layout is not None  # the file is read
    if account.layout != verdict.layout.layout:
        return [f"read in layout {account.layout}, it is {verdict.layout.layout}"]
    found = []
    shown = {fate.line: fate.raw[:_SHOWN] for fate in verdict.fates}
    wanted = Counter((fate.line, fate.kept) for fate in verdict.fates if fate.outcome.kind == REJECTED)
    for difference, word in ((wanted - rejected, "not kept in quarantine as it came"), (rejected - wanted, "rejected")):
        found += [f"line {line} {shown.get(line)!r}: {word}: {raw[:_SHOWN]!r}" for line, raw in difference]
    found += _differing_facts(Counter(lines(facts)), Counter(lines(staged)), shown)
    counts = tuple(verdict.count(kind) for kind in (ACCEPTED, REJECTED, SKIPPED))
    if (account.accepted, account.rejected, account.skipped) != counts:
        actual = (account.accepted, account.rejected, account.skipped)
        found.append(f"accepted, rejected, skipped are {actual}, should be {counts}")
    if account.money != verdict.money():
        found.append(f"sums of money are {account.money}, should be {verdict.money()}")
    return found


def _differences_of_a_failure(account: FileAccount, verdict: Verdict, has_rows: bool) -> list[str]:
    if account.status != FAILED:
        return [f"taken in, should fail: {verdict.failure}"]
    if not verdict.failure:
        return [f"failed, should be taken in: {account.message}"]
    if has_rows or account.read or not account.message:
        return ["failed, but with rows, or without a word"]
    return []


def _differing_facts(wanted: Counter[Any], staged: Counter[Any], shown: dict[int, str]) -> list[str]:
    missing, extra = wanted - staged, staged - wanted
    found = []
    for line in sorted({at for at, _ in (*missing, *extra)}):
        ours = [dict(values) for at, values in missing if at == line]
        theirs = [dict(values) for at, values in extra if at == line]
        if len(ours) == len(theirs) == 1:
            names = sorted(ours[0].keys() | theirs[0].keys())
            differing = [f"{n} is {theirs[0].get(n)!r}, should be {ours[0].get(n)!r}" for n in names]
            detail = ", ".join(
                text for text, n in zip(differing, names, strict=True) if ours[0].get(n) != theirs[0].get(n)
            )
            detail = detail or f"columns {sorted(ours[0].keys() ^ theirs[0].keys())} on one side only"
        else:
            detail = f"{len(theirs)} facts {theirs[:1]} that should not be, {len(ours)} missing {ours[:1]}"
        found.append(f"line {line} {shown.get(line)!r}: {detail}")
    return found


def _staged(settings: Settings, source: str, batch: str) -> dict[str, list[tuple[int, Fact]]]:
    """The staged facts of each file: line and columns, with those that identify the row separate."""
    found: dict[str, list[tuple[int, Fact]]] = {}
    for row in _rows(settings, f"staged/{source}", batch):
        fact = {name: value for name, value in row.items() if not name.startswith("_")}
        found.setdefault(row["_file"], []).append((row["_line"], fact))
    return found


def _quarantined(settings: Settings, batch: str) -> dict[str, Counter[tuple[int, str]]]:
    found: dict[str, Counter[tuple[int, str]]] = {}
    for row in _rows(settings, "quarantine", batch):
        if row["reasons"]:  # a rejected line must have a reason
            found.setdefault(row["_file"], Counter())[(row["_line"], row["raw"])] += 1
    return found


def _rows(settings: Settings, table: str, batch: str) -> list[dict[str, Any]]:
    folder = Path(settings.lake) / table
    rows = DeltaTable(str(folder)).to_pyarrow_table().to_pylist() if folder.is_dir() else []
    return [row for row in rows if row["_batch"] == batch]


def _write(settings: Settings, batch: str, name: str, content: bytes) -> None:
    folder = Path(settings.landing) / batch
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def _silent(text: str) -> None:
    """A reporter that discards its lines."""


def main() -> int:
    """Run a campaign, or one of its rounds again; 1 when something differs."""
    given = [int(text) for text in sys.argv[1:]]
    mutations, seed, first = [*given, *(10_000, 1, 0)[len(given) :]]
    folder = Path(tempfile.mkdtemp(prefix="sf_spark-fuzz-"))
    spark = build_session(load_settings("test"), "fuzz")
    start = time.monotonic()
    try:
        wanted = 1 if len(given) == 3 else mutations
        tally = campaign(spark, folder, wanted, seed, lambda text: print(text, flush=True), first=first)
    finally:
        end_session(spark)
        shutil.rmtree(folder, ignore_errors=True)
    for finding in tally.findings:
        print(finding)
    print(f"fuzz: {tally.line()}, {time.monotonic() - start:.0f} s")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
