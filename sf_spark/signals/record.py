"""What a signal is: a record with its name, its meaning and what it computes."""

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
        description: What it says, in French, as an agent reads it.
        unit: ``EUR``, ``salaries``, ``mois``, ``jours``, ``heures``, ``ratio``, ``nombre``, ``code``, ``%``.
        source: The partner file it comes from.
        theme: The theme an alert is explained by.
        family: What it is switched on with.
        null_rule: When it is null.
        expression: What it computes.
        company_only: True where the signal makes no sense for one establishment.
        core: True for the signals that models read unless the settings name others.
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
        """How many months it looks at, its own month included."""
        return window(self.expression)

    @property
    def measure(self) -> str:
        """The measure that it tells; of a ratio, the one above the line. What a sector does is a measure of its own."""
        return self.name if self.theme == "secteur" else first_measure(self.expression)

    @property
    def statistic(self) -> str:
        """What it says of the measure: ``level, lag, mean, diff, ratio, rank`` and so on."""
        return statistic(self.expression)
