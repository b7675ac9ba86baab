"""Times the signal engine against DuckDB, Polars and plain Spark windows; writes RESULTS.md.

    benchmarks/signals.py [--entities 100000] [--base 25000] [--rounds 3]

All four compute 4 measures x (mean, max, min over 3, 6, 12, 24 months and lags of 1, 3, 6, 12, 24) = 68 signals of
every establishment in each of 96 months, from the same Parquet files, and write them to Parquet. sf_spark also commits
them as one Delta table. Where a library has no null rule, ours applies: a window with an unknown month gives null.

Engines take turns, each time in a new process; a timing is a ratio to the others of the same turn. For both Spark
engines, the start of Spark and a warm-up on a panel of ten establishments are not counted: in a refresh, the session
has already taken files in and built panels.
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
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from benchmarks.process_memory import peak_memory

RESULTS = Path(__file__).parent / "RESULTS.md"
MEASURES = ("cotisation", "montant_part_ouvriere", "montant_part_patronale", "effectif")
WINDOWS, LAGS, STATISTICS = (3, 6, 12, 24), (1, 3, 6, 12, 24), ("mean", "max", "min")
MONTHS, FIRST_INDEX = 96, 12 * 2018
OPERATORS = {**{name: list(WINDOWS) for name in STATISTICS}, "lag": list(LAGS)}
WAYS = ("sf_spark", "duckdb", "polars", "spark_windows")


def month(rank: int) -> date:
    return date((FIRST_INDEX + rank) // 12, (FIRST_INDEX + rank) % 12 + 1, 1)


def write_panel(lake: Path, entities: int, measures: tuple[str, ...], key: str, seed: int = 1) -> None:
    """A panel in the product's layout: a Delta table with one file a month."""
    random = np.random.default_rng(seed)
    ids = [f"{n:09d}" + ("00011" if key == "siret" else "") for n in range(1, entities + 1)]
    size = random.lognormal(2.5, 1, entities)
    indebted = random.random(entities) < 0.15
    other = "etablissement" if key == "siret" else "entreprise"
    for rank in range(MONTHS):
        columns: dict[str, pa.Array] = {key: pa.array(ids), "siren": pa.array([text[:9] for text in ids])}
        for name in measures:
            columns[name] = _measure(name, random, size, indebted)
        columns["periode"] = pa.array([month(rank)] * entities, pa.date32())
        table = pa.table(columns)
        write_deltalake(str(lake / "panel" / other), table, mode="append", partition_by=["periode"])
    DeltaTable(str(lake / "panel" / other)).create_checkpoint()  # like Spark every ten commits
    os.sync()  # the disk is quiet when the first clock starts


def _measure(name: str, random: np.random.Generator, size: np.ndarray, indebted: np.ndarray) -> pa.Array:
    entities = len(size)
    if name == "effectif":
        return pa.array(np.round(size + random.normal(0, 1, entities)).clip(0).astype(np.int32))
    amounts = np.round(size * random.uniform(400, 600, entities), 2)
    if name.startswith("montant") or name in ("dette", "nb_ecarts_negatifs"):
        amounts = np.where(indebted & (random.random(entities) < 0.7), amounts, 0.0)
    return pa.array(amounts, mask=random.random(entities) < 0.01)


def other_panel(lake: Path, key: str) -> None:
    """An empty panel of the other grain, which the engine requires."""
    name, keys = ("entreprise", ["siren"]) if key == "siret" else ("etablissement", ["siret", "siren"])
    schema = pa.schema([*((k, pa.string()) for k in keys), ("periode", pa.date32())])
    write_deltalake(str(lake / "panel" / name), schema.empty_table(), partition_by=["periode"])


def catalogue(measures: tuple[str, ...] = MEASURES):  # type: ignore[no-untyped-def]
    from sf_spark.signals.catalogue import catalogue_from

    return catalogue_from({"families": {"benchmark": {"measures": list(measures), **OPERATORS}}})


def spark_session():  # type: ignore[no-untyped-def]
    from sf_spark.session import build_session
    from sf_spark.settings import load_settings

    return build_session(load_settings("local"), "benchmark")


def sf_spark(lake: Path, which: str, signals: int) -> float:
    from sf_spark.lake.planning import Read, plan
    from sf_spark.settings import load_settings
    from sf_spark.signals.catalogue import Catalogue, catalogue_from
    from sf_spark.steps.outputs.signal_tables import Months, write_signals
    from sf_spark.steps.recipes import signal_recipes

    settings = load_settings("local")
    spark = spark_session()
    chosen = catalogue()
    if signals:
        chosen = Catalogue(catalogue_from(settings.signals.catalogue).of("siren")[:signals])
    months = Months(month(0 if which == "history" else MONTHS - 1), month(MONTHS - 1), whole=which == "history")
    for panel in (_small_panel(lake), lake):
        start = time.perf_counter()
        plans = {key: plan(str(panel), recipe, Read()) for key, recipe in signal_recipes(settings).items()}
        write_signals(spark, plans, chosen, months, settings.signals.rows_per_task, lambda text: None)
    return time.perf_counter() - start


def _small_panel(lake: Path) -> Path:
    """Ten entities with the same columns, for the warm-up."""
    small = lake / "warm"
    columns = DeltaTable(str(lake / "panel" / "entreprise")).schema().to_arrow().names
    key, measures = ("siren", tuple(columns[1:-1])) if len(columns) > 2 else ("siret", MEASURES)
    write_panel(small, 10, measures, key)
    other_panel(small, key)
    return small


def duckdb(lake: Path, plan: str, signals: int) -> float:
    import duckdb

    con = duckdb.connect()
    con.execute("SET threads=2")
    con.execute(f"SET temp_directory='{lake / 'spill'}'")
    made = [
        f"CASE WHEN count({m}) OVER w{n} = {n} THEN {'avg' if s == 'mean' else s}({m}) OVER w{n} END::FLOAT"
        f" AS {m}_{s}{n}m"
        for m in MEASURES
        for s in STATISTICS
        for n in WINDOWS
    ]
    made += [f"(lag({m}, {n}) OVER w)::FLOAT AS {m}_lag{n}m" for m in MEASURES for n in LAGS]
    windows = ["w AS (PARTITION BY siret ORDER BY periode)"]
    windows += [f"w{n} AS (PARTITION BY siret ORDER BY periode ROWS {n - 1} PRECEDING)" for n in WINDOWS]
    files = lake / "panel" / "etablissement" / "periode=*" / "*.parquet"
    query = f"""SELECT siret, periode, {", ".join(made)} FROM read_parquet('{files}', hive_partitioning=true)
        WINDOW {", ".join(windows)}"""
    start = time.perf_counter()
    con.execute(f"COPY ({query}) TO '{lake / 'out.parquet'}' (FORMAT parquet, COMPRESSION snappy)")
    return time.perf_counter() - start


def polars(lake: Path, plan: str, signals: int) -> float:
    import polars as pl

    pl_mean = {"mean": "rolling_mean", "max": "rolling_max", "min": "rolling_min"}
    made = [
        getattr(pl.col(m).cast(pl.Float64), pl_mean[s])(n).over("siret").cast(pl.Float32).alias(f"{m}_{s}{n}m")
        for m in MEASURES
        for s in STATISTICS
        for n in WINDOWS
    ]
    made += [pl.col(m).shift(n).over("siret").cast(pl.Float32).alias(f"{m}_lag{n}m") for m in MEASURES for n in LAGS]
    start = time.perf_counter()
    panel = pl.read_parquet(lake / "panel" / "etablissement" / "periode=*" / "*.parquet", hive_partitioning=True)
    panel.sort("siret", "periode").select("siret", "periode", *made).write_parquet(
        lake / "out.parquet", compression="snappy"
    )
    return time.perf_counter() - start


def spark_windows(lake: Path, plan: str, signals: int) -> float:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    spark = spark_session()
    by_site = Window.partitionBy("siret").orderBy("periode")
    made = []
    for m in MEASURES:
        for n in WINDOWS:
            over = by_site.rowsBetween(1 - n, 0)
            for s in STATISTICS:
                known = F.count(m).over(over) == n
                made.append(F.when(known, getattr(F, s)(m).over(over)).cast("float").alias(f"{m}_{s}{n}m"))
        made += [F.lag(m, n).over(by_site).cast("float").alias(f"{m}_lag{n}m") for n in LAGS]
    for of in (_small_panel(lake), lake):
        start = time.perf_counter()
        panel = spark.read.format("delta").load(str(of / "panel" / "etablissement"))
        panel.select("siret", "periode", *made).write.parquet(str(of / "out"))
    return time.perf_counter() - start


def run(way: str, lake: Path, plan: str = "history", signals: int = 0) -> dict[str, float]:
    """Run one engine, in a new process and on a clean folder."""
    for name in ("out", "out.parquet", "spill", "warm", "signals"):
        path = lake / name
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.signals", "--way", way, "--lake", str(lake), "--plan", plan]
    command += ["--signals", str(signals)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"{lake.name} {way} {plan} {signals or 68} signals: {found}", flush=True)
    return found


def median(runs: list[dict[str, float]], what: str = "seconds") -> float:
    return statistics.median(run[what] for run in runs)


def side_by_side(lake: Path, rounds: int) -> list[str]:
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        for way in WAYS:
            found.setdefault(way, []).append(run(way, lake))
        found.setdefault("month", []).append(run("sf_spark", lake, "month"))
    reference, plain = median(found["duckdb"]), median(found["spark_windows"])
    names = {
        "sf_spark": "sf_spark, history plan, committed as a Delta table",
        "duckdb": "DuckDB, one query",
        "polars": "Polars",
        "spark_windows": "Spark, one `Window` expression for each signal",
        "month": "sf_spark, month plan (last month)",
    }
    rows = [
        f"| {text} | {median(found[way]):.1f} s | {median(found[way]) / reference:.2f} | "
        f"{median(found[way]) / plain:.2f} | {median(found[way], 'total'):.0f} MB |"
        for way, text in names.items()
    ]
    head = ["| way | median time | against DuckDB | against Spark windows | peak memory |", "|---|---|---|---|---|"]
    spread = ", ".join(
        f"{way} {min(r['seconds'] for r in runs):.1f}-{max(r['seconds'] for r in runs):.1f} s"
        for way, runs in found.items()
    )
    return [*head, *rows, "", f"Spread over {rounds} rounds: {spread}.", ""]


def growth(work: Path, base: int) -> list[str]:
    rows, first = [], 0.0
    for factor in (1, 4, 16):
        lake = work / f"x{factor}"
        write_panel(lake, base * factor, MEASURES, "siret")
        other_panel(lake, "siret")
        found = run("sf_spark", lake)
        first = first or found["seconds"]
        rows.append(
            f"| x{factor}: {base * factor} x {MONTHS} rows | {found['seconds']:.1f} s | "
            f"{found['seconds'] / first:.1f} | {found['java']:.0f} MB | {found['worker']:.0f} MB |"
        )
        shutil.rmtree(lake)
    head = ["| rows | time | against x1 | Java (driver and executor) | largest worker |", "|---|---|---|---|---|"]
    return [*head, *rows, ""]


def width(work: Path, base: int) -> list[str]:
    """68 and 800 signals of companies, and the whole catalogue, from one panel that has every measure."""
    from sf_spark.settings import load_settings
    from sf_spark.signals.catalogue import catalogue_from
    from sf_spark.signals.measures import DERIVED
    from sf_spark.signals.measures import MEASURES as ALL

    everything = len(catalogue_from(load_settings("local").signals.catalogue).of("siren"))
    lake = work / "wide"
    measures = tuple(name for name in ALL if name not in DERIVED)
    write_panel(lake, base, measures, "siren")
    other_panel(lake, "siren")
    rows, first = [], 0.0
    for signals in (0, 800, everything):
        found = run("sf_spark", lake, "history", signals)
        first = first or found["seconds"]
        rows.append(
            f"| {signals or 68} | {found['seconds']:.1f} s | {found['seconds'] / first:.1f} | "
            f"{found['java']:.0f} MB | {found['worker']:.0f} MB |"
        )
    shutil.rmtree(lake)
    head = ["| signals | time | against 68 | Java | largest worker |", "|---|---|---|---|---|"]
    return [*head, *rows, ""]


def measure(work: Path, entities: int, base: int, rounds: int) -> str:
    lake = work / "panel"
    write_panel(lake, entities, MEASURES, "siret")
    other_panel(lake, "siret")
    lines = ["# The signal engine, beside DuckDB, Polars and Spark's own windows", ""]
    lines += [(__doc__ or "").split("\n\n", 2)[2].strip(), ""]
    lines += [f"## 68 signals of {entities} establishments x {MONTHS} months", "", *side_by_side(lake, rounds)]
    shutil.rmtree(lake)
    lines += ["## How the history plan grows with the rows", "", *growth(work, base)]
    lines += [f"## How it grows with the signals ({base} companies x {MONTHS} months)", "", *width(work, base)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--base", type=int, default=25_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    for inner in ("--way", "--lake", "--plan"):  # used when the program calls itself
        parser.add_argument(inner, help=argparse.SUPPRESS)
    parser.add_argument("--signals", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        way: Callable[[Path, str, int], float] = globals()[options.way]
        with peak_memory() as peak:
            seconds = way(Path(options.lake), options.plan, options.signals)
        print(json.dumps({"seconds": seconds, "total": peak.total, "java": peak.java, "worker": peak.worker}))
        return
    work = Path(tempfile.mkdtemp(prefix="sf_spark-bench-"))
    try:
        options.out.write_text(measure(work, options.entities, options.base, options.rounds), encoding="utf-8")
        print(options.out.read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
