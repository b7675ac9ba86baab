"""Signals in a Spark worker: narrow rows of a partition in, Parquet files out. Uses neither Spark nor Delta.

Only the names, sizes and counts of the files return to the driver, which commits them to a table. That makes the engine
fast: rows of 800 columns are slow to move, and to write one by one.

Companies and their establishments come in the same partition, so one shuffle serves both tables.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sf_spark.domain.calendar import start_of
from sf_spark.lake.storage import open_output
from sf_spark.signals.expression import Node, OfSites, Peer, SectorRank, sites_of
from sf_spark.signals.kernel import Grid, Kernel, Panel
from sf_spark.signals.packing import SITES_OF_A_COMPANY
from sf_spark.signals.peers import BRACKETS, FEWEST, GROUPS, MILLIONTHS, bracket_of, group_of, millionths_of

FILES = pa.schema(
    [
        *(("key", pa.string()), ("path", pa.string()), ("periode", pa.string()), ("bytes", pa.int64())),
        *(("rows", pa.int64()), ("low", pa.string()), ("high", pa.string())),
    ]
)
COUNTS = pa.schema(
    [(name, pa.int64()) for name in ("peer", "mois", "cell", "companies", "millionths")],
)
Named = Sequence[tuple[str, Node]]


@dataclass(frozen=True)
class SignalRequest:
    """The signals to compute in a worker, and where to write them.

    Attributes:
        signals: For each grain (``siren``, ``siret``) the names and expressions.
        folders: For each grain the folder of the table.
        measures: The columns of the rows, behind ``id, mois``; an id is a SIRET as a number, or minus a SIREN.
        before: Index of the first month that comes in, for the windows.
        first: Index of the first month to write.
        last: Index of the last one.
        compression: Compression of the files.
        peers: Counts over the whole sector, for each comparison: see :class:`PeerTable`.
    """

    signals: Mapping[str, Named]
    folders: Mapping[str, str]
    measures: tuple[str, ...]
    before: int
    first: int
    last: int
    compression: str = "snappy"
    peers: Mapping[Peer, "PeerTable"] = field(default_factory=dict)


@dataclass(frozen=True)
class PeerTable:
    """Counts of companies by month and cell; a cell is a section, or a bracket of values of a section and size.

    Counts of brackets are cumulated from the lowest up, so that each partition need not add them up.
    """

    companies: Grid
    millionths: Grid | None

    def values(self, node: Peer, values: Grid, groups: Grid) -> Grid:
        """The value of the comparison for each company in the months to write."""
        months = np.arange(len(values))[:, None]
        safe = np.where(groups >= 0, groups, 0)
        if isinstance(node, SectorRank):
            place = bracket_of(values)
            up_to = self.companies[months, safe, place]
            lower = np.where(place > 0, self.companies[months, safe, np.maximum(place - 1, 0)], 0)
            below = up_to - (up_to - lower) / 2
            total = self.companies[months, safe, BRACKETS - 1]
            known = (groups >= 0) & (total >= FEWEST) & ~np.isnan(values)
            return np.where(known, below / np.maximum(total, 1), np.nan)
        total = self.companies[months, safe]
        assert self.millionths is not None
        mean = self.millionths[months, safe] / np.maximum(total, 1) / MILLIONTHS
        return np.where((groups >= 0) & (total >= FEWEST), mean, np.nan)


@dataclass(frozen=True)
class Part:
    """The rows of one grain in a partition, on the grid; ``ids`` are sorted."""

    ids: np.ndarray
    panel: Panel


def write_part(batches: Iterable[pa.RecordBatch], request: SignalRequest, partition: int) -> Iterator[pa.RecordBatch]:
    """Compute and write the signals of a partition; yields the written files, as :data:`FILES`."""
    parts = read_parts(batches, request)
    if parts is None:
        return
    companies, sites = parts
    rolled_up = _rolled_up(companies, sites, request)
    for key, part in (("siren", companies), ("siret", sites)):
        if len(part.ids) and key in request.signals:
            compare = _comparison(companies, request) if key == "siren" else None
            columns = _signal_columns(part, request.signals[key], request, rolled_up if key == "siren" else {}, compare)
            yield _write(key, part, columns, request, partition)


def count_peers(batches: Iterable[pa.RecordBatch], request: SignalRequest) -> Iterator[pa.RecordBatch]:
    """Count, for each comparison, the companies of a partition by month and cell; yields :data:`COUNTS`."""
    parts = read_parts(batches, request)
    if parts is None:
        return
    companies, sites = parts
    nodes = tuple(request.peers)
    offset = request.first - request.before
    kernel = Kernel(companies.panel, [node.of for node in nodes], _rolled_up(companies, sites, request), first=offset)
    for rank, node in enumerate(nodes):
        groups = _groups(companies.panel, isinstance(node, SectorRank), offset)
        yield _counted(rank, node, kernel.value(node.of), groups, request.first)


def peer_tables(counted: pa.Table, nodes: Sequence[Peer], request: SignalRequest) -> dict[Peer, PeerTable]:
    """The tables of the comparisons, from the total counts of all workers (:data:`COUNTS`, each cell once)."""
    columns = {name: counted.column(name).to_numpy() for name in counted.column_names}
    return {node: _peer_table(node, columns["peer"] == rank, columns, request) for rank, node in enumerate(nodes)}


def _peer_table(node: Peer, own: np.ndarray, columns: Mapping[str, np.ndarray], request: SignalRequest) -> PeerTable:
    ranked = isinstance(node, SectorRank)
    shape = (request.last - request.first + 1, GROUPS * BRACKETS if ranked else GROUPS)
    place = (columns["mois"][own] - request.first, columns["cell"][own])
    companies = np.zeros(shape, dtype=np.int32 if ranked else np.int64)
    companies[place] = columns["companies"][own]
    if ranked:
        return PeerTable(companies.reshape(-1, GROUPS, BRACKETS).cumsum(axis=2, dtype=np.int32), None)
    millionths = np.zeros(shape, dtype=np.int64)
    millionths[place] = columns["millionths"][own]
    return PeerTable(companies, millionths)


def _counted(rank: int, node: Peer, values: Grid, groups: Grid, first: int) -> pa.RecordBatch:
    month, company = np.nonzero((groups >= 0) & ~np.isnan(values))
    value, cell = values[month, company], groups[month, company]
    if isinstance(node, SectorRank):
        cell = cell * BRACKETS + bracket_of(value)
    width = GROUPS * BRACKETS
    place, where = np.unique(month * width + cell, return_inverse=True)
    companies = np.bincount(where, minlength=len(place)).astype(np.int64)
    amounts = np.zeros(len(place), dtype=np.int64)
    if not isinstance(node, SectorRank):
        np.add.at(amounts, where, millionths_of(value))
    columns = [np.full(len(place), rank), place // width + first, place % width, companies, amounts]
    return pa.RecordBatch.from_arrays([pa.array(column, pa.int64()) for column in columns], schema=COUNTS)


def read_parts(batches: Iterable[pa.RecordBatch], request: SignalRequest) -> tuple[Part, Part] | None:
    """The companies and the establishments of a partition; None for an empty one."""
    kept = [batch for batch in batches if batch.num_rows]
    if not kept:
        return None
    rows = pa.Table.from_batches(kept)
    ids = rows.column("id").to_numpy()
    site = ids > 0
    month = rows.column("mois").to_numpy().astype(np.int64) - request.before
    columns = {name: rows.column(name).to_numpy() for name in request.measures}
    del rows, kept
    return _part(-ids, month, columns, ~site, request), _part(ids, month, columns, site, request)


def _part(
    ids: np.ndarray, month: np.ndarray, columns: Mapping[str, np.ndarray], chosen: np.ndarray, request: SignalRequest
) -> Part:
    everything = bool(chosen.all())
    pick: Callable[[np.ndarray], np.ndarray] = (
        (lambda values: values) if everything else (lambda values: values[chosen])
    )
    known, entity = np.unique(pick(ids), return_inverse=True)
    shape = (request.last - request.before + 1, len(known))
    place = pick(month) * len(known) + entity
    has_row = np.zeros(shape, dtype=bool)
    has_row.ravel()[place] = True
    grids = {}
    for name, values in columns.items() if len(known) else ():
        grid = np.full(shape, np.nan)
        grid.ravel()[place] = pick(values)
        grids[name] = grid
    return Part(known, Panel(has_row, grids, request.before))


def _rolled_up(companies: Part, sites: Part, request: SignalRequest) -> dict[OfSites, Grid]:
    """The statistics over establishments that the companies' signals need, on the companies' grid."""
    roots = [node for _, node in request.signals.get("siren", ())] + [peer.of for peer in request.peers]
    nodes = sites_of(tuple(roots))
    if not nodes or not len(sites.ids) or not len(companies.ids):
        return {}
    owner = sites.ids // SITES_OF_A_COMPANY
    company = np.searchsorted(companies.ids, owner)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    target = company[starts]
    present = (target < len(companies.ids)) & (
        companies.ids[np.minimum(target, len(companies.ids) - 1)] == owner[starts]
    )
    kernel = Kernel(sites.panel, [node.of for node in nodes])
    found = {}
    for node in nodes:
        grid = np.full(companies.panel.has_row.shape, np.nan)
        grid[:, target[present]] = _reduced(node, kernel.value(node.of), starts)[:, present]
        found[node] = grid
    return found


def _reduced(node: OfSites, values: Grid, starts: np.ndarray) -> Grid:
    if node.statistic == "mean":
        known = np.add.reduceat(~np.isnan(values), starts, axis=1, dtype=np.int64)
        total = np.add.reduceat(np.nan_to_num(values), starts, axis=1)
        return np.where(known > 0, total / np.maximum(known, 1), np.nan)
    return (np.fmin if node.statistic == "min" else np.fmax).reduceat(values, starts, axis=1)


def _groups(panel: Panel, by_size: bool, offset: int) -> Grid:
    unknown = np.full(panel.has_row.shape, np.nan)
    section, effectif = (panel.measures.get(name, unknown)[offset:] for name in ("secteur_section", "effectif"))
    return group_of(section, effectif, by_size)


def _comparison(companies: Part, request: SignalRequest) -> Callable[[Peer, Grid], Grid]:
    offset = request.first - request.before
    groups = {by_size: _groups(companies.panel, by_size, offset) for by_size in (False, True)} if request.peers else {}
    return lambda node, values: request.peers[node].values(node, values, groups[isinstance(node, SectorRank)])


def _signal_columns(
    part: Part,
    signals: Named,
    request: SignalRequest,
    sites: Mapping[OfSites, Grid],
    compare: Callable[[Peer, Grid], Grid] | None,
) -> list[pa.Array]:
    """The signals of the rows to write, month by month, in float32; each grid of doubles is freed after use."""
    offset = request.first - request.before
    kernel = Kernel(part.panel, [node for _, node in signals], sites, compare, offset)
    has_row = part.panel.has_row[offset:]
    rows = None if has_row.all() else np.flatnonzero(has_row)
    with np.errstate(over="ignore"):  # values beyond float32 become infinite
        return [_column(kernel.value(node).astype(np.float32).ravel(), rows) for _, node in signals]


def _column(values: np.ndarray, rows: np.ndarray | None) -> pa.Array:
    present = values if rows is None else values.take(rows)
    unknown = np.isnan(present)
    return pa.array(present, mask=unknown) if unknown.any() else pa.array(present)


def _write(key: str, part: Part, columns: list[pa.Array], request: SignalRequest, partition: int) -> pa.RecordBatch:
    """Write one file for each month: the rows of the partition, sorted by id."""
    width = 9 if key == "siren" else 14
    texts = pa.array([f"{number:0{width}d}" for number in part.ids.tolist()])
    has_row = part.panel.has_row[request.first - request.before :]
    ids = texts.take(pa.array(np.nonzero(has_row)[1]))
    table = pa.Table.from_arrays([ids, *columns], [key, *(name for name, _ in request.signals[key])])
    bounds = [0, *has_row.sum(axis=1).cumsum().tolist()]
    # A task that Spark starts twice must not write over its own files: a table may name them already.
    name = f"part-{partition:05d}-{uuid.uuid4().hex}.snappy.parquet"
    written = [
        _write_month(key, table.slice(start, end - start), request.first + rank, request, name)
        for rank, (start, end) in enumerate(pairwise(bounds))
        if end > start
    ]
    return pa.RecordBatch.from_pylist(written, schema=FILES)


def _write_month(key: str, table: pa.Table, month: int, request: SignalRequest, name: str) -> dict[str, object]:
    periode = start_of(month).isoformat()
    path = f"periode={periode}/{name}"
    # A dictionary does not help distinct floats; nobody filters signals by their minimum or maximum.
    # Text and floats need no Arrow schema beside Parquet's own, and for 800 columns it is long.
    with open_output(f"{request.folders[key]}/{path}") as file:
        pq.write_table(
            table,
            file,
            compression=request.compression,
            use_dictionary=False,
            write_statistics=[key],
            store_schema=False,
        )
        size = int(file.tell())
    ids = table.column(0)
    return {
        "key": key,
        "path": path,
        "periode": periode,
        "bytes": size,
        "rows": table.num_rows,
        "low": ids[0].as_py(),
        "high": ids[-1].as_py(),
    }
