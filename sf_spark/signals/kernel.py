"""The fast engine: signals of many entities at once, as arrays of (month, entity). NumPy only.

Rows of a panel are scattered on a dense grid, months down, entities across, NaN where unknown. A window is then an
addition of shifted grids: no sliding frame, no row at a time.

Windows are built as fixed trees: 3 months are 2 and 1, 6 are twice 3, 12 twice 6, 24 twice 12, 36 are 24 and 12. So a
value depends only on the cells of its own window and on a fixed order of additions: cutting the future, another
partition, or reading a single month cannot change a bit. A running sum, cheaper in theory, would depend on where it
starts. The trees cost about one pass for each window, because windows share their parts.
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
_FEW = 4  # few months are asked for if the grid has at least so many times more


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
    """Evaluates nodes on one panel; a shared value is kept as long as a node still needs it.

    For many months, a part of a window is computed once for all of them and shifted. For few, only the months asked for
    are computed, with each part at its lag: same operations, same order, same bits, less work.

        first     months of the panel that are computed       an older part of a window
        0         all of them                                 is the whole grid, shifted down
        late      those from ``first`` on                     is computed for months ``lag`` earlier

    Args:
        panel: The grids.
        roots: The nodes to evaluate, each once and in any order.
        sites: Values of the statistics over establishments, on the grid of the companies.
        peers: Computes a comparison with the sector, from ``first`` on, from the values of its node.
        first: The first month asked for, as a row of the grid.
    """

    def __init__(
        self,
        panel: Panel,
        roots: Sequence[Node],
        sites: Mapping[OfSites, Grid] | None = None,
        peers: Callable[[Peer, Grid], Grid] | None = None,
        first: int = 0,
    ) -> None:
        self._panel, self._sites, self._peers, self._first = panel, sites or {}, peers, first
        months = len(panel.has_row)
        self._narrow = (months - first) * _FEW <= months
        self._memo: dict[tuple[str, Node, int, int], Grid] = {}
        self._uses: Counter[Node] = Counter()
        for root in roots:
            self._plan(root)

    def value(self, root: Node) -> Grid:
        """The grid of a root in the months from ``first`` on, as double."""
        grid = self._at(root)
        self._release(root)
        return grid if self._narrow else grid[self._first :]

    def _plan(self, node: Node) -> None:
        self._uses[node] += 1
        if self._uses[node] == 1 and not isinstance(node, OfSites):
            for operand in node.operands:
                self._plan(operand)

    def _release(self, node: Node) -> None:
        """Drop the parts of a node that no other node needs."""
        self._uses[node] -= 1
        if self._uses[node] == 0:
            for key in [key for key in self._memo if key[1] == node]:
                del self._memo[key]
            if not isinstance(node, OfSites):
                for operand in node.operands:
                    self._release(operand)

    def _at(self, node: Node, lag: int = 0) -> Grid:
        """The value of a node at a lag."""
        return self._kept("value", node, 0, lag, lambda at: self._compute(node, at))

    def _kept(
        self, kind: str, node: Node, months: int, lag: int, make: Callable[[int], Grid], fill: float = np.nan
    ) -> Grid:
        at = lag if self._narrow else 0
        key = (kind, node, months, at)
        if key not in self._memo:
            self._memo[key] = make(at)
        return self._memo[key] if at == lag else shifted(self._memo[key], lag, fill)

    def _compute(self, node: Node, lag: int) -> Grid:
        with np.errstate(invalid="ignore", divide="ignore"):
            return _RULES[type(node)](self, node, lag)

    def _given(self, grid: Grid, lag: int, fill: float = np.nan) -> Grid:
        """A grid of the panel for the computed months, at a lag."""
        if not self._narrow:
            return grid
        months, first = len(grid), self._first
        return grid[first - lag : months - lag] if lag <= first else shifted(grid, lag, fill)[first:]

    def _unknown(self) -> Grid:
        """A grid of unknown values for the computed months."""
        months, entities = self._panel.has_row.shape
        return np.full((months - self._first if self._narrow else months, entities), np.nan)

    # One method for each kind of node
    # -------------------------------------------------------------------------------------

    def _on_measure(self, node: Measure, lag: int) -> Grid:
        grid = self._panel.measures.get(node.name)
        return self._unknown() if grid is None else self._given(grid, lag)

    def _on_lag(self, node: Lag, lag: int) -> Grid:
        return self._at(node.of, lag + node.months)

    def _on_over(self, node: Over, lag: int) -> Grid:
        n = node.months
        if node.statistic == "mean":
            return self._sum(node.of, n, lag) / n
        if node.statistic == "std":
            return np.sqrt(self._squares(node.of, n, lag) / (n - 1))
        if node.statistic == "slope":
            centred = self._ranked(node.of, n, lag) - (n - 1) / 2 * self._sum(node.of, n, lag)
            return centred / (n * (n * n - 1) / 12)
        return {"sum": self._sum, "max": self._max, "min": self._min}[node.statistic](node.of, n, lag)

    def _on_known(self, node: Known, lag: int) -> Grid:
        return (self._last_known if node.which == "last" else self._first_known)(node.of, node.months, lag)

    def _on_above(self, node: Above, lag: int) -> Grid:
        value = self._at(node.of, lag)
        return np.where(np.isnan(value), np.nan, value > node.threshold)

    def _on_missing(self, node: Missing, lag: int) -> Grid:
        has_row = self._given(self._panel.has_row, lag, fill=False)
        return np.where(has_row, np.isnan(self._at(node.of, lag)), np.nan)

    def _on_streak(self, node: Streak, lag: int) -> Grid:
        return self._run(node.of, node.months, lag)

    def _on_since(self, node: Since, lag: int) -> Grid:
        distance = self._distance(node.of, node.months, lag)
        return np.where(distance == _NO_MONTH, np.nan, distance)

    def _on_minus(self, node: Minus, lag: int) -> Grid:
        return self._at(node.of, lag) - self._at(node.less, lag)

    def _on_ratio(self, node: Ratio, lag: int) -> Grid:
        by = self._at(node.by, lag)
        return np.where(by > 0, self._at(node.of, lag) / by, np.nan)

    def _on_growth(self, node: Growth, lag: int) -> Grid:
        since = self._at(node.since, lag)
        return np.where(since > 0, self._at(node.of, lag) / since - 1, np.nan)

    def _on_at_most(self, node: AtMost, lag: int) -> Grid:
        return np.minimum(self._at(node.of, lag), node.ceiling)

    def _on_peer(self, node: Peer, lag: int) -> Grid:
        """Sectors are counted for the months asked for only: earlier values are unknown."""
        found = self._unknown()
        if self._peers is not None and lag == 0:
            asked = 0 if self._narrow else self._first
            found[asked:] = self._peers(node, self._at(node.of)[asked:])
        return found

    def _on_of_sites(self, node: OfSites, lag: int) -> Grid:
        grid = self._sites.get(node)
        return self._unknown() if grid is None else self._given(grid, lag)

    # Windows as trees: each part is (older months, newer months) ---------------------------------------------------

    def _tree(self, kind: str, node: Node, months: int, lag: int, join: Callable[[Grid, Grid, int, int], Grid]) -> Grid:
        """Join the value of the older part, shifted to the end of the window, with that of the newer part."""
        if months == 1:
            return self._at(node, lag)

        def make(at: int) -> Grid:
            older, newer = parts(months)
            old = self._tree(kind, node, older, at + newer, join)
            return join(old, self._tree(kind, node, newer, at, join), older, newer)

        return self._kept(kind, node, months, lag, make)

    def _sum(self, node: Node, months: int, lag: int) -> Grid:
        return self._tree("sum", node, months, lag, lambda old, new, older, newer: old + new)

    def _max(self, node: Node, months: int, lag: int) -> Grid:
        return self._tree("max", node, months, lag, lambda old, new, older, newer: np.maximum(old, new))

    def _min(self, node: Node, months: int, lag: int) -> Grid:
        return self._tree("min", node, months, lag, lambda old, new, older, newer: np.minimum(old, new))

    def _last_known(self, node: Node, months: int, lag: int) -> Grid:
        return self._tree("last", node, months, lag, lambda old, new, older, newer: np.where(np.isnan(new), old, new))

    def _first_known(self, node: Node, months: int, lag: int) -> Grid:
        return self._tree("first", node, months, lag, lambda old, new, older, newer: np.where(np.isnan(old), new, old))

    def _squares(self, node: Node, months: int, lag: int) -> Grid:
        """Sum of squared deviations from the mean; of two parts by Chan, Golub and LeVeque (1979)."""
        if months == 1:
            return self._at(node, lag) * 0.0

        def make(at: int) -> Grid:
            older, newer = parts(months)
            distance = self._sum(node, newer, at) / newer - self._sum(node, older, at + newer) / older
            within = self._squares(node, older, at + newer) + self._squares(node, newer, at)
            return within + distance * distance * (older * newer / months)

        return self._kept("squares", node, months, lag, make)

    def _ranked(self, node: Node, months: int, lag: int) -> Grid:
        """Sum of each value times its rank in the window, 0 for the oldest."""
        if months == 1:
            return self._at(node, lag) * 0.0

        def make(at: int) -> Grid:
            older, newer = parts(months)
            moved = self._ranked(node, newer, at) + older * self._sum(node, newer, at)
            return self._ranked(node, older, at + newer) + moved

        return self._kept("ranked", node, months, lag, make)

    def _run(self, node: Node, months: int, lag: int) -> Grid:
        def make(at: int) -> Grid:
            if months == 1:
                return np.where(self._at(node, at) == 1, 1.0, 0.0)
            older, newer = parts(months)
            new, old = self._run(node, newer, at), self._run(node, older, at + newer)
            return np.where(new == newer, new + old, new)

        return self._kept("run", node, months, lag, make, fill=0.0)

    def _distance(self, node: Node, months: int, lag: int) -> Grid:
        def make(at: int) -> Grid:
            if months == 1:
                return np.where(self._at(node, at) == 1, 0.0, _NO_MONTH)
            older, newer = parts(months)
            return np.minimum(self._distance(node, newer, at), self._distance(node, older, at + newer) + newer)

        return self._kept("distance", node, months, lag, make, fill=_NO_MONTH)


def parts(months: int) -> tuple[int, int]:
    """The two parts of a window, older and newer: fixed, and shared by the windows in use."""
    return _PARTS.get(months, (months - months // 2, months // 2))


def shifted(grid: Grid, months: int, fill: float = np.nan) -> Grid:
    """A grid in which each month holds the value of so many months earlier."""
    moved = np.empty_like(grid)
    moved[:months] = fill
    moved[months:] = grid[: max(len(grid) - months, 0)]
    return moved


_RULES: dict[type[Node], Callable[[Kernel, Node, int], Grid]] = {
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
