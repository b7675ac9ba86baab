"""Records of rolling statistics, made from a measure and a list of windows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.arithmetic import ratio
from sf_spark.signals import windows
from sf_spark.signals.record import Rule, Signal, Theme, Value

_STATISTICS: dict[str, tuple[str, Callable[[Column], Column]]] = {
    "mean": ("moyenne sur {n} mois", F.avg),
    "sum": ("total sur {n} mois", F.sum),
    "max": ("maximum sur {n} mois", F.max),
    "min": ("minimum sur {n} mois", F.min),
    "std": ("ecart type sur {n} mois", F.stddev_samp),
}
_SHIFTS: dict[str, tuple[str, Callable[[Value, int], Rule]]] = {
    "lag": ("{n} mois plus tot", windows.lag),
    "diff": ("variation sur {n} mois", windows.difference),
    "change": ("variation relative sur {n} mois", windows.relative_change),
}


def quotient(numerator: str, denominator: str) -> Rule:
    """One signal over another; null where either is unknown or the denominator is not positive."""
    return lambda _key: ratio(F.col(numerator), F.col(denominator))


@dataclass(frozen=True)
class Measure:
    """A monthly measure of the panel, and what its signals share."""

    name: str
    description: str
    unit: str
    source: str
    theme: Theme
    company_only: bool = False

    def column(self) -> Column:
        """The panel's column."""
        return F.col(self.name)

    def signal(self, name: str, description: str, unit: str, window: int, null_rule: str, rule: Rule) -> Signal:
        """A signal that shares this measure's source and theme."""
        return Signal(
            name, description, unit, self.source, self.theme, window, null_rule, rule, company_only=self.company_only
        )

    def level(self, null_rule: str) -> Signal:
        """The measure itself."""
        return self.signal(self.name, self.description, self.unit, 1, null_rule, lambda _key: self.column())

    def rolling(self, statistic: str, months: Iterable[int]) -> list[Signal]:
        """One signal for each window: ``<measure>_<statistic><n>m``."""
        text, function = _STATISTICS[statistic]
        return [
            self.signal(
                f"{self.name}_{statistic}{n}m",
                f"{self.description}, {text.format(n=n)}",
                self.unit,
                n,
                f"null si l'un des {n} derniers mois est inconnu",
                windows.over_months(function, self.column, n),
            )
            for n in months
        ]

    def shifted(self, operator: str, months: Iterable[int]) -> list[Signal]:
        """One signal for each shift: ``<measure>_<lag|diff|change><n>m``."""
        text, function = _SHIFTS[operator]
        return [
            self.signal(
                f"{self.name}_{operator}{n}m",
                f"{self.description}, {text.format(n=n)}",
                "ratio" if operator == "change" else self.unit,
                n + 1,
                f"null si la valeur d'il y a {n} mois est inconnue",
                function(self.column, n),
            )
            for n in months
        ]
