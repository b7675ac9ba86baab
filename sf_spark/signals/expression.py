"""What a signal computes, as data: a small tree of operations on monthly measures.

Two engines read the same trees: :mod:`sf_spark.signals.kernel` (arrays, in the workers) and
the tests' own engine (Spark Columns). Equal trees are equal values, so a shared part is computed once.

Null is unknown. Months are real months: a month without a row is a month in which everything is unknown.

    node                  value at month T                                       null where
    Measure(a)            a                                                      a is
    Lag(x, n)             x at T-n                                               x is, at T-n
    Over(s, x, n)         statistic s of x over T-n+1 .. T                       one of the n months is unknown
    Known(w, x, n)        the first or last known x in these months              none is known
    Above(x, c)           1 where x > c, else 0                                  x is
    Missing(x)            1 where x is null, 0 where it is not                   there is no row
    Streak(x, n)          months in a row, up to T, where x is 1; at most n      never
    Since(x, n)           months since x was 1, among the last n                 in none of them
    Minus(x, y)           x - y                                                  one of them is
    Ratio(x, y)           x / y                                                  one is, or y <= 0
    Growth(x, y)          x / y - 1                                              one is, or y <= 0
    AtMost(x, c)          the smaller of x and c                                 x is
    SectorMean(x)         mean of x over the companies of the section            fewer than 20 of them know x
    SectorRank(x)         share below x of the companies of section and size     the same
    OfSites(s, x)         min, max or mean of x over the establishments          none of them knows x
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal

Statistic = Literal["sum", "mean", "max", "min", "std", "slope"]


class Node:
    """An operation and its operands."""

    @property
    def operands(self) -> tuple["Node", ...]:
        """The nodes that this one reads."""
        values = (getattr(self, item.name) for item in fields(self))  # type: ignore[arg-type]
        return tuple(value for value in values if isinstance(value, Node))


@dataclass(frozen=True)
class Measure(Node):
    """A measure of the panel."""

    name: str


@dataclass(frozen=True)
class Lag(Node):
    """The value some months earlier."""

    of: Node
    months: int


@dataclass(frozen=True)
class Over(Node):
    """A statistic over exactly so many known months. ``slope``: change a month, by least squares."""

    statistic: Statistic
    of: Node
    months: int


@dataclass(frozen=True)
class Known(Node):
    """The first or the last known value in a window."""

    which: Literal["first", "last"]
    of: Node
    months: int


@dataclass(frozen=True)
class Above(Node):
    """Whether a value is above a threshold."""

    of: Node
    threshold: float


@dataclass(frozen=True)
class Missing(Node):
    """Whether a value is unknown though the month has a row."""

    of: Node


@dataclass(frozen=True)
class Streak(Node):
    """Months in a row in which a condition holds."""

    of: Node
    months: int


@dataclass(frozen=True)
class Since(Node):
    """Months since a condition last held."""

    of: Node
    months: int


@dataclass(frozen=True)
class Minus(Node):
    """A difference."""

    of: Node
    less: Node


@dataclass(frozen=True)
class Ratio(Node):
    """A quotient."""

    of: Node
    by: Node


@dataclass(frozen=True)
class Growth(Node):
    """A relative change."""

    of: Node
    since: Node


@dataclass(frozen=True)
class AtMost(Node):
    """A value with a ceiling."""

    of: Node
    ceiling: float


@dataclass(frozen=True)
class SectorMean(Node):
    """The mean over the companies of the section at that month."""

    of: Node


@dataclass(frozen=True)
class SectorRank(Node):
    """The position among the companies of the section and size at that month."""

    of: Node


@dataclass(frozen=True)
class OfSites(Node):
    """A statistic over the establishments of the company at that month."""

    statistic: Literal["min", "max", "mean"]
    of: Node


Peer = SectorMean | SectorRank


@cache
def window(node: Node) -> int:
    """How many months a node looks at, its own included."""
    own = {Lag: 0, Over: -1, Known: -1, Streak: -1, Since: -1}.get(type(node))
    before = max((window(operand) for operand in node.operands), default=1)
    return before if own is None else before + own + node.months  # type: ignore[attr-defined]


def walk(node: Node) -> Iterator[Node]:
    """A node and all nodes below it, operands first; shared nodes are repeated."""
    for operand in node.operands:
        yield from walk(operand)
    yield node


def first_measure(node: Node) -> str:
    """The main measure of a node: the first one it reads; for a ratio or a difference, that of the first operand."""
    while not isinstance(node, Measure):
        node = node.operands[0]
    return node.name


def statistic(node: Node) -> str:
    """The statistic of a node, in one word."""
    if isinstance(node, Over | OfSites):
        return node.statistic if isinstance(node, Over) else f"{node.statistic}_of_sites"
    if isinstance(node, AtMost):
        return statistic(node.of)
    words = {Measure: "level", Minus: "diff", Growth: "change", SectorMean: "sector_mean", SectorRank: "rank"}
    return words.get(type(node), type(node).__name__.lower())


def measures_of(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """The measures that some nodes read at their own grain, in order."""
    return tuple(sorted({below.name for node in nodes for below in _own(node) if isinstance(below, Measure)}))


def sites_of(nodes: tuple[Node, ...]) -> tuple[OfSites, ...]:
    """The statistics over establishments that some nodes need, in order of first use."""
    return tuple(dict.fromkeys(below for node in nodes for below in walk(node) if isinstance(below, OfSites)))


def peers_of(nodes: tuple[Node, ...]) -> tuple[Peer, ...]:
    """The comparisons with the sector that some nodes need, in order of first use."""
    return tuple(
        dict.fromkeys(below for node in nodes for below in walk(node) if isinstance(below, SectorMean | SectorRank))
    )


def _own(node: Node) -> Iterator[Node]:
    if not isinstance(node, OfSites):
        for operand in node.operands:
            yield from _own(operand)
        yield node
