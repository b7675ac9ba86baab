"""Times taking files in beside DuckDB, Polars and Spark's own reader; writes RESULTS-ingest.md.

    python -m benchmarks.ingest [--debit 1000] [--effectif 1000] [--sirene 2000000] [--debit-gz 300] [--rounds 2]

All engines read the same files and write typed columns to Parquet, on two threads. They take turns, each time in a new
process. DuckDB and Spark only read and type; Polars also hashes each row. sf_spark also checks every line, keeps
rejected lines, names each fact, detects repeats, and commits a versioned Delta table.

The time of both Spark engines excludes the start of Spark and of the Python workers, and a warm-up file of 100 lines,
which are reported separately: a monthly refresh pays them once for twenty files. Memory is sampled resident memory: of
all processes together (pages that workers share count once for each), of Java, of the largest Python worker, and of the
driver. Sizes and MB/s refer to the decompressed text; CPU is the CPU time of all processes together.
"""

import argparse
import gzip
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from benchmarks.process_memory import peak_memory

if TYPE_CHECKING:  # each process imports only its own engine, so that memory is comparable
    import polars as pl
    from pyspark.sql import DataFrame, SparkSession

RESULTS = Path(__file__).parent / "RESULTS-ingest.md"
PROJECT = Path(__file__).resolve().parent.parent
BATCH, NEXT_BATCH = "2603", "2604"
THREADS = 2
SMALL = 100  # lines
CHUNK = 200_000  # lines generated at a time
MONTHS = [f"{year}{quarter}{month}" for year in range(2016, 2026) for quarter in range(1, 5) for month in range(1, 4)]
HEADCOUNTS = [f"eff{month}" for month in MONTHS]
_DEBIT_HEADER = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours"
)
DEBIT = _DEBIT_HEADER.split(";")
DEBIT_NUMBERS = ("Etat_cpte", "Periode", "Num_Hist_Ecn", "Dt_trt_ecn", "Mt_PO", "Mt_PP", "Recours_en_cours")
_SIRENE_HEADER = (
    "siren,nic,siret,statutDiffusionEtablissement,dateCreationEtablissement,trancheEffectifsEtablissement,"
    "anneeEffectifsEtablissement,activitePrincipaleRegistreMetiersEtablissement,dateDernierTraitementEtablissement,"
    "etablissementSiege,nombrePeriodesEtablissement,complementAdresseEtablissement,numeroVoieEtablissement,"
    "indiceRepetitionEtablissement,typeVoieEtablissement,libelleVoieEtablissement,codePostalEtablissement,"
    "libelleCommuneEtablissement,libelleCommuneEtrangerEtablissement,distributionSpecialeEtablissement,"
    "codeCommuneEtablissement,codeCedexEtablissement,libelleCedexEtablissement,codePaysEtrangerEtablissement,"
    "libellePaysEtrangerEtablissement,complementAdresse2Etablissement,numeroVoie2Etablissement,"
    "indiceRepetition2Etablissement,typeVoie2Etablissement,libelleVoie2Etablissement,codePostal2Etablissement,"
    "libelleCommune2Etablissement,libelleCommuneEtranger2Etablissement,distributionSpeciale2Etablissement,"
    "codeCommune2Etablissement,codeCedex2Etablissement,libelleCedex2Etablissement,codePaysEtranger2Etablissement,"
    "libellePaysEtranger2Etablissement,dateDebut,etatAdministratifEtablissement,enseigne1Etablissement,"
    "enseigne2Etablissement,enseigne3Etablissement,denominationUsuelleEtablissement,activitePrincipaleEtablissement,"
    "nomenclatureActivitePrincipaleEtablissement,caractereEmployeurEtablissement,longitude,latitude,geo_score,geo_type,"
    "geo_adresse,geo_id,geo_ligne,geo_l4,geo_l5"
)
SIRENE = _SIRENE_HEADER.split(",")
SIRENE_DATES = ("dateCreationEtablissement", "dateDebut")
SIRENE_READ = (
    *("siret", "siren", "nic", "complementAdresseEtablissement", "numeroVoieEtablissement"),
    *("indiceRepetitionEtablissement", "typeVoieEtablissement", "libelleVoieEtablissement", "codePostalEtablissement"),
    *("libelleCommuneEtablissement", "libelleCommuneEtrangerEtablissement", "distributionSpecialeEtablissement"),
    *("codeCommuneEtablissement", "codeCedexEtablissement", "libelleCedexEtablissement"),
    *("codePaysEtrangerEtablissement", "libellePaysEtrangerEtablissement", "activitePrincipaleEtablissement"),
    *(*SIRENE_DATES, "etablissementSiege", "longitude", "latitude", "etatAdministratifEtablissement"),
)


# The files: the same bytes each time.


@dataclass(frozen=True)
class Kind:
    """One of the measured files.

    Attributes:
        source: The source that reads it.
        file: Name of the delivered file.
        header: Its columns.
        delimiter: Between cells.
        lines: The lines from number ``first`` to before ``last``, as columns of text and numbers.
        default: Its size: in megabytes of text, or in records if ``in_lines``.
        in_lines: Whether the size is a number of records.
    """

    source: str
    file: str
    header: list[str]
    delimiter: str
    lines: "Callable[[int, int], pl.DataFrame]"
    default: float
    in_lines: bool = False

    def write(self, path: Path, megabytes: float = 0, records: int = 0) -> "Written":
        """Write so many megabytes of text, or so many records."""
        path.parent.mkdir(parents=True, exist_ok=True)
        count, per_record = 0, 0.0
        with _created(path) as file:
            written = file.write(f"{self.delimiter.join(self.header)}\n".encode())
            while count < records or written < megabytes * 1e6:
                left = records - count if records else (megabytes * 1e6 - written) / per_record if count else 1000
                last, before = count + min(CHUNK, max(1, round(left))), written
                text = self.lines(count, last).write_csv(include_header=False, separator=self.delimiter)
                written += file.write(text.encode())
                per_record, count = (written - before) / (last - count), last
        return Written(count, written / 1e6)


@dataclass(frozen=True)
class Written:
    """The content of a file: records, and megabytes of decompressed text."""

    records: int
    megabytes: float


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    with path.open("wb") as file:
        if path.suffix != ".gz":
            yield file
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            yield packed  # type: ignore[misc]


def debit_lines(first: int, last: int) -> "pl.DataFrame":
    import polars as pl

    n = pl.int_range(first, last, eager=True).alias("n").to_frame().lazy()
    number, months = pl.col("n"), pl.Series(MONTHS)
    siren = _digits(number % 90_000 + 1, 9)
    columns = {
        "Urssaf_gestion": number % 100,
        "Dep": _digits(number % 95 + 1, 2),
        "num_cpte": _digits(number % 120_000, 18),
        "Siren": siren,
        "Siret": pl.concat_str(siren, _digits(number % 4 + 1, 5)),
        "Dt_immat": pl.lit("20150708"),
        "Etat_cpte": pl.lit("1"),
        "Cd_pro_col": pl.lit("0"),
        "Periode": pl.lit(months).gather(number % len(MONTHS)),
        "Num_Ecn": 100 + number % 7,
        "Num_Hist_Ecn": number // 90_000 + 1,
        "Dt_trt_ecn": 1_210_101 + number % 28,
        "Mt_PO": number * 37 % 500_000,
        "Mt_PP": number * 91 % 900_000,
        "Cd_op_ecn": number % 5 + 1,
        "Motif_ecn": number % 27,
        "Recours_en_cours": number % 2,
    }
    return n.select(**columns).collect()


def effectif_lines(first: int, last: int) -> "pl.DataFrame":
    """Headcounts move a little from month to month; a ninth of the cells is empty."""
    import polars as pl

    line, rank = np.arange(first, last)[:, None], np.arange(len(MONTHS))[None, :]
    counts = (line * 7 % 300) + (line + rank * rank) % 11
    names = pl.int_range(first, last, eager=True).alias("n").to_frame()
    number = pl.col("n")
    who = names.select(
        compte=_digits(number, 18),
        siret=pl.concat_str(_digits(number, 9), pl.lit("00011")),
        rais_soc=pl.format("SOCIETE {}", number),
    )
    cells = pl.from_numpy(counts.astype(np.int32), schema=HEADCOUNTS)
    empty = [pl.lit(None, pl.Int32).alias(name) for name in HEADCOUNTS[::9]]
    return who.hstack(cells.with_columns(empty))


def sirene_lines(first: int, last: int) -> "pl.DataFrame":
    """One name in eight holds a comma, one in forty a quote, one in ten thousand a line end: these stand in quotes."""
    import polars as pl

    number = pl.col("n")
    name = (
        pl.when(number % 10_000 == 77)
        .then(pl.format('ETS {}\n"LE BON COIN"', number))
        .when(number % 40 == 3)
        .then(pl.format('LE "{}" GOURMAND', number))
        .when(number % 8 == 1)
        .then(pl.format("MARTIN, PERE ET FILS {}", number))
        .when(number % 2 == 0)
        .then(pl.format("SOCIETE {}", number))
    )
    commune = _digits(number % 95 * 1000 + 1001, 5)
    known: dict[str, pl.Expr] = {
        "siren": _digits(100_000_000 + number // 2, 9),
        "nic": _digits(number % 2 * 18 + 11, 5),
        "siret": pl.concat_str(_digits(100_000_000 + number // 2, 9), _digits(number % 2 * 18 + 11, 5)),
        "statutDiffusionEtablissement": pl.lit("O"),
        "dateCreationEtablissement": pl.format(
            "{}-{}-{}", 1970 + number % 50, _digits(number % 12 + 1, 2), _digits(number % 28 + 1, 2)
        ),
        "trancheEffectifsEtablissement": _digits(number % 40, 2),
        "anneeEffectifsEtablissement": pl.lit("2023"),
        "dateDernierTraitementEtablissement": pl.lit("2024-11-29T09:14:22"),
        "etablissementSiege": pl.when(number % 2 == 0).then(pl.lit("true")).otherwise(pl.lit("false")),
        "nombrePeriodesEtablissement": number % 7 + 1,
        "complementAdresseEtablissement": pl.when(number % 15 == 0).then(pl.format("BATIMENT {}, ETAGE 2", number % 9)),
        "numeroVoieEtablissement": number % 200 + 1,
        "typeVoieEtablissement": pl.lit(pl.Series(["RUE", "AV", "BD", "PL"])).gather(number % 4),
        "libelleVoieEtablissement": pl.format("DU GENERAL NUMERO {}", number % 5000),
        "codePostalEtablissement": commune,
        "libelleCommuneEtablissement": pl.format("VILLE {}", number % 36_000),
        "codeCommuneEtablissement": commune,
        "dateDebut": pl.lit("2008-01-01"),
        "etatAdministratifEtablissement": pl.when(number % 3 == 0).then(pl.lit("F")).otherwise(pl.lit("A")),
        "enseigne1Etablissement": name,
        "denominationUsuelleEtablissement": pl.when(number % 6 == 1).then(name),
        "activitePrincipaleEtablissement": pl.lit(pl.Series(["62.01Z", "47.11B", "56.10A"])).gather(number % 3),
        "nomenclatureActivitePrincipaleEtablissement": pl.lit("NAFRev2"),
        "caractereEmployeurEtablissement": pl.lit("N"),
        "longitude": number % 70_000 / 10_000,
        "latitude": 43 + number % 80_000 / 10_000,
        "geo_score": pl.lit("0.87"),
        "geo_type": pl.lit("housenumber"),
        "geo_adresse": pl.format("{} Rue du General 75001 Ville", number % 200 + 1),
        "geo_ligne": pl.lit("G"),
    }
    n = pl.int_range(first, last, eager=True).alias("n").to_frame().lazy()
    return n.select(known.get(column, pl.lit(None, pl.String)).alias(column) for column in SIRENE).collect()


def _digits(number: "pl.Expr", width: int) -> "pl.Expr":
    import polars as pl

    return number.cast(pl.String).str.zfill(width)


KINDS = {
    "debit": Kind("debit", "sigfaible_debits.csv", DEBIT, ";", debit_lines, 1000),
    "effectif": Kind(
        *("effectif", "sigfaible_effectif_siret.csv", ["compte", "siret", "rais_soc", *HEADCOUNTS], ";"),
        *(effectif_lines, 1000),
    ),
    "sirene": Kind("sirene", "StockEtablissement_utf8_geo.csv", SIRENE, ",", sirene_lines, 2_000_000, in_lines=True),
    "debit-gz": Kind("debit", "sigfaible_debits.csv.gz", DEBIT, ";", debit_lines, 300),
}


# The engines. Each takes the file, its kind and a folder to write to, and returns its figures, with the `rows` written.

Figures = dict[str, float]


@contextmanager
def measured(figures: Figures) -> Iterator[None]:
    """Record elapsed seconds, CPU seconds and memory of the block, for this process and its descendants."""
    with peak_memory() as peak:
        start, cpu = time.perf_counter(), _cpu_seconds()
        yield
        figures["seconds"], figures["cpu"] = time.perf_counter() - start, _cpu_seconds() - cpu
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    figures |= {"memory": peak.total, "java": peak.java, "worker": peak.worker}
    figures["driver"] = int(status["VmHWM"].split()[0]) / 1024


def _cpu_seconds() -> float:
    """CPU seconds of this process and its descendants, ended ones included."""
    ticks, parents = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        pid = int(stat.parent.name)
        parents[pid], ticks[pid] = int(fields[1]), sum(map(int, fields[11:15]))
    family, grew = {os.getpid()}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family, grew = family | more, bool(more)
    return sum(ticks[pid] for pid in family) / os.sysconf("SC_CLK_TCK")


def duckdb(file: Path, kind: str, work: Path) -> Figures:
    import duckdb

    con = duckdb.connect()
    con.execute(f"SET threads={THREADS}; SET temp_directory='{work}'; SET preserve_insertion_order=false")
    query = {"debit": _duckdb_debit, "effectif": _duckdb_effectif, "sirene": _duckdb_sirene}[KINDS[kind].source](file)
    figures: Figures = {}
    with measured(figures):
        con.execute(f"COPY ({query}) TO '{work / 'out.parquet'}' (FORMAT parquet)")
    return figures | {"rows": _parquet_rows(work)}


def _duckdb_read(file: Path, delimiter: str, columns: dict[str, str]) -> str:
    columns_in_sql = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return (
        f"""read_csv('{file}', delim='{delimiter}', header=true, quote='"', escape='"', columns={{{columns_in_sql}}})"""
    )


def _duckdb_debit(file: Path) -> str:
    columns = dict.fromkeys(DEBIT, "VARCHAR") | dict.fromkeys(DEBIT_NUMBERS, "INTEGER")
    month = "Periode // 100 * 12 + 3 * (Periode // 10 % 10 - 1) + Periode % 10 - 1"
    return f"""
        SELECT Siret AS siret, num_cpte, Num_Ecn AS num_ecn, Num_Hist_Ecn AS num_hist,
            make_date((Dt_trt_ecn + 19000000) // 10000, Dt_trt_ecn // 100 % 100, Dt_trt_ecn % 100) AS date_traitement,
            make_date(({month}) // 12, ({month}) % 12 + 1, 1) AS periode_debut,
            make_date(({month} + 1) // 12, ({month} + 1) % 12 + 1, 1) AS periode_fin,
            Mt_PO / 100.0 AS part_ouvriere, Mt_PP / 100.0 AS part_patronale, Etat_cpte AS etat,
            Cd_pro_col AS cd_pro_col, Cd_op_ecn AS cd_op_ecn, Motif_ecn AS motif_ecn, Recours_en_cours = 1 AS recours
        FROM {_duckdb_read(file, ";", columns)}"""


def _duckdb_effectif(file: Path) -> str:
    columns = dict.fromkeys(("compte", "siret", "rais_soc"), "VARCHAR") | dict.fromkeys(HEADCOUNTS, "INTEGER")
    month = "3 * (CAST(mois[8] AS INTEGER) - 1) + CAST(mois[9] AS INTEGER)"
    return f"""
        SELECT siret, compte, make_date(CAST(mois[4:7] AS INTEGER), {month}, 1) AS periode, effectif
        FROM (UNPIVOT (SELECT * EXCLUDE (rais_soc) FROM {_duckdb_read(file, ";", columns)})
              ON COLUMNS('^eff') INTO NAME mois VALUE effectif)"""


def _duckdb_sirene(file: Path) -> str:
    columns = dict.fromkeys(SIRENE, "VARCHAR") | dict.fromkeys(SIRENE_DATES, "DATE")
    columns |= {"longitude": "DOUBLE", "latitude": "DOUBLE", "etablissementSiege": "BOOLEAN"}
    return f"SELECT {', '.join(SIRENE_READ)} FROM {_duckdb_read(file, ',', columns)}"


def polars(file: Path, kind: str, work: Path) -> Figures:
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)  # before it is imported
    import polars as pl

    frame = {"debit": _polars_debit, "effectif": _polars_effectif, "sirene": _polars_sirene}[KINDS[kind].source]
    figures: Figures = {}
    with measured(figures):
        typed = frame(file)
        hashed = typed.with_columns(pl.struct(pl.all()).hash(seed=1).alias("row_hash"))
        hashed.sink_parquet(work / "out.parquet", maintain_order=False)
    return figures | {"rows": _parquet_rows(work)}


def _polars_debit(file: Path) -> "pl.LazyFrame":
    import polars as pl

    kinds = dict.fromkeys(DEBIT, pl.String()) | dict.fromkeys(DEBIT_NUMBERS, pl.Int32())
    day, period = pl.col("Dt_trt_ecn") + 19_000_000, pl.col("Periode")
    month = period // 100 * 12 + 3 * (period // 10 % 10 - 1) + period % 10 - 1
    return pl.scan_csv(file, separator=";", schema=kinds).select(
        siret="Siret",
        num_cpte="num_cpte",
        num_ecn="Num_Ecn",
        num_hist="Num_Hist_Ecn",
        date_traitement=pl.date(day // 10_000, day // 100 % 100, day % 100),
        periode_debut=pl.date(month // 12, month % 12 + 1, 1),
        periode_fin=pl.date((month + 1) // 12, (month + 1) % 12 + 1, 1),
        part_ouvriere=pl.col("Mt_PO") / 100,  # Polars multiplies by 1/100: the last bit may differ from the others
        part_patronale=pl.col("Mt_PP") / 100,
        etat="Etat_cpte",
        cd_pro_col="Cd_pro_col",
        cd_op_ecn="Cd_op_ecn",
        motif_ecn="Motif_ecn",
        recours=pl.col("Recours_en_cours") == 1,
    )


def _polars_effectif(file: Path) -> "pl.LazyFrame":
    import polars as pl

    texts = ("compte", "siret", "rais_soc")
    kinds = dict.fromkeys(texts, pl.String()) | dict.fromkeys(HEADCOUNTS, pl.Int32())
    months = pl.Series(HEADCOUNTS), pl.Series([_month(name) for name in HEADCOUNTS]).str.to_date()

    def long(part: "pl.DataFrame") -> "pl.DataFrame":
        facts = part.unpivot(HEADCOUNTS, index=["siret", "compte"], variable_name="periode", value_name="effectif")
        month = pl.col("periode").replace_strict(*months, return_dtype=pl.Date)
        return facts.drop_nulls("effectif").with_columns(month)

    # Polars would unpivot the file in twenty times its size of memory; part by part is also faster.
    types = {"siret": pl.String(), "compte": pl.String(), "periode": pl.Date(), "effectif": pl.Int32()}
    return pl.scan_csv(file, separator=";", schema=kinds).map_batches(long, streamable=True, schema=types)


def _polars_sirene(file: Path) -> "pl.LazyFrame":
    import polars as pl

    kinds: dict[str, pl.DataType] = {**dict.fromkeys(SIRENE, pl.String()), **dict.fromkeys(SIRENE_DATES, pl.Date())}
    kinds |= {"longitude": pl.Float64(), "latitude": pl.Float64(), "etablissementSiege": pl.Boolean()}
    return pl.scan_csv(file, schema=kinds).select(SIRENE_READ)


def spark_csv(file: Path, kind: str, work: Path) -> Figures:
    frame = {"debit": _spark_debit, "effectif": _spark_effectif, "sirene": _spark_sirene}[KINDS[kind].source]
    spark, figures = _session(work)
    small = work / "small" / KINDS[kind].file
    KINDS[kind].write(small, records=SMALL)
    frame(spark, small).write.parquet(str(work / "small-out"))
    shutil.rmtree(work / "small-out")
    with measured(figures):
        frame(spark, file).write.parquet(str(work / "out"))
    return figures | {"rows": _parquet_rows(work)}


def _session(work: Path) -> "tuple[SparkSession, Figures]":
    """A new session configured like ours, and the seconds of its start."""
    from sf_spark.session import build_session
    from sf_spark.settings import load_settings

    start = time.perf_counter()
    settings = load_settings("local", [f"master=local[{THREADS}]", f"spark.sql.warehouse.dir={work / 'warehouse'}"])
    return build_session(settings, "benchmark"), {"session": time.perf_counter() - start}


def _spark_debit(spark: "SparkSession", file: Path) -> "DataFrame":
    schema = ", ".join(f"{name} {'int' if name in DEBIT_NUMBERS else 'string'}" for name in DEBIT)
    month = "Periode div 100 * 12 + 3 * (Periode div 10 % 10 - 1) + Periode % 10 - 1"
    start = "make_date(int(({m}) div 12), int(({m}) % 12 + 1), 1)"
    return spark.read.csv(str(file), schema=schema, sep=";", header=True).selectExpr(
        *("Siret as siret", "num_cpte", "Num_Ecn as num_ecn", "Num_Hist_Ecn as num_hist"),
        "make_date(int((Dt_trt_ecn + 19000000) div 10000), int(Dt_trt_ecn div 100 % 100), Dt_trt_ecn % 100) "
        "as date_traitement",
        f"{start.format(m=month)} as periode_debut",
        f"{start.format(m=f'{month} + 1')} as periode_fin",
        *("Mt_PO / 100D as part_ouvriere", "Mt_PP / 100D as part_patronale", "Etat_cpte as etat"),
        *("Cd_pro_col as cd_pro_col", "Cd_op_ecn as cd_op_ecn", "Motif_ecn as motif_ecn"),
        "Recours_en_cours = 1 as recours",
    )


def _spark_effectif(spark: "SparkSession", file: Path) -> "DataFrame":
    schema = ", ".join(["compte string, siret string, rais_soc string", *(f"{name} int" for name in HEADCOUNTS)])
    cells = ", ".join(f"struct(date'{_month(name)}' as periode, {name} as effectif)" for name in HEADCOUNTS)
    wide = spark.read.csv(str(file), schema=schema, sep=";", header=True)
    return wide.selectExpr("siret", "compte", f"inline(array({cells}))").where("effectif is not null")


def _spark_sirene(spark: "SparkSession", file: Path) -> "DataFrame":
    kinds = dict.fromkeys(SIRENE, "string") | dict.fromkeys(SIRENE_DATES, "date")
    kinds |= {"longitude": "double", "latitude": "double", "etablissementSiege": "boolean"}
    schema = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    # Because of quoted line ends, Spark must read the file in one task.
    read = spark.read.csv(str(file), schema=schema, header=True, multiLine=True, quote='"', escape='"')
    return read.select(*SIRENE_READ)


def sf_spark(file: Path, kind: str, work: Path) -> Figures:
    from sf_spark.settings import load_settings
    from sf_spark.staging.intake import take_in
    from sf_spark.staging.workers import attempt

    spark, figures = _session(work)

    def taken(landing: Path, lake: Path, batch: str) -> None:
        settings = load_settings("local", [f"landing={landing}", f"lake={lake}", "ingest.perimetre=off"])
        (account,) = take_in(spark, settings, batch, lambda text: None)
        assert account.accepted == account.read > 0, account.line()

    def small_file(name: str) -> float:
        KINDS[kind].write(work / name / BATCH / KINDS[kind].file, records=SMALL)
        start = time.perf_counter()
        taken(work / name, work / f"{name}-lake", BATCH)
        return time.perf_counter() - start

    for batch in (BATCH, NEXT_BATCH):
        (work / "landing" / batch).mkdir(parents=True)
        os.link(file, work / "landing" / batch / KINDS[kind].file)
    figures["first_small"] = small_file("first")
    start = time.perf_counter()
    # Warm-up: each worker loads its packages, and Java compiles the code that feeds it.
    attempt(spark, compile_kernels_of, list(range(2 * spark.sparkContext.defaultParallelism)), here=False)
    figures["workers"] = time.perf_counter() - start
    with measured(figures):
        taken(work / "landing", work / "lake", BATCH)
    figures["rows"] = _parquet_rows(work / "lake" / "staged" / KINDS[kind].source)
    figures["small"] = small_file("warm")
    again: Figures = {}
    with measured(again):
        taken(work / "landing", work / "lake", NEXT_BATCH)
    return figures | {"again": again["seconds"], "again_cpu": again["cpu"], "again_memory": again["memory"]}


def compile_kernels_of(task: int) -> int:
    from sf_spark.landing.compiling import compile_kernels

    return compile_kernels()


def _month(name: str) -> str:
    """The first day of the month of a column: eff202112 is 2021-02-01."""
    year, quarter, rank = int(name[3:7]), int(name[7]), int(name[8])
    return f"{year}-{3 * (quarter - 1) + rank:02d}-01"


def _parquet_rows(folder: Path) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in folder.rglob("*.parquet") if "_delta_log" not in path.parts)


WAYS: dict[str, tuple[Callable[[Path, str, Path], Figures], str]] = {
    "sf_spark": (sf_spark, "sf_spark: checked, versioned, in Delta"),
    "duckdb": (duckdb, "DuckDB"),
    "polars": (polars, "Polars, with a hash of each row"),
    "spark_csv": (spark_csv, "Spark's CSV reader"),
}


# The run.


def run(way: str, file: Path, kind: str, folder: Path) -> Figures:
    """Run one engine on one file, in a new process."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--way", way, "--kind", kind, "--file", str(file)]
    done = subprocess.run([*command, "--folder", str(folder)], capture_output=True, text=True, check=False, cwd=PROJECT)
    if done.returncode:
        raise SystemExit(f"{way} on {file.name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def prepared(folder: Path, kind: str, size: float) -> tuple[Path, Written]:
    """The file of a kind, and its content; a file from an earlier run is reused."""
    path = folder / f"{kind}-{size:g}" / KINDS[kind].file
    note = path.with_name("written.json")
    if not note.is_file():
        size_given = {"records": int(size)} if KINDS[kind].in_lines else {"megabytes": size}
        written = KINDS[kind].write(path, **size_given)
        note.write_text(json.dumps(asdict(written)), encoding="utf-8")
    with path.open("rb") as file:  # load it into the page cache
        while file.read(1 << 24):
            pass
    return path, Written(**json.loads(note.read_text(encoding="utf-8")))


def measure(options: argparse.Namespace, folder: Path) -> str:
    """The report: all engines on each file, taking turns."""
    parts, session, load = [], [], os.getloadavg()[0]
    for kind in options.kinds:
        start = time.perf_counter()
        file, written = prepared(folder, kind, getattr(options, kind.replace("-", "_")))
        seconds = time.perf_counter() - start
        print(f"{kind}: {written.megabytes:.0f} MB of text, {written.records} records, {seconds:.1f} s", flush=True)
        found: dict[str, list[Figures]] = {way: [] for way in options.ways}
        for round_ in range(options.rounds):
            for way in options.ways:
                found[way].append(run(way, file, kind, folder))
                figures = ", ".join(f"{name} {value:.1f}" for name, value in found[way][-1].items())
                print(f"  round {round_ + 1}, {way}: {figures}", flush=True)
        rows = {way: {figures["rows"] for figures in rounds} for way, rounds in found.items()}
        if len(set.union(*rows.values())) > 1:
            raise SystemExit(f"the ways do not write the same rows: {rows}")
        parts += _section(kind, file, written, found)
        if "sf_spark" in found:
            session.append(_session_row(kind, found["sf_spark"]))
    title = ["# Taking files in, beside DuckDB, Polars and Spark's own reader", "", *_introduction(), ""]
    return "\n".join([*title, *parts, *(_SESSION if session else []), *session, *_machine(load, options.rounds), ""])


def _introduction() -> list[str]:
    return (__doc__ or "").split("\n\n", 2)[2].strip().splitlines()


def _section(kind: str, file: Path, written: Written, found: dict[str, list[Figures]]) -> list[str]:
    packed = f" ({file.stat().st_size / 1e6:.0f} MB as gzip)" if file.suffix == ".gz" else ""
    rows = next(iter(found.values()))[0]["rows"]
    lines = [
        f"## {kind}: {written.megabytes:.0f} MB{packed}, {_number(written.records)} records, {_number(rows)} rows",
        "",
        "| way | time | by DuckDB | by Polars | CPU | MB/s | records/s | memory | Java | worker | driver |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    times = {way: _middle(rounds, "seconds") for way, rounds in found.items()}
    for way, rounds in found.items():
        seconds, cpu = times[way], _middle(rounds, "cpu")
        ratios = [f"{seconds / times[other]:.2f}" if other in times else "" for other in ("duckdb", "polars")]
        memory = [f"{max(each[name] for each in rounds):.0f} MB" for name in ("memory", "java", "worker", "driver")]
        cells = [
            *(WAYS[way][1], f"{seconds:.1f} s", *ratios, f"{cpu:.1f} s", f"{written.megabytes / seconds:.1f}"),
            *(_number(written.records / seconds), *memory),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", f"Spread: {', '.join(_spread(way, rounds) for way, rounds in found.items())}.", ""]


def _spread(way: str, rounds: list[Figures]) -> str:
    times = [figures["seconds"] for figures in rounds]
    return f"{way} {min(times):.1f}-{max(times):.1f} s"


_SESSION = [
    "## Around it: the session, small files, and the same delivery again",
    "",
    "The same file again is the next month's batch: all of it is read and compared, nothing has changed.",
    "",
    "| file | start of Spark | first 100 lines | workers | 100 lines, warm | the file | again | its CPU | its memory |",
    "|---|---|---|---|---|---|---|---|---|",
]


def _session_row(kind: str, rounds: list[Figures]) -> str:
    names = ("session", "first_small", "workers", "small", "seconds", "again", "again_cpu")
    cells = [f"{_middle(rounds, name):.1f} s" for name in names]
    return f"| {kind} | {' | '.join(cells)} | {max(figures['again_memory'] for figures in rounds):.0f} MB |"


def _middle(rounds: list[Figures], name: str) -> float:
    return statistics.median(figures[name] for figures in rounds)


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")


def _machine(load: float, rounds: int) -> list[str]:
    about = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*:\s*(.*)$", about, re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _packages())
    cores = f"{os.cpu_count()} cores ({model[1] if model else platform.machine()})"
    how = f"{rounds} rounds, medians of the times, largest of the memory"
    return [
        "",
        "## Measured with",
        "",
        f"{cores}, {memory:.0f} GB; load before: {load:.1f}; {how}.",
        "",
        f"Python {platform.python_version()}, {packages}.",
    ]


def _packages() -> tuple[str, ...]:
    return ("pyspark", "delta-spark", "deltalake", "duckdb", "polars", "pyarrow", "numpy", "sf-spark")


def main() -> None:
    """Measure all, or one engine on one file: the program calls itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind in KINDS.items():
        unit = "LINES" if kind.in_lines else "MEGABYTES"
        parser.add_argument(f"--{name}", metavar=unit, type=float, default=kind.default, help=f"{kind.default:g}")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--folder", type=Path, help="for the files, some 4 GB, kept there (default: a temporary one)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    for inner in ("--way", "--kind", "--file"):
        parser.add_argument(inner, help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="sf_spark-bench-"))
    try:
        if options.way:
            print(json.dumps(_measured_once(options, folder)))
            return
        options.out.write_text(measure(options, folder), encoding="utf-8")
        print(options.out.read_text(encoding="utf-8"))
    finally:
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


def _measured_once(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    # On the same file system: the landing folder holds links to the file.
    work = Path(tempfile.mkdtemp(prefix="work-", dir=folder)).resolve()
    try:
        return WAYS[options.way][0](Path(options.file).resolve(), options.kind, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
