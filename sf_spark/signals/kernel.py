"""The fast engine: signals of many entities at once, as arrays of (month, entity). NumPy only.

Rows of a panel are scattered on a dense grid, months down, entities across, NaN where unknown. A window is then an
addition of shifted grids: no sliding frame, no row at a time.

Windows are built as fixed trees: 3 months are 2 and 1, 6 are twice 3, 12 twice 6, 24 twice 12, 36 are 24 and 12. So a
value depends on the cells of its own window and on a fixed order of additions, and on nothing else: cutting the future,
another partition, or a plan that reads a single month cannot change a bit of it. A running sum (what is cheapest on
paper) would depend on where it starts. The trees cost about one pass a window, because windows share their parts.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sf_spark.signals.expression import (
    Above,
    AtMost,
    Growth,
    Known,
    Lag,
    Measure,
    Minus,
    Missing,
    Node,
    OfSites,
    Over,
    Peer,
    Ratio,
    SectorMean,
    SectorRank,
    Since,
    Streak,
)

Grid = np.ndarray
_PARTS = {3: (2, 1), 6: (3, 3), 12: (6, 6), 24: (12, 12), 36: (24, 12)}
_NO_MONTH = np.inf


@dataclass(frozen=True)
class Panel:
    """A part of a panel on the grid.

    Attributes:
        has_row: Where the panel has a row.
        measures: Name to grid.
        first_month: Index of the first month of the grid.
    """

    has_row: Grid
    measures: Mapping[str, Grid]
    first_month: int


class Kernel:
    """Evaluates nodes on one panel; what several nodes share is kept as long as one of them still needs it.

    Args:
        panel: The grids.
        roots: The nodes that will be asked for, each once and in any order.
        sites: Values of the statistics over establishments, on the grid of the companies.
        peers: Values of the comparisons with the sector, from the value of the node compared.
    """

    def __init__(
        self,
        panel: Panel,
        roots: Sequence[Node],
        sites: Mapping[OfSites, Grid] | None = None,
        peers: Callable[[Peer, Grid], Grid] | None = None,
    ) -> None:
        self._panel, self._sites, self._peers = panel, sites or {}, peers
        self._memo: dict[tuple[str, Node, int], Grid] = {}
        self._uses: Counter[Node] = Counter()
        for root in roots:
            self._plan(root)

    def value(self, root: Node) -> Grid:
        """The grid of a root, as double."""
        grid = self._of(root)
        self._release(root)
        return grid

    def _plan(self, node: Node) -> None:
        self._uses[node] += 1
        if self._uses[node] == 1 and not isinstance(node, OfSites):
            for operand in node.operands:
                self._plan(operand)

    def _release(self, node: Node) -> None:
        """Forget the parts of a node that nobody will ask for again."""
        self._uses[node] -= 1
        if self._uses[node] == 0:
            for key in [key for key in self._memo if key[1] == node]:
                del self._memo[key]
            if not isinstance(node, OfSites):
                for operand in node.operands:
                    self._release(operand)

    def _of(self, node: Node) -> Grid:
        return self._kept("value", node, 0, lambda: self._compute(node))

    def _kept(self, kind: str, node: Node, months: int, make: Callable[[], Grid]) -> Grid:
        key = (kind, node, months)
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]

    def _compute(self, node: Node) -> Grid:
        with np.errstate(invalid="ignore", divide="ignore"):
            return _RULES[type(node)](self, node)

    # One method a kind of node -------------------------------------------------------------------------------------

    def _on_measure(self, node: Measure) -> Grid:
        grid = self._panel.measures.get(node.name)
        return np.full(self._panel.has_row.shape, np.nan) if grid is None else grid

    def _on_lag(self, node: Lag) -> Grid:
        return shifted(self._of(node.of), node.months)

    def _on_over(self, node: Over) -> Grid:
        n = node.months
        if node.statistic == "mean":
            return self._sum(node.of, n) / n
        if node.statistic == "std":
            return np.sqrt(self._squares(node.of, n) / (n - 1))
        if node.statistic == "slope":
            centred = self._ranked(node.of, n) - (n - 1) / 2 * self._sum(node.of, n)
            return centred / (n * (n * n - 1) / 12)
        return {"sum": self._sum, "max": self._max, "min": self._min}[node.statistic](node.of, n)

    def _on_known(self, node: Known) -> Grid:
        return (self._last_known if node.which == "last" else self._first_known)(node.of, node.months)

    def _on_above(self, node: Above) -> Grid:
        value = self._of(node.of)
        return np.where(np.isnan(value), np.nan, value > node.threshold)

    def _on_missing(self, node: Missing) -> Grid:
        return np.where(self._panel.has_row, np.isnan(self._of(node.of)), np.nan)

    def _on_streak(self, node: Streak) -> Grid:
        return self._run(node.of, node.months)

    def _on_since(self, node: Since) -> Grid:
        distance = self._distance(node.of, node.months)
        return np.where(distance == _NO_MONTH, np.nan, distance)

    def _on_minus(self, node: Minus) -> Grid:
        return self._of(node.of) - self._of(node.less)

    def _on_ratio(self, node: Ratio) -> Grid:
        by = self._of(node.by)
        return np.where(by > 0, self._of(node.of) / by, np.nan)

    def _on_growth(self, node: Growth) -> Grid:
        since = self._of(node.since)
        return np.where(since > 0, self._of(node.of) / since - 1, np.nan)

    def _on_at_most(self, node: AtMost) -> Grid:
        return np.minimum(self._of(node.of), node.ceiling)

    def _on_peer(self, node: Peer) -> Grid:
        if self._peers is None:
            return np.full(self._panel.has_row.shape, np.nan)
        return self._peers(node, self._of(node.of))

    def _on_of_sites(self, node: OfSites) -> Grid:
        return self._sites.get(node, np.full(self._panel.has_row.shape, np.nan))

    # Windows as trees: each part is (older months, newer months) ---------------------------------------------------

    def _tree(self, kind: str, node: Node, months: int, join: Callable[[Grid, Grid, int, int], Grid]) -> Grid:
        """Join the value of the older part, moved to the window's end, with that of the newer part."""
        if months == 1:
            return self._of(node)

        def make() -> Grid:
            older, newer = parts(months)
            old, new = (self._tree(kind, node, part, join) for part in (older, newer))
            return join(shifted(old, newer), new, older, newer)

        return self._kept(kind, node, months, make)

    def _sum(self, node: Node, months: int) -> Grid:
        return self._tree("sum", node, months, lambda old, new, older, newer: old + new)

    def _max(self, node: Node, months: int) -> Grid:
        return self._tree("max", node, months, lambda old, new, older, newer: np.maximum(old, new))

    def _min(self, node: Node, months: int) -> Grid:
        return self._tree("min", node, months, lambda old, new, older, newer: np.minimum(old, new))

    def _last_known(self, node: Node, months: int) -> Grid:
        return self._tree("last", node, months, lambda old, new, older, newer: np.where(np.isnan(new), old, new))

    def _first_known(self, node: Node, months: int) -> Grid:
        return self._tree("first", node, months, lambda old, new, older, newer: np.where(np.isnan(old), new, old))

    def _squares(self, node: Node, months: int) -> Grid:
        """Sum of squared deviations from the mean; of two parts by Chan, Golub and LeVeque (1979)."""
        if months == 1:
            return self._of(node) * 0.0

        def make() -> Grid:
            older, newer = parts(months)
            apart = self._sum(node, newer) / newer - shifted(self._sum(node, older), newer) / older
            within = shifted(self._squares(node, older), newer) + self._squares(node, newer)
            return within + apart * apart * (older * newer / months)

        return self._kept("squares", node, months, make)

    def _ranked(self, node: Node, months: int) -> Grid:
        """Sum of each value times its rank in the window, 0 for the oldest."""
        if months == 1:
            return self._of(node) * 0.0

        def make() -> Grid:
            older, newer = parts(months)
            moved = self._ranked(node, newer) + older * self._sum(node, newer)
            return shifted(self._ranked(node, older), newer) + moved

        return self._kept("ranked", node, months, make)

    def _run(self, node: Node, months: int) -> Grid:
        if months == 1:
            return self._kept("run", node, 1, lambda: np.where(self._of(node) == 1, 1.0, 0.0))

        def make() -> Grid:
            older, newer = parts(months)
            new, old = self._run(node, newer), shifted(self._run(node, older), newer, fill=0.0)
            return np.where(new == newer, new + old, new)

        return self._kept("run", node, months, make)

    def _distance(self, node: Node, months: int) -> Grid:
        if months == 1:
            return self._kept("distance", node, 1, lambda: np.where(self._of(node) == 1, 0.0, _NO_MONTH))

        def make() -> Grid:
            older, newer = parts(months)
            old = shifted(self._distance(node, older), newer, fill=_NO_MONTH)
            return np.minimum(self._distance(node, newer), old + newer)

        return self._kept("distance", node, months, make)


def parts(months: int) -> tuple[int, int]:
    """How a window is made of an older and a newer one: fixed, and shared by the windows in use."""
    return _PARTS.get(months, (months - months // 2, months // 2))


def shifted(grid: Grid, months: int, fill: float = np.nan) -> Grid:
    """A grid in which each month shows what stood so many months earlier."""
    moved = np.empty_like(grid)
    moved[:months] = fill
    moved[months:] = grid[: max(len(grid) - months, 0)]
    return moved


_RULES: dict[type[Node], Callable[[Kernel, Node], Grid]] = {
    Measure: Kernel._on_measure,  # type: ignore[dict-item]
    Lag: Kernel._on_lag,  # type: ignore[dict-item]
    Over: Kernel._on_over,  # type: ignore[dict-item]
    Known: Kernel._on_known,  # type: ignore[dict-item]
    Above: Kernel._on_above,  # type: ignore[dict-item]
    Missing: Kernel._on_missing,  # type: ignore[dict-item]
    Streak: Kernel._on_streak,  # type: ignore[dict-item]
    Since: Kernel._on_since,  # type: ignore[dict-item]
    Minus: Kernel._on_minus,  # type: ignore[dict-item]
    Ratio: Kernel._on_ratio,  # type: ignore[dict-item]
    Growth: Kernel._on_growth,  # type: ignore[dict-item]
    AtMost: Kernel._on_at_most,  # type: ignore[dict-item]
    SectorMean: Kernel._on_peer,  # type: ignore[dict-item]
    SectorRank: Kernel._on_peer,  # type: ignore[dict-item]
    OfSites: Kernel._on_of_sites,  # type: ignore[dict-item]
}
