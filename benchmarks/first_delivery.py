"""Times the generator and a first delivery against pandas on the same files; writes RESULTS-first-delivery.md.

Timings are ratios to a reference in the same run: machines differ, and vary over time.
"""

import shutil
import tempfile
import time
from pathlib import Path

import pandas as pd

from sf_spark.demo import DemoPlan, generate
from sf_spark.session import build_session, end_session
from sf_spark.settings import load_settings
from sf_spark.staging.intake import take_in

RESULTS = Path(__file__).parent / "RESULTS-first-delivery.md"
ENTREPRISES, ANNEES = 10_000, 6
FILES = ("sigfaible_cotisdues.csv.gz", "sigfaible_debits.csv.gz", "sigfaible_effectif_siret.csv")


def seconds(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    work = Path(tempfile.mkdtemp(prefix="sf_spark-bench-"))
    try:
        RESULTS.write_text(measure(work), encoding="utf-8")
    finally:
        shutil.rmtree(work)
    print(RESULTS.read_text(encoding="utf-8"))


def measure(work: Path) -> str:
    landing = work / "landing"
    plan = DemoPlan(entreprises=ENTREPRISES, annees=ANNEES, monthly_deliveries=0)
    generating = seconds(lambda: generate(plan, landing, work / "truth", lambda text: None))
    settings = load_settings("local", [f"landing={landing}", f"lake={work / 'lake'}"])
    spark = build_session(settings, "benchmark")
    spark.createDataFrame([(1,)], "n int").write.format("delta").save(str(work / "first"))  # a session's first write
    rows = []
    for name in FILES:
        alone = work / "alone" / name / "2610"
        alone.mkdir(parents=True)
        shutil.copyfile(landing / "2610" / name, alone / name)
        own = settings.model_copy(update={"landing": str(alone.parent), "lake": str(work / "lakes" / name)})
        accounts = []
        ours = seconds(
            lambda own=own, accounts=accounts: accounts.extend(take_in(spark, own, "2610", lambda text: None))
        )
        theirs = seconds(
            lambda path=alone / name: pd.read_csv(path, sep=";", dtype=str, on_bad_lines="skip", quoting=3)
        )
        rows.append(f"| {name} | {accounts[0].read} | {ours:.1f} s | {theirs:.1f} s | {ours / theirs:.1f} |")
    end_session(spark)
    return "\n".join(
        [
            "# Results of `make bench`",
            "",
            f"{ENTREPRISES} companies, {ANNEES} years, one delivery. Generated in {generating:.1f} s.",
            "",
            "Intake of one file (framed, checked, typed, versioned, written to Delta) beside pandas, which only splits",
            "the same file into text columns in memory:",
            "",
            "| file | lines | intake | pandas | ratio |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
