"""The record of a signal: its name, its meaning and its expression."""

from dataclasses import dataclass
from typing import Literal

from sf_spark.signals.expression import Node, first_measure, statistic, window

Theme = Literal[
    "dette_urssaf",
    "activite_partielle",
    "effectif",
    "sante_financiere",
    "paiement_fournisseurs",
    "demographie",
    "secteur",
]


@dataclass(frozen=True)
class Signal:
    """One signal.

    Attributes:
        name: ``<measure>[_<stat><n>m]``, ``<a>_sur_<b>``, ``est_``, ``a_``, ``mois_depuis_``, ``nb_``.
        description: Its meaning, in French, for agents.
        unit: ``EUR``, ``salaries``, ``mois``, ``jours``, ``heures``, ``ratio``, ``nombre``, ``code``, ``%``.
        source: The partner file it comes from.
        theme: The theme that explains an alert.
        family: The family that it belongs to, which settings can switch off.
        null_rule: When it is null.
        expression: Its computation.
        company_only: True if it is meaningless for an establishment.
        core: True for the signals that models read by default.
    """

    name: str
    description: str
    unit: str
    source: str
    theme: Theme
    family: str
    null_rule: str
    expression: Node
    company_only: bool = False
    core: bool = False

    @property
    def window(self) -> int:
        """The number of months in its window, its own month included."""
        return window(self.expression)

    @property
    def measure(self) -> str:
        """Its measure; for a ratio, that of the numerator. Comparisons with the sector are measures of their own."""
        return self.name if self.theme == "secteur" else first_measure(self.expression)

    @property
    def statistic(self) -> str:
        """Its statistic of the measure: ``level, lag, mean, diff, ratio, rank`` and so on."""
        return statistic(self.expression)
