"""The signals by Spark SQL: an independent, slow version of the kernel. Pure and lazy.

Nodes are computed in stages: a window cannot read another window.
"""

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.domain.calendar import month_index
from sf_spark.domain.money import ratio
from sf_spark.domain.naf import section_rank
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
    Ratio,
    SectorMean,
    SectorRank,
    Since,
    Streak,
    sites_of,
    walk,
)
from sf_spark.signals.peers import EDGES, FEWEST, MILLIONTHS, SIZES
from sf_spark.signals.record import Signal
from tests.oracles import windows_in_sql as windows
from tests.oracles.windows_in_sql import MONTH

_ROLLED_UP = {"min": F.min, "max": F.max, "mean": F.avg}


def compute_signals(panel: DataFrame, key: str, signals: Sequence[Signal], sites: DataFrame | None = None) -> DataFrame:
    """Compute signals for every row of a panel.

    Args:
        panel: ``key``, ``periode`` and the measures; one row a month. A measure it lacks is unknown.
        key: ``siren`` or ``siret``.
        signals: Signals to compute.
        sites: The panel of establishments (``siret, siren, periode``), for signals on them; without it they are null.

    Returns:
        ``key, periode`` and one float column a signal, null where unknown.
    """
    roots = [signal.expression for signal in signals]
    frame = derived(panel)
    for node in sites_of(tuple(roots)) if sites is not None else ():
        assert sites is not None
        frame = _with_sites(frame, sites, node)
    computed = _computed(frame, key, roots)
    return computed.select(
        key, "periode", *(F.col(_name(signal.expression)).cast("float").alias(signal.name) for signal in signals)
    )


def _with_sites(frame: DataFrame, sites: DataFrame, node: OfSites) -> DataFrame:
    value = F.col(_name(node.of))
    rolled_up = (
        _computed(derived(sites), "siret", [node.of])
        .groupBy("siren", "periode")
        .agg(_ROLLED_UP[node.statistic](value).alias(_name(node)))
    )
    return frame.join(rolled_up, on=["siren", "periode"], how="left")


def _computed(panel: DataFrame, key: str, roots: Sequence[Node]) -> DataFrame:
    frame = panel.withColumn(MONTH, month_index(F.col("periode")))
    for stage in _stages(roots):
        present = set(frame.columns)
        added = [node for node in stage if _name(node) not in present]
        frame = frame.select("*", *(_column(node, key, present).alias(_name(node)) for node in added))
    return frame


def _stages(roots: Sequence[Node]) -> list[list[Node]]:
    """The nodes below some roots, grouped so that each group reads only the ones before."""
    depth: dict[Node, int] = {}
    for root in roots:
        for node in walk(root):
            inner = () if isinstance(node, OfSites) else node.operands
            depth[node] = 1 + max((depth[operand] for operand in inner), default=-1)
    wanted = {node for root in roots for node in _reached(root)}
    stages: list[list[Node]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node, rank in depth.items():
        if node in wanted:
            stages[rank].append(node)
    return stages


def _reached(node: Node) -> list[Node]:
    """A node and the nodes below it of the same grain."""
    inner = () if isinstance(node, OfSites) else node.operands
    return [*(below for operand in inner for below in _reached(operand)), node]


def _name(node: Node) -> str:
    return f"_{node!r}".replace(".", ",")  # a dot would select a field


def _of(node: Node) -> Column:
    return F.col(f"`{_name(node)}`")


def _column(node: Node, key: str, present: set[str]) -> Column:
    if isinstance(node, Measure):
        return F.col(node.name).cast("double") if node.name in present else F.lit(None).cast("double")
    if isinstance(node, OfSites):
        return F.lit(None).cast("double")  # statistics over establishments were joined before, if any
    return _RULES[type(node)](node, key)


def _growth(node: Growth, key: str) -> Column:
    return F.when(_of(node.since) > 0, _of(node.of) / _of(node.since) - 1)


def _at_most(node: AtMost, key: str) -> Column:
    return F.when(_of(node.of) > node.ceiling, node.ceiling).otherwise(_of(node.of))


def _sector_mean(node: SectorMean, key: str) -> Column:
    peers = Window.partitionBy("secteur_section", MONTH)
    units = millionths(_of(node.of))
    mean = F.sum(units).over(peers).cast("double") / F.count(units).over(peers).cast("double") / MILLIONTHS
    known = F.col("secteur_section").isNotNull() & (F.count(units).over(peers) >= FEWEST)
    return F.when(known, mean)


def _sector_rank(node: SectorRank, key: str) -> Column:
    group = ("secteur_section", size(F.col("effectif")), MONTH)
    peers, place = Window.partitionBy(*group), bracket(_of(node.of))
    known = _of(node.of).isNotNull()
    lower = F.count(F.when(known, place)).over(
        Window.partitionBy(*group).orderBy(F.when(known, place).asc_nulls_last())
    )
    alike = F.count(F.when(known, place)).over(Window.partitionBy(*group, F.when(known, place)))
    total = F.count(F.when(known, place)).over(peers)
    is_ranked = known & F.col("secteur_section").isNotNull() & F.col("effectif").isNotNull() & (total >= FEWEST)
    return F.when(is_ranked, (lower - alike / 2) / total)


_RULES: dict[type[Node], Callable[..., Column]] = {
    Lag: lambda node, key: windows.lag(key, _of(node.of), node.months),
    Over: lambda node, key: windows.over(key, node.statistic, _of(node.of), node.months),
    Known: lambda node, key: windows.known(key, node.which, _of(node.of), node.months),
    Above: lambda node, key: (_of(node.of) > node.threshold).cast("double"),
    Missing: lambda node, key: _of(node.of).isNull().cast("double"),
    Streak: lambda node, key: windows.streak(key, _of(node.of), node.months),
    Since: lambda node, key: windows.months_since(key, _of(node.of), node.months),
    Minus: lambda node, key: _of(node.of) - _of(node.less),
    Ratio: lambda node, key: ratio(_of(node.of), _of(node.by)),
    Growth: _growth,
    AtMost: _at_most,
    SectorMean: _sector_mean,
    SectorRank: _sector_rank,
}


def derived(panel: DataFrame) -> DataFrame:
    """A panel with the measures derived from its own rows: sector and legal category as numbers.

    Establishments have a sector and no legal category; what a panel lacks is unknown. Division and section are those of
    the panel's nomenclature.
    """
    made = {"division": F.col("division").cast("int"), "section": section_rank(F.col("section"))}
    columns = {f"secteur_{name}": made[name] if name in panel.columns else _unknown() for name in made}
    person = (
        F.col("categorie_juridique").startswith("1").cast("int")
        if "categorie_juridique" in panel.columns
        else _unknown()
    )
    return panel.withColumns({**columns, "est_personne_physique": person})


def _unknown() -> Column:
    return F.lit(None).cast("int")


def size(effectif: Column) -> Column:
    """The bracket of a headcount, 0 (fewer than 20) to 3 (250 and more); null without one."""
    reached = [F.when(effectif >= start, 1).otherwise(0) for start in SIZES]
    return F.when(effectif.isNotNull(), sum(reached[1:], reached[0]))


def bracket(value: Column) -> Column:
    """The bracket of a value: the number of edges not above it."""
    return F.size(F.filter(F.array(*map(F.lit, EDGES)), lambda edge: edge <= value))


def millionths(value: Column) -> Column:
    """A value in whole millionths, half up."""
    return F.floor(value * MILLIONTHS + 0.5)
