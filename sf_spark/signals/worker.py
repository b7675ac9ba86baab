"""What a Spark worker does: narrow rows of a partition in, Parquet files of signals out. Knows neither Spark nor Delta.

Wide rows never travel back: only the names of the files do, with their sizes and counts, and one commit of the driver
makes them a table. That is what makes the engine fast: rows of 800 columns are slow to move and to write one by one.

Companies and their establishments come in the same partition, so one shuffle serves both tables.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sf_spark.calendar import start_of
from sf_spark.signals.expression import Node, OfSites, Peer, SectorRank, sites_of
from sf_spark.signals.kernel import Grid, Kernel, Panel
from sf_spark.signals.peers import BRACKETS, FEWEST, GROUPS, MILLIONTHS, bracket_of, group_of, millionths_of

SITES_OF_A_COMPANY = 100_000  # a SIRET is its SIREN and five digits
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
class Order:
    """What a worker is asked for.

    Attributes:
        signals: For each grain (``siren``, ``siret``) the names and expressions.
        folders: For each grain the folder of the table.
        measures: The columns of the rows, behind ``siren, siret, mois``.
        before: Index of the first month that comes in, for the windows.
        first: Index of the first month to write.
        last: Index of the last one.
        transaction: Names the files, so that a second try writes the same ones.
        compression: Of the files.
        peers: What the whole sector says, by comparison: see :class:`PeerTable`.
    """

    signals: Mapping[str, Named]
    folders: Mapping[str, str]
    measures: tuple[str, ...]
    before: int
    first: int
    last: int
    transaction: str
    compression: str = "snappy"
    peers: Mapping[Peer, "PeerTable"] = field(default_factory=dict)


@dataclass(frozen=True)
class PeerTable:
    """Counts of companies by month and cell; a cell is a section, or a bracket of values of a section and size."""

    companies: Grid
    millionths: Grid | None

    def values(self, node: Peer, grid: Grid, groups: Grid, offset: int) -> Grid:
        """The comparison for each company; months before ``offset`` are not told."""
        told = np.full(grid.shape, np.nan)
        months = np.arange(len(grid) - offset)[:, None]
        values, group = grid[offset:], groups[offset:]
        safe = np.where(group >= 0, group, 0)
        if isinstance(node, SectorRank):
            counts = self.companies.reshape(len(self.companies), GROUPS, BRACKETS)
            place = bracket_of(values)
            below = counts.cumsum(axis=2)[months, safe, place] - counts[months, safe, place] / 2
            total = counts.sum(axis=2)[months, safe]
            known = (group >= 0) & (total >= FEWEST) & ~np.isnan(values)
            told[offset:] = np.where(known, below / np.maximum(total, 1), np.nan)
            return told
        total = self.companies[months, safe]
        assert self.millionths is not None
        mean = self.millionths[months, safe] / np.maximum(total, 1) / MILLIONTHS
        told[offset:] = np.where((group >= 0) & (total >= FEWEST), mean, np.nan)
        return told


@dataclass(frozen=True)
class Part:
    """The rows of one grain in a partition, on the grid; ``ids`` in order."""

    ids: np.ndarray
    panel: Panel


def write_signals(batches: Iterable[pa.RecordBatch], order: Order, partition: int) -> Iterator[pa.RecordBatch]:
    """Compute the signals of a partition and write them; yields what was written, as :data:`FILES`."""
    parts = read_parts(batches, order)
    if parts is None:
        return
    companies, sites = parts
    rolled_up = _rolled_up(companies, sites, order)
    for key, part in (("siren", companies), ("siret", sites)):
        if len(part.ids) and key in order.signals:
            compare = _comparison(companies, order) if key == "siren" else None
            values = _signal_values(part, order.signals[key], order, rolled_up if key == "siren" else {}, compare)
            yield _write(key, part, values, order, partition)


def count_peers(batches: Iterable[pa.RecordBatch], order: Order) -> Iterator[pa.RecordBatch]:
    """Count, for each comparison, the companies of a partition by month and cell; yields :data:`COUNTS`."""
    parts = read_parts(batches, order)
    if parts is None:
        return
    companies, sites = parts
    nodes = tuple(order.peers)
    kernel = Kernel(companies.panel, [node.of for node in nodes], _rolled_up(companies, sites, order))
    offset = order.first - order.before
    for rank, node in enumerate(nodes):
        values = kernel.value(node.of)[offset:]
        groups = _groups(companies.panel, isinstance(node, SectorRank))[offset:]
        yield _counted(rank, node, values, groups, order.first)


def peer_tables(counted: pa.Table, nodes: Sequence[Peer], order: Order) -> dict[Peer, PeerTable]:
    """The tables of the comparisons, from what all workers counted together (:data:`COUNTS`, each cell once)."""
    columns = {name: counted.column(name).to_numpy() for name in counted.column_names}
    return {node: _peer_table(node, columns["peer"] == rank, columns, order) for rank, node in enumerate(nodes)}


def _peer_table(node: Peer, mine: np.ndarray, columns: Mapping[str, np.ndarray], order: Order) -> PeerTable:
    ranked = isinstance(node, SectorRank)
    shape = (order.last - order.first + 1, GROUPS * BRACKETS if ranked else GROUPS)
    place = (columns["mois"][mine] - order.first, columns["cell"][mine])
    companies = np.zeros(shape, dtype=np.int32 if ranked else np.int64)
    companies[place] = columns["companies"][mine]
    if ranked:
        return PeerTable(companies, None)
    millionths = np.zeros(shape, dtype=np.int64)
    millionths[place] = columns["millionths"][mine]
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


def read_parts(batches: Iterable[pa.RecordBatch], order: Order) -> tuple[Part, Part] | None:
    """The companies and the establishments of a partition; None for an empty one."""
    held = [batch for batch in batches if batch.num_rows]
    if not held:
        return None
    rows = pa.Table.from_batches(held)
    site = rows.column("siret").is_valid().to_numpy()
    siren, siret = (rows.column(name).to_numpy() for name in ("siren", "siret"))
    month = rows.column("mois").to_numpy().astype(np.int64) - order.before
    columns = {name: rows.column(name).to_numpy() for name in order.measures}
    del rows, held
    return (
        _part(siren, month, columns, ~site, order),
        _part(np.where(site, np.nan_to_num(siret), 0).astype(np.int64), month, columns, site, order),
    )


def _part(
    ids: np.ndarray, month: np.ndarray, columns: Mapping[str, np.ndarray], chosen: np.ndarray, order: Order
) -> Part:
    everything = bool(chosen.all())
    pick: Callable[[np.ndarray], np.ndarray] = (
        (lambda values: values) if everything else (lambda values: values[chosen])
    )
    known, entity = np.unique(pick(ids), return_inverse=True)
    shape = (order.last - order.before + 1, len(known))
    place = pick(month) * len(known) + entity
    has_row = np.zeros(shape, dtype=bool)
    has_row.ravel()[place] = True
    grids = {}
    for name, values in columns.items() if len(known) else ():
        grid = np.full(shape, np.nan)
        grid.ravel()[place] = pick(values)
        grids[name] = grid
    return Part(known, Panel(has_row, grids, order.before))


def _rolled_up(companies: Part, sites: Part, order: Order) -> dict[OfSites, Grid]:
    """The statistics over establishments that the companies' signals need, on the companies' grid."""
    roots = [node for _, node in order.signals.get("siren", ())] + [peer.of for peer in order.peers]
    nodes = sites_of(tuple(roots))
    if not nodes or not len(sites.ids) or not len(companies.ids):
        return {}
    owner = sites.ids // SITES_OF_A_COMPANY
    company = np.searchsorted(companies.ids, owner)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    target = company[starts]
    there = (target < len(companies.ids)) & (companies.ids[np.minimum(target, len(companies.ids) - 1)] == owner[starts])
    kernel = Kernel(sites.panel, [node.of for node in nodes])
    found = {}
    for node in nodes:
        grid = np.full(companies.panel.has_row.shape, np.nan)
        grid[:, target[there]] = _reduced(node, kernel.value(node.of), starts)[:, there]
        found[node] = grid
    return found


def _reduced(node: OfSites, values: Grid, starts: np.ndarray) -> Grid:
    if node.statistic == "mean":
        known = np.add.reduceat(~np.isnan(values), starts, axis=1, dtype=np.int64)
        total = np.add.reduceat(np.nan_to_num(values), starts, axis=1)
        return np.where(known > 0, total / np.maximum(known, 1), np.nan)
    return (np.fmin if node.statistic == "min" else np.fmax).reduceat(values, starts, axis=1)


def _groups(panel: Panel, by_size: bool) -> Grid:
    unknown = np.full(panel.has_row.shape, np.nan)
    section, effectif = (panel.measures.get(name, unknown) for name in ("secteur_section", "effectif"))
    return group_of(section, effectif, by_size)


def _comparison(companies: Part, order: Order) -> Callable[[Peer, Grid], Grid]:
    offset = order.first - order.before
    groups = {by_size: _groups(companies.panel, by_size) for by_size in (False, True)} if order.peers else {}
    return lambda node, grid: order.peers[node].values(node, grid, groups[isinstance(node, SectorRank)], offset)


def _signal_values(
    part: Part,
    signals: Named,
    order: Order,
    sites: Mapping[OfSites, Grid],
    compare: Callable[[Peer, Grid], Grid] | None,
) -> dict[str, Grid]:
    """The signals of the months to write, float32; each grid of doubles lives only as long as it is needed."""
    offset = order.first - order.before
    kernel = Kernel(part.panel, [node for _, node in signals], sites, compare)
    with np.errstate(over="ignore"):  # beyond float32 is infinite
        return {name: kernel.value(node)[offset:].astype(np.float32) for name, node in signals}


def _write(key: str, part: Part, values: Mapping[str, Grid], order: Order, partition: int) -> pa.RecordBatch:
    """One file for each month: the rows of the partition in order of their id."""
    width = 9 if key == "siren" else 14
    texts = pa.array([f"{number:0{width}d}" for number in part.ids.tolist()])
    written = []
    for month in range(order.first, order.last + 1):
        present = np.flatnonzero(part.panel.has_row[month - order.before])
        if len(present):
            ids, rank = texts.take(pa.array(present)), month - order.first
            whole = len(present) == len(texts)
            columns = [ids, *(_column(grid[rank] if whole else grid[rank, present]) for grid in values.values())]
            written.append(_write_month(key, pa.Table.from_arrays(columns, [key, *values]), month, order, partition))
    return pa.RecordBatch.from_pylist(written, schema=FILES)


def _column(values: np.ndarray) -> pa.Array:
    unknown = np.isnan(values)
    return pa.array(values, mask=unknown) if unknown.any() else pa.array(values)


def _write_month(key: str, table: pa.Table, month: int, order: Order, partition: int) -> dict[str, object]:
    periode = start_of(month).isoformat()
    path = f"periode={periode}/part-{order.transaction}-{partition:05d}.snappy.parquet"
    file = Path(order.folders[key]) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    # Floats that differ from row to row make no dictionary; nobody looks a signal up by its least or greatest value.
    pq.write_table(table, file, compression=order.compression, use_dictionary=False, write_statistics=[key])
    ids = table.column(0)
    return {
        "key": key,
        "path": path,
        "periode": periode,
        "bytes": file.stat().st_size,
        "rows": table.num_rows,
        "low": ids[0].as_py(),
        "high": ids[-1].as_py(),
    }
