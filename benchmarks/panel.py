"""Times both panels against DuckDB SQL for the same columns; writes RESULTS-panel.md.

    python -m benchmarks.panel [--entreprises 20000] [--annees 8] [--times 4] [--rounds 3] [--work FOLDER]

Both build panel/etablissement and panel/entreprise, every month, from the same staged tables (generated and taken in
before the clock starts), on two threads. DuckDB runs tests/oracles/panel/*.sql and writes each panel to one Parquet
file. sf_spark writes one file a month and commits each panel as a Delta table. Every cell of both panels is compared,
at both sizes; a difference fails the benchmark.

Engines take turns, each time in a new process; a timing is a ratio to the other one of the same turn. The start of
Spark and the warm-up on a small population are not counted: in a refresh, the session has already taken files in.
Memory is sampled resident memory of all processes together.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.process_memory import peak_memory

if TYPE_CHECKING:  # each process imports only its own engine, so that memory is comparable
    from pyspark.sql import DataFrame, SparkSession

    from sf_spark.settings import Settings

RESULTS = Path(__file__).parent / "RESULTS-panel.md"
PROJECT = Path(__file__).resolve().parent.parent
SMALL = (300, 3, 6)  # companies, years, deliveries after the first (with corrections and withdrawals)
Found = dict[str, float]


def settings_of(lake: Path) -> "Settings":
    from sf_spark.settings import load_settings

    return load_settings("local", [f"lake={lake}", f"landing={lake}-landing", f"truth={lake}-truth"])


def session_of(settings: "Settings") -> "SparkSession":
    from sf_spark.session import build_session

    return build_session(settings, "benchmark")


def prepare(lake: Path, entreprises: int, annees: int, deliveries: int) -> Found:
    """Generate deliveries and take them in; keep only the lake."""
    from sf_spark.demo import DemoPlan, generate
    from sf_spark.steps.ingest import ingest

    settings = settings_of(lake)
    plan = DemoPlan(entreprises=entreprises, annees=annees, monthly_deliveries=deliveries)
    generate(plan, Path(settings.landing), Path(settings.truth), lambda text: None)
    if ingest(session_of(settings), settings, lambda text: None):
        raise SystemExit(f"the deliveries of {lake} were not taken in whole")
    for folder in (settings.landing, settings.truth):
        shutil.rmtree(folder)
    return {}


def sf_spark(lake: Path) -> Found:
    """Both panels as the job writes them; seconds in total, and for each panel."""
    from sf_spark.steps.build_panel import build_panel

    spark = session_of(settings_of(lake))
    ends: list[float] = []

    def note(text: str) -> None:
        if "written" in text:
            ends.append(time.perf_counter())

    for of in (small_of(lake), lake):
        for folder in ("panel", "monitoring"):
            shutil.rmtree(of / folder, ignore_errors=True)
        ends.clear()
        ends.append(time.perf_counter())
        build_panel(spark, settings_of(of), note)
    start, sites, companies = ends
    return {"seconds": companies - start, "etablissement": sites - start, "entreprise": companies - sites}


def duckdb(lake: Path) -> Found:
    """The same by SQL."""
    from tests.oracles.panel_in_sql import PANELS, build_panels, connect, view_lake

    rules = rules_of(lake)
    con = connect()
    con.execute(f"SET temp_directory = '{lake}-spill'")
    start = time.perf_counter()
    view_lake(con, str(lake))
    build_panels(con, rules)
    for name in PANELS.values():
        con.execute(f"COPY {name} TO '{lake}-{name}.parquet' (FORMAT parquet, COMPRESSION snappy)")
    seconds = time.perf_counter() - start
    for name in PANELS.values():
        Path(f"{lake}-{name}.parquet").unlink()
    return {"seconds": seconds}


def check(lake: Path) -> Found:
    """Compare every cell of the job's panels with those of the SQL."""
    from deltalake import DeltaTable

    from tests.oracles.panel_in_sql import PANELS, build_panels, connect, differing_cells, view_lake

    con = connect()
    view_lake(con, str(lake))
    build_panels(con, rules_of(lake))
    found: Found = {}
    for table, name in PANELS.items():
        files = ", ".join(f"'{uri}'" for uri in DeltaTable(str(lake / table)).file_uris())
        key = "siret" if name == "site_panel" else "siren"
        differing = differing_cells(con, f"read_parquet([{files}], hive_types={{'periode': DATE}})", key, name)
        if differing:
            raise SystemExit(f"{table} of {lake.name}: rows that differ, by column: {differing}")
        (found[f"rows of {table}"],) = con.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,)
    return found


def stages(lake: Path) -> Found:
    """Seconds of single parts of the work, with results discarded."""
    from sf_spark.lake.staged import read_or_empty
    from sf_spark.lake.tables import read_table
    from sf_spark.panel.build import entreprise_panel, etablissement_panel
    from sf_spark.panel.inputs import StagedTables
    from sf_spark.schema import PANEL_ETABLISSEMENT
    from sf_spark.steps.build_panel import codes_at_hand

    settings, rules, versions = settings_of(lake), rules_of(lake), versions_of(lake)
    spark = session_of(settings)
    staged = StagedTables.read(
        lambda name, ddl: read_or_empty(spark, settings.lake, name, ddl, versions[name]), settings.cutoff_day
    )
    found: Found = {}

    def timed(name: str, rows: "DataFrame") -> None:
        start = time.perf_counter()
        rows.write.format("noop").mode("overwrite").save()
        found[name] = time.perf_counter() - start

    codes = codes_at_hand(spark, staged, rules)
    timed("warm", etablissement_panel(staged, rules, codes))
    sites = etablissement_panel(staged, rules, codes)
    timed("etablissement: computed", sites)
    timed("etablissement: computed, brought together by month", sites.repartition("periode"))
    companies = entreprise_panel(staged, read_table(spark, settings.lake, PANEL_ETABLISSEMENT), rules, codes)
    timed("entreprise: computed", companies)
    timed("entreprise: computed, brought together by month", companies.repartition("periode"))
    del found["warm"]
    return found


def versions_of(lake: Path) -> "dict[str, int | None]":
    from sf_spark.lake.deliveries import delivered
    from sf_spark.panel.inputs import COLUMNS

    deliveries = delivered(str(lake), COLUMNS)
    return {name: deliveries.version(name) for name in COLUMNS}


def rules_of(lake: Path):  # type: ignore[no-untyped-def]
    from sf_spark.domain.calendar import index_of
    from sf_spark.lake.deliveries import delivered
    from sf_spark.panel.inputs import COLUMNS
    from sf_spark.steps.build_panel import rules_of

    deliveries = delivered(str(lake), COLUMNS)
    return rules_of(settings_of(lake), index_of(deliveries.last), deliveries.absent, None)


def small_of(lake: Path) -> Path:
    return lake.parent / "small"


def run(way: str, lake: Path, *arguments: int) -> Found:
    """Run one engine, in a new process."""
    command = [sys.executable, "-m", "benchmarks.panel", "--way", way, "--lake", str(lake)]
    command += ["--arguments", *map(str, arguments)] if arguments else []
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT, env=environment)
    if done.returncode:
        raise SystemExit(f"{way} failed on {lake.name}:\n{done.stderr[-3000:]}")
    found: Found = json.loads(done.stdout.splitlines()[-1])
    print(f"{lake.name} {way}: {found}", flush=True)
    return found


def one_way(way: Callable[..., Found], lake: Path, arguments: list[int]) -> None:
    """The output of the process of an engine: its figures, and its memory in megabytes."""
    with peak_memory() as peak:
        found = way(lake, *arguments)
    print(json.dumps({**found, "total": peak.total, "java": peak.java}))


def median(runs: list[Found], what: str = "seconds") -> float:
    return statistics.median(run[what] for run in runs)


def side_by_side(lake: Path, rounds: int) -> dict[str, list[Found]]:
    found: dict[str, list[Found]] = {"duckdb": [], "sf_spark": []}
    for _ in range(rounds):
        for way, runs in found.items():
            runs.append(run(way, lake))
    return found


def table(lakes: dict[str, tuple[Found, dict[str, list[Found]]]]) -> list[str]:
    lines = [
        "| companies | rows of both panels | sf_spark | DuckDB | ratio | memory: sf_spark | of which Java | DuckDB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (rows, found) in lakes.items():
        count = sum(int(n) for what, n in rows.items() if what.startswith("rows of"))
        ours, theirs = (median(found[way]) for way in ("sf_spark", "duckdb"))
        memory = [median(found["sf_spark"], what) for what in ("total", "java")] + [median(found["duckdb"], "total")]
        cells = [name, str(count), f"{ours:.1f} s", f"{theirs:.1f} s", f"{ours / theirs:.2f}"]
        lines.append(f"| {' | '.join([*cells, *(f'{megabytes:.0f} MB' for megabytes in memory)])} |")
    return [*lines, ""]


def spread(found: dict[str, list[Found]]) -> str:
    return ", ".join(
        f"{way} {min(r['seconds'] for r in runs):.1f}-{max(r['seconds'] for r in runs):.1f} s"
        for way, runs in found.items()
    )


def prepared(lake: Path, *sizes: int) -> Path:
    """A lake of these sizes: an existing one, or a new one, which appears when it is complete."""
    if not lake.exists():
        unfinished = lake.with_name(f"{lake.name}-unfinished")
        run("prepare", unfinished, *sizes)
        unfinished.rename(lake)
    return lake


def measure(work: Path, entreprises: int, annees: int, times: int, rounds: int) -> str:
    small = prepared(small_of(work / "any"), *SMALL)
    run("sf_spark", small)
    run("check", small)
    lakes, parts = {}, {}
    for count, often in ((entreprises, rounds), (times * entreprises, 1)):
        lake = prepared(work / f"{count}-companies", count, annees, 1)
        found = side_by_side(lake, often)
        lakes[f"{count} x {annees} years"] = (run("check", lake), found)
        parts = parts or run("stages", lake)
    (_, first), (_, more) = lakes.values()
    growth = {way: median(more[way]) / median(first[way]) for way in first}
    each = {name: median(first["sf_spark"], name) for name in ("etablissement", "entreprise")}
    return "\n".join(
        [
            "# The panels, beside DuckDB SQL",
            "",
            (__doc__ or "").split("\n\n", 2)[2].strip(),
            "",
            *table(lakes),
            f"Spread over {rounds} rounds: {spread(first)}. With {times} times the companies: sf_spark x "
            f"{growth['sf_spark']:.1f}, DuckDB x {growth['duckdb']:.1f} (one round).",
            "",
            f"## Where our time goes ({entreprises} companies)",
            "",
            f"As written: panel/etablissement {each['etablissement']:.1f} s, "
            f"panel/entreprise {each['entreprise']:.1f} s. Alone, results thrown away:",
            "",
            "| part | time |",
            "|---|---|",
            *(f"| {name} | {seconds:.1f} s |" for name, seconds in parts.items() if ":" in name),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entreprises", type=int, default=20_000)
    parser.add_argument("--annees", type=int, default=8)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder for the lakes (default: a temporary one)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    for inner in ("--way", "--lake"):  # used when the program calls itself
        parser.add_argument(inner, help=argparse.SUPPRESS)
    parser.add_argument("--arguments", type=int, nargs="*", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        one_way(globals()[options.way], Path(options.lake), options.arguments)
        return
    work = options.work or Path(tempfile.mkdtemp(prefix="sf_spark-bench-"))
    try:
        found = measure(work, options.entreprises, options.annees, options.times, options.rounds)
        options.out.write_text(found, encoding="utf-8")
        print(found)
    finally:
        if options.work is None:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
