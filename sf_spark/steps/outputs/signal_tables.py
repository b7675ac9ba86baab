"""Write signals into their tables: months, number of tasks, one commit a table."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
from pyspark import StorageLevel, TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.lake.month_files import commit_months, files_of_months
from sf_spark.lake.months import months_of
from sf_spark.lake.planning import Plan
from sf_spark.lake.tables import location, read_version
from sf_spark.schema import PANEL_ENTREPRISE, PANEL_ETABLISSEMENT, SIGNALS_ENTREPRISE, SIGNALS_ETABLISSEMENT, Table
from sf_spark.signals.catalogue import Catalogue, months_needed
from sf_spark.signals.expression import Peer, measures_of, peers_of, sites_of
from sf_spark.signals.packing import pack, unpack
from sf_spark.signals.panel_files import PanelFile, Reading, read_rows
from sf_spark.signals.record import Signal
from sf_spark.signals.worker import PeerTable, SignalRequest, count_peers, peer_tables, write_part

GRAINS: dict[str, tuple[Table, Table]] = {
    "siren": (PANEL_ENTREPRISE, SIGNALS_ENTREPRISE),
    "siret": (PANEL_ETABLISSEMENT, SIGNALS_ETABLISSEMENT),
}
_OF_PEERS = ("secteur_section", "effectif")  # columns that group companies for a comparison
_ROWS_FOR_COVERAGE = 20_000
_READERS_A_CORE = 4  # files differ in size: small tasks keep all cores busy to the end
Report = Callable[[str], None]


@dataclass(frozen=True)
class Months:
    """Months to write, both included; ``whole`` replaces the tables with their columns.

    One month reads only what the windows need, a full build all of the history, with the same engine.
    """

    first: date
    last: date
    whole: bool


def write_signals(
    spark: SparkSession,
    plans: Mapping[str, Plan],
    catalogue: Catalogue,
    months: Months,
    rows_per_task: int,
    report: Report,
) -> None:
    """Compute the tables in one pass over both panels, and commit each once.

    Args:
        spark: The session.
        plans: Plans by id column, for one table or both, in one lake, where workers read and write.
        catalogue: The signals.
        months: The months.
        rows_per_task: Rows of 100 signals in one task.
        report: Takes progress lines.
    """
    signals = {key: catalogue.of(key) for key in plans}
    request = _request(plans, signals, months)
    files, rows = _files(plans, request)
    # There is no data before the first month of the panel.
    request = replace(request, before=min([*(file.mois for file in files), request.first]))
    tasks = max(spark.sparkContext.defaultParallelism, _tasks(signals, request, rows, rows_per_task))
    report(f"reading panel/*: {len(request.measures)} measures in {len(files)} files, {tasks} tasks")
    partitioned = _by_company(spark, files, Reading(request.measures, _wanted(signals)), tasks)
    compared = peers_of(tuple(node for _, node in request.signals.get("siren", ())))
    if compared:  # read twice: once to count peers
        partitioned = partitioned.persist(StorageLevel.DISK_ONLY)
    try:
        request = replace(request, peers=_peer_tables(partitioned, compared, request))
        written = _written(spark, partitioned, request)
    finally:
        partitioned.unpersist()
    for key, todo in plans.items():
        _commit(key, written[key], signals[key], todo, months, report)


def last_rows(spark: SparkSession, lake: str, version: int) -> pa.Table:
    """Signals of the companies in the last month: all of them, or about 20 000, always the same ones."""
    rows = read_version(spark, lake, SIGNALS_ENTREPRISE, version, months_of(lake, SIGNALS_ENTREPRISE, version)[-1:])
    one_in = max(1, rows.count() // _ROWS_FOR_COVERAGE)
    return rows.where(F.pmod(F.xxhash64("siren"), F.lit(one_in)) == 0).toArrow()


def _request(plans: Mapping[str, Plan], signals: Mapping[str, tuple[Signal, ...]], months: Months) -> SignalRequest:
    everything = [signal for of_grain in signals.values() for signal in of_grain]
    first, last = index_of(months.first), index_of(months.last)
    return SignalRequest(
        signals={key: [(signal.name, signal.expression) for signal in of_grain] for key, of_grain in signals.items()},
        folders={key: location(todo.lake, todo.table) for key, todo in plans.items()},
        measures=_measures(signals),
        before=first - months_needed(everything),
        first=first,
        last=last,
    )


def _measures(signals: Mapping[str, tuple[Signal, ...]]) -> tuple[str, ...]:
    roots = tuple(signal.expression for of_grain in signals.values() for signal in of_grain)
    of_sites = tuple(node.of for node in sites_of(roots))
    compared = _OF_PEERS if peers_of(roots) else ()
    return tuple(sorted({*measures_of(roots), *measures_of(of_sites), *compared}))


def _wanted(signals: Mapping[str, tuple[Signal, ...]]) -> dict[str, frozenset[str]]:
    """The measures read from each panel."""
    of_grain = {key: measures_of(tuple(s.expression for s in signals.get(key, ()))) for key in GRAINS}
    of_sites = measures_of(tuple(node.of for node in sites_of(tuple(s.expression for s in signals.get("siren", ())))))
    return {"siren": frozenset({*of_grain["siren"], *_OF_PEERS}), "siret": frozenset({*of_grain["siret"], *of_sites})}


def _files(plans: Mapping[str, Plan], request: SignalRequest) -> tuple[list[PanelFile], dict[str, int]]:
    """The files of both panels that the windows need, and the number of their rows for each panel."""
    files, rows = [], {}
    lake = next(iter(plans.values())).lake
    for key, (source, _) in GRAINS.items():
        first, last = start_of(max(request.before, 12)), start_of(request.last)
        found = files_of_months(location(lake, source), _version(plans, source), first, last)
        files += [PanelFile(key, path, index_of(day)) for path, day, _ in found]
        rows[key] = sum(count for _, _, count in found)
    return files, rows


def _version(plans: Mapping[str, Plan], panel: Table) -> int | None:
    """The version of a panel in the builds; None if no build reads it."""
    contents = (todo.build.read.get(panel.path) for todo in plans.values())
    return min((content.version for content in contents if content is not None), default=None)


def _by_company(spark: SparkSession, files: Sequence[PanelFile], reading: Reading, tasks: int) -> DataFrame:
    """The rows of files in blocks, with a company and its establishments in the same task."""

    def packed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        part = (files[rank.as_py()] for batch in batches for rank in batch.column("id"))
        return pack(read_rows(part, reading), tasks)

    readers = min(len(files), _READERS_A_CORE * spark.sparkContext.defaultParallelism)
    blocks = spark.range(0, len(files), 1, max(1, readers)).mapInArrow(packed, "partition int, block binary")
    return blocks.repartitionById(tasks, "partition")


def _tasks(
    signals: Mapping[str, tuple[Signal, ...]], request: SignalRequest, rows: Mapping[str, int], rows_per_task: int
) -> int:
    """The number of tasks, so that the input (doubles) and output (floats) of each stay small."""
    read = sum(rows.values()) * len(request.measures) * 2
    written = sum(rows[key] * len(signals.get(key, ())) for key in GRAINS)
    share = (request.last - request.first + 1) / (request.last - request.before + 1)
    return math.ceil(max(read, written * share) / (100 * rows_per_task))


def _peer_tables(rows: DataFrame, nodes: Sequence[Peer], request: SignalRequest) -> dict[Peer, PeerTable]:
    """The comparisons with the whole sector in each month: counted in the workers, summed by Spark, small."""
    if not nodes:
        return {}
    asked = replace(request, peers=dict.fromkeys(nodes))  # type: ignore[arg-type]

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return count_peers(unpack(batches), asked)

    schema = "peer long, mois long, cell long, companies long, millionths long"
    counted = rows.mapInArrow(count, schema).groupBy("peer", "mois", "cell")
    table = counted.agg(F.sum("companies").alias("companies"), F.sum("millionths").alias("millionths")).toArrow()
    return peer_tables(table, nodes, request)


def _written(spark: SparkSession, rows: DataFrame, request: SignalRequest) -> dict[str, list[dict[str, object]]]:
    """Run the workers; returns the files that they wrote, by grain."""
    sent = spark.sparkContext.broadcast(request)

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        assert context is not None  # always set in a task
        return write_part(unpack(batches), sent.value, context.partitionId())

    schema = "key string, path string, periode string, bytes long, rows long, low string, high string"
    try:
        files = rows.mapInArrow(write, schema).toArrow().to_pylist()
    finally:
        sent.unpersist()
    return {key: [file for file in files if file["key"] == key] for key in request.signals}


def _commit(
    key: str,
    files: list[dict[str, object]],
    signals: tuple[Signal, ...],
    todo: Plan,
    months: Months,
    report: Report,
) -> None:
    names = [signal.name for signal in signals]
    commit_months(todo.writing(None if months.whole else months.first, months.last), key, names, files)
    rows = sum(int(str(file["rows"])) for file in files)
    span = f"{months.first:%Y-%m} to {months.last:%Y-%m}"
    report(f"{todo.table.path}: {rows} rows of {len(names)} signals written in {len(files)} files, months {span}")
