"""Times the application's tables: a million rows, against plain COPY and Spark's JDBC; writes RESULTS-serve.md.

python -m benchmarks.serve [jdbc]       jdbc: also by Spark's JDBC, whose driver is fetched from Maven Central
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.publication.application.rows import CSV_OPTIONS
from sf_spark.session import build_session, end_session
from sf_spark.settings import Settings, load_settings
from sf_spark.steps.serve import serve
from tests.cluster.servers import postgresql

RESULTS = Path(__file__).parent / "RESULTS-serve.md"
SITES, MONTHS, REPEATS = 20_834, 48, 3
DRIVER = "org.postgresql:postgresql:42.7.8"
CHANGED = date(2025, 12, 1)


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    work = Path(tempfile.mkdtemp(prefix="sf_spark-bench-"))
    jdbc = "jdbc" in sys.argv[1:]
    try:
        more = [f"spark.jars.packages={DRIVER}", f"spark.jars.ivy={work / 'ivy'}"] if jdbc else []
        settings = load_settings("local", [f"lake={work / 'lake'}", *more])
        spark = build_session(settings, "benchmark")
        with postgresql(work) as uri:
            text = measure(spark, settings, uri.replace("+psycopg", ""), work, jdbc)
        end_session(spark)
        RESULTS.write_text(text, encoding="utf-8")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(RESULTS.read_text(encoding="utf-8"))


def measure(spark: SparkSession, settings: Settings, uri: str, work: Path, jdbc: bool) -> str:
    deliver(spark, settings)
    rows = contributions(spark).select("siret", F.col("periode_debut").alias("periode"), "du").persist()
    count = rows.count()
    rows.write.options(**CSV_OPTIONS).csv(str(work / "csv"))
    first, alone, with_index, by_jdbc = [], [], [], []
    for number in range(REPEATS):  # in turns
        first.append(relation_seconds(spark, settings, uri, f"s{number}"))
        alone.append(seconds(lambda: copy(uri, work / "csv", "")))
        with_index.append(seconds(lambda: copy(uri, work / "csv", "CREATE UNIQUE INDEX ON alone (siret, periode)")))
        if jdbc:
            by_jdbc.append(seconds(lambda: write_jdbc(rows, uri)))
    nothing = seconds(lambda: serve(spark, settings, lambda text: None, uri, "s0"))
    change_a_month(settings)
    month = relation_seconds(spark, settings, uri, "s0")
    base = statistics.median(alone)

    def line(way: str, *times: float) -> str:
        middle = statistics.median(times)
        spread = f" ({min(times):.1f} to {max(times):.1f})" if len(times) > 1 else ""
        return f"| {way} | {middle:.1f} s{spread} | {middle / base:.1f} |"

    return "\n".join(
        [
            f"# The application's tables: {count} rows of contributions in PostgreSQL",
            "",
            f"The median of {REPEATS} turns, on one machine that runs Spark and PostgreSQL both; a timing is a ratio",
            "against COPY alone, of the same rows from a text file, into a table without an index, committed.",
            "",
            "| way | time | against COPY alone |",
            "|---|---|---|",
            line("COPY alone", *alone),
            line("COPY alone, then the index of the key", *with_index),
            line("`serve`, `clean_cotisation` from the staged table: summed, digests, text, COPY, two indexes", *first),
            *(
                [line("Spark's JDBC, rows at hand, no index, two connections, batches rewritten", *by_jdbc)]
                if jdbc
                else []
            ),
            line(f"`serve`, one month of {MONTHS} changed: computed again, {SITES} rows written", month),
            line("`serve`, nothing changed, all eleven relations", nothing),
            "",
        ]
    )


def contributions(spark: SparkSession) -> DataFrame:
    """A contribution for every site and month, as stored from a delivery."""
    cells = spark.range(SITES * MONTHS)
    site, month = F.col("id") % SITES, F.floor(F.col("id") / SITES).cast("int")
    return cells.select(
        F.concat(F.lpad(site.cast("string"), 9, "0"), F.lit("00011")).alias("siret"),
        F.lpad(site.cast("string"), 9, "0").alias("siren"),
        F.add_months(F.lit(date(2022, 1, 1)), month).alias("periode_debut"),
        (F.pmod(F.xxhash64("id"), F.lit(1_000_000)) / 100).alias("du"),
        F.lit("2601").alias("_batch"),
        F.col("id").alias("_line"),
        F.lit(None).cast("date").alias("superseded_on"),
    )


def deliver(spark: SparkSession, settings: Settings) -> None:
    contributions(spark).write.format("delta").save(f"{settings.lake}/staged/cotisation")
    account = {"source": ["cotisation"], "_batch": ["2601"], "_file": ["a.csv"], "status": ["ok"], "sha256": ["a"]}
    write_deltalake(f"{settings.lake}/deliveries", pa.table(account | {"known_on": [date(2026, 1, 20)]}))


def change_a_month(settings: Settings) -> None:
    table = DeltaTable(f"{settings.lake}/staged/cotisation")
    table.update(updates={"du": "du + 1"}, predicate=f"periode_debut = '{CHANGED.isoformat()}'")


def relation_seconds(spark: SparkSession, settings: Settings, uri: str, schema: str) -> float:
    """The seconds that `serve` reports for the contributions alone."""
    said: list[str] = []
    serve(spark, settings, said.append, uri, schema)
    (line,) = (text for text in said if text.startswith("clean_cotisation"))
    print(line, flush=True)
    return float(line.rpartition(", ")[2].removesuffix(" s"))


def copy(uri: str, folder: Path, then: str) -> None:
    with psycopg.connect(uri) as connection:
        connection.execute("DROP TABLE IF EXISTS alone")
        connection.execute("CREATE TABLE alone (siret varchar(14), periode date, du numeric)")
        with connection.cursor() as cursor, cursor.copy("COPY alone FROM STDIN (FORMAT csv)") as target:
            for file in sorted(folder.glob("*.csv")):
                with file.open("rb") as source:
                    while block := source.read(1 << 20):
                        target.write(block)
        if then:
            connection.execute(then)


def write_jdbc(rows: DataFrame, uri: str) -> None:
    address = "jdbc:postgresql://" + uri.partition("@")[2]
    options = {"user": "sf_spark", "batchsize": "10000", "reWriteBatchedInserts": "true", "numPartitions": "2"}
    rows.write.jdbc(address, "by_jdbc", mode="overwrite", properties={**options, "driver": "org.postgresql.Driver"})


if __name__ == "__main__":
    main()
