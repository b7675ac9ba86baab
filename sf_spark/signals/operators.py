"""The operators that families name: each makes signals of a measure and months, with description and null rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sf_spark.signals.expression import (
    Above,
    Growth,
    Known,
    Lag,
    Measure,
    Minus,
    Node,
    OfSites,
    Over,
    Ratio,
    SectorRank,
    Since,
    Statistic,
    Streak,
)
from sf_spark.signals.measures import MeasureRecord
from sf_spark.signals.record import Signal

_ALL_KNOWN = "null si l'un des {n} derniers mois est inconnu"
_BEFORE_KNOWN = "null si la valeur d'il y a {n} mois est inconnue"
_PEERS = "null sans activité ou effectif connus, ou si moins de 20 entreprises du secteur et de la taille sont connues"


@dataclass(frozen=True)
class Operator:
    """Makes a signal of a measure and a number of months.

    Attributes:
        name: Name of the signal; ``{m}`` is the measure, ``{n}`` the months.
        description: In French; ``{d}`` is the measure's.
        null_rule: In French.
        build: From the measure and the months to the expression.
        unit: Unit of the signal; empty: the measure's.
        company_only: True if it is meaningless for an establishment.
    """

    name: str
    description: str
    null_rule: str
    build: Callable[[Node, int], Node]
    unit: str = ""
    company_only: bool = False

    def signal(self, measure: MeasureRecord, months: int, family: str, core: bool) -> Signal:
        """The signal of a measure over some months."""
        return Signal(
            self.name.format(m=measure.name, n=months),
            self.description.format(d=measure.description, n=months),
            self.unit or measure.unit,
            measure.source,
            measure.theme,
            family,
            self.null_rule.format(n=months),
            self.build(Measure(measure.name), months),
            measure.company_only or self.company_only,
            core,
        )


def _over(statistic: Statistic) -> Callable[[Node, int], Node]:
    return lambda measure, months: Over(statistic, measure, months)


def _change(measure: Node, months: int) -> Node:
    return Growth(measure, Lag(measure, months))


OPERATORS: dict[str, Operator] = {
    "lag": Operator("{m}_lag{n}m", "{d}, {n} mois plus tôt", _BEFORE_KNOWN, Lag),
    "diff": Operator("{m}_diff{n}m", "{d}, variation sur {n} mois", _BEFORE_KNOWN, lambda m, n: Minus(m, Lag(m, n))),
    "change": Operator("{m}_change{n}m", "{d}, variation relative sur {n} mois", _BEFORE_KNOWN, _change, "ratio"),
    "mean": Operator("{m}_mean{n}m", "{d}, moyenne sur {n} mois", _ALL_KNOWN, _over("mean")),
    "sum": Operator("{m}_sum{n}m", "{d}, total sur {n} mois", _ALL_KNOWN, _over("sum")),
    "max": Operator("{m}_max{n}m", "{d}, maximum sur {n} mois", _ALL_KNOWN, _over("max")),
    "min": Operator("{m}_min{n}m", "{d}, minimum sur {n} mois", _ALL_KNOWN, _over("min")),
    "std": Operator("{m}_std{n}m", "{d}, écart type sur {n} mois", _ALL_KNOWN, _over("std")),
    "slope": Operator("{m}_slope{n}m", "{d}, tendance par mois sur {n} mois", _ALL_KNOWN, _over("slope")),
    "part": Operator(
        "{m}_part{n}m",
        "{d}, part des {n} derniers mois au-dessus de 0",
        _ALL_KNOWN,
        lambda m, n: Over("mean", Above(m, 0), n),
        "ratio",
    ),
    "first": Operator(
        "{m}_first{n}m",
        "{d}, première valeur connue des {n} derniers mois",
        "null si aucun des {n} derniers mois n'est connu",
        lambda m, n: Known("first", m, n),
    ),
    "last": Operator(
        "{m}_last{n}m",
        "{d}, dernière valeur connue des {n} derniers mois",
        "null si aucun des {n} derniers mois n'est connu",
        lambda m, n: Known("last", m, n),
    ),
    "serie": Operator(
        "{m}_serie{n}m",
        "{d}, nombre de mois consécutifs au-dessus de 0 ({n} au plus)",
        "jamais null",
        lambda m, n: Streak(Above(m, 0), n),
        "mois",
    ),
    "since": Operator(
        "mois_depuis_{m}_{n}m",
        "{d}, mois écoulés depuis la dernière valeur au-dessus de 0",
        "null si aucun des {n} derniers mois n'est au-dessus de 0",
        lambda m, n: Since(Above(m, 0), n),
        "mois",
    ),
    "rank_change": Operator(
        "{m}_change{n}m_rang_secteur",
        "{d}, variation relative sur {n} mois, position dans le secteur à taille égale (1 : plus haute)",
        _PEERS,
        lambda m, n: SectorRank(_change(m, n)),
        "ratio",
        True,
    ),
    "worst_change": Operator(
        "{m}_change{n}m_min_etablissements",
        "{d}, plus forte baisse relative sur {n} mois parmi les établissements",
        "null si aucun établissement n'est connu aux deux dates",
        lambda m, n: OfSites("min", _change(m, n)),
        "ratio",
        True,
    ),
    "share_of_sites": Operator(
        "part_etablissements_{m}_max{n}m",
        "{d} : part des établissements où elle a dépassé 0 au cours des {n} derniers mois",
        "null si aucun établissement n'est connu sur {n} mois",
        lambda m, n: OfSites("mean", Above(Over("max", m, n), 0)),
        "ratio",
        True,
    ),
}


def level(measure: MeasureRecord, family: str, core: bool) -> Signal:
    """The measure itself."""
    return Signal(
        *(measure.name, measure.description, measure.unit, measure.source, measure.theme, family, measure.null_rule),
        Measure(measure.name),
        measure.company_only,
        core,
    )


def rank(measure: MeasureRecord, family: str, core: bool) -> Signal:
    """The position of the measure within section and size."""
    text = f"{measure.description}, position dans le secteur à taille égale (0 : plus basse, 1 : plus haute)"
    node = SectorRank(Measure(measure.name))
    name = f"{measure.name}_rang_secteur"
    return Signal(name, text, "ratio", measure.source, measure.theme, family, _PEERS, node, True, core)


def ratio_of_windows(measure: MeasureRecord, pair: Sequence[int], family: str, core: bool) -> Signal:
    """A short-window mean divided by a long-window mean."""
    short, long = pair
    means = [Over("mean", Measure(measure.name), n) for n in (short, long)]
    return Signal(
        f"{measure.name}_mean{short}m_sur_mean{long}m",
        f"{measure.description} : moyenne des {short} derniers mois rapportée à celle des {long} derniers",
        *(
            "ratio",
            measure.source,
            measure.theme,
            family,
            f"null si l'un des {long} derniers mois est inconnu, ou moyenne égale à 0",
        ),
        Ratio(*means),
        measure.company_only,
        core,
    )
