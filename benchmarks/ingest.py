"""Times taking in debit (long) and effectif (wide) beside DuckDB and pandas; writes RESULTS-ingest.md.

    benchmarks/ingest.py [--debit 100 1000] [--effectif 100 1000]

All read the same files in the same run, each in a process of its own, and write typed columns to Parquet. Ours also
checks every line, keeps the rejected ones, names each fact, and writes versioned Delta tables. Starting Spark, and its
first small delivery, are not counted: a monthly refresh pays them once for twenty files.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS-ingest.md"
BATCH = "2603"
MONTHS = [f"{year}{quarter}{month}" for year in range(2021, 2026) for quarter in range(1, 5) for month in range(1, 4)]
DEBIT = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours\n"
)
NAMES = {"debit": "sigfaible_debits.csv", "effectif": "sigfaible_effectif_siret.csv"}
WAYS = ("sf_spark", "duckdb", "pandas")


def debit_lines() -> Iterator[str]:
    n = 0
    while True:
        siren, month = f"{n % 90_000 + 1:09d}", MONTHS[n % len(MONTHS)]
        yield (
            f"{n % 100};{n % 95 + 1:02d};{n % 120_000:018d};{siren};{siren}{n % 4 + 1:05d};20150708;1;0;{month};"
            f"{100 + n % 7};{n // 90_000 + 1};{1210101 + n % 28};{n * 37 % 500_000};{n * 91 % 900_000};{n % 5 + 1};"
            f"{n % 27};{n % 2}\n"
        )
        n += 1


def effectif_lines() -> Iterator[str]:
    n = 0
    while True:
        cells = ";".join(str((n * 7 + rank * rank) % 300) if rank % 9 else "" for rank in range(len(MONTHS)))
        yield f"{n:018d};{n:09d}00011;SOCIETE {n};{cells}\n"
        n += 1


def write_file(path: Path, kind: str, megabytes: float) -> int:
    """Write a file of about this size; the number of its data lines."""
    header, lines = {
        "debit": (DEBIT, debit_lines()),
        "effectif": ("compte;siret;rais_soc;" + ";".join(f"eff{month}" for month in MONTHS) + "\n", effectif_lines()),
    }[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    size, count = len(header), 0
    with path.open("w", encoding="ascii") as file:
        file.write(header)
        for line in lines:
            file.write(line)
            size, count = size + len(line), count + 1
            if size > megabytes * 1e6:
                return count
    raise AssertionError("the lines never end")


def sf_spark(file: Path, kind: str, work: Path) -> float:
    from sf_spark.io.intake import take_in
    from sf_spark.session import build_session
    from sf_spark.settings import load_settings

    warm = work / "warm" / BATCH / file.name
    write_file(warm, kind, 0.1)
    settings = load_settings("local", [f"landing={warm.parent.parent}", f"lake={work / 'warm-lake'}"])
    spark = build_session(settings, "benchmark")
    take_in(spark, settings, BATCH, lambda text: None)
    own = settings.model_copy(update={"landing": str(file.parent.parent), "lake": str(work / "lake")})
    start = time.perf_counter()
    (account,) = take_in(spark, own, BATCH, lambda text: None)
    elapsed = time.perf_counter() - start
    assert account.accepted == account.read > 0, account.line()
    return elapsed


def duckdb(file: Path, kind: str, work: Path) -> float:
    import duckdb

    con = duckdb.connect()
    con.execute("SET threads=2")
    con.execute(f"SET temp_directory='{work}'")
    read = f"read_csv('{file}', delim=';', header=true, all_varchar=true)"
    query = {
        "debit": f"""SELECT Siret, num_cpte, Periode, Num_Ecn, CAST(Num_Hist_Ecn AS INT) AS num_hist,
            strptime(CAST(CAST(Dt_trt_ecn AS INT) + 19000000 AS VARCHAR), '%Y%m%d')::DATE AS date_traitement,
            CAST(Mt_PO AS DOUBLE) / 100 AS part_ouvriere, CAST(Mt_PP AS DOUBLE) / 100 AS part_patronale,
            CAST(Etat_cpte AS INT) AS etat, Cd_pro_col, Cd_op_ecn, Motif_ecn, Recours_en_cours = '1' AS recours
            FROM {read}""",
        "effectif": f"""SELECT siret, compte, mois, CAST(valeur AS INT) AS effectif FROM
            (UNPIVOT (SELECT * EXCLUDE (rais_soc) FROM {read}) ON COLUMNS('^eff') INTO NAME mois VALUE valeur)
            WHERE valeur <> ''""",
    }[kind]
    start = time.perf_counter()
    con.execute(f"COPY ({query}) TO '{work / 'out.parquet'}' (FORMAT parquet)")
    return time.perf_counter() - start


def pandas(file: Path, kind: str, work: Path) -> float:
    import pandas as pd

    def typed(part: "pd.DataFrame") -> "pd.DataFrame":
        if kind == "effectif":
            long = part.drop(columns="rais_soc").melt(
                id_vars=["siret", "compte"], var_name="mois", value_name="effectif"
            )
            return long.dropna().astype({"effectif": "int32"})
        part["date"] = pd.to_datetime(part["Dt_trt_ecn"].astype(int) + 19_000_000, format="%Y%m%d")
        for amount in ("Mt_PO", "Mt_PP"):
            part[amount] = part[amount].astype(float) / 100
        return part.astype({"Num_Hist_Ecn": "int32", "Etat_cpte": "int32"})

    start = time.perf_counter()
    for rank, part in enumerate(pd.read_csv(file, sep=";", dtype=str, chunksize=200_000)):
        typed(part).to_parquet(work / f"{rank}.parquet")
    return time.perf_counter() - start


def peak_megabytes() -> float:
    """The largest memory that this process and the Java process it started have held."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue  # it has ended meanwhile
        mine = str(os.getpid())
        if mine in (fields["Pid"].strip(), fields["PPid"].strip()) and "VmHWM" in fields:
            total += int(fields["VmHWM"].split()[0])
    return total / 1024


def run(way: str, file: Path, kind: str) -> dict[str, float]:
    """One way on one file, in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--file", str(file), "--kind", kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way} on {file.name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def row(kind: str, lines: int, size: int, found: dict[str, dict[str, float]], way: str) -> str:
    seconds, memory = found[way]["seconds"], found[way]["megabytes"]
    speed = f"{lines / seconds:,.0f}".replace(",", " ")
    ratio = seconds / found["duckdb"]["seconds"]
    return (
        f"| {kind} | {size / 1e6:.0f} MB, {lines} lines | {way} | {seconds:.1f} s | {speed} | "
        f"{size / 1e6 / seconds:.1f} | {memory:.0f} MB | {ratio:.1f} |"
    )


def measure(sizes: dict[str, list[float]], work: Path) -> str:
    """A table of all ways on files of each kind, of so many megabytes."""
    rows = []
    for kind, megabytes in [(name, size) for name in NAMES for size in sizes[name]]:
        file = work / f"{kind}-{megabytes}" / BATCH / NAMES[kind]
        lines = write_file(file, kind, megabytes)
        found = {way: run(way, file, kind) for way in WAYS}
        rows += [row(kind, lines, file.stat().st_size, found, way) for way in WAYS]
        print("\n".join(rows[-len(WAYS) :]), flush=True)
        file.unlink()
    title = ["# Taking files in, beside DuckDB and pandas", "", (__doc__ or "").split("\n\n", 2)[2].strip(), ""]
    head = [
        "| file | size | by | time | lines/s | MB/s | peak memory | time against DuckDB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*title, *head, *rows, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for kind in NAMES:
        parser.add_argument(f"--{kind}", metavar="MEGABYTES", type=float, nargs="+", default=[100, 1000])
    parser.add_argument("--out", type=Path, default=RESULTS)
    for inner in ("--way", "--file", "--kind"):  # how it calls itself
        parser.add_argument(inner, help=argparse.SUPPRESS)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="sf_spark-bench-"))
    try:
        if options.way:
            way: Callable[[Path, str, Path], float] = globals()[options.way]
            seconds = way(Path(options.file), options.kind, work)
            print(json.dumps({"seconds": seconds, "megabytes": peak_megabytes()}))
            return
        options.out.write_text(measure({kind: getattr(options, kind) for kind in NAMES}, work), encoding="utf-8")
        print(options.out.read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
