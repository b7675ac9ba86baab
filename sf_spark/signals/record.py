"""What a signal is: a record with its name, its meaning and its rule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column

Theme = Literal[
    "dette_urssaf",
    "activite_partielle",
    "effectif",
    "sante_financiere",
    "paiement_fournisseurs",
    "demographie",
    "secteur",
]
Rule = Callable[[str], Column]
Value = Callable[[], Column]  # a Column on its row, made when it is asked for: PySpark makes none before a session runs


@dataclass(frozen=True)
class Signal:
    """One signal.

    Attributes:
        name: ``<measure>[_<stat><n>m]``, ``<a>_sur_<b>``, ``est_``, ``a_``, ``mois_depuis_``, ``nb_``.
        description: What it says, in French, as an agent reads it.
        unit: ``EUR``, ``salaries``, ``mois``, ``ratio``, ``nombre``, ``code``.
        source: The partner file it comes from.
        theme: The family an alert is explained by.
        window: How many months it looks at, its own month included.
        null_rule: When it is null.
        rule: From the entity's key column to the Column that computes it.
        needs: Signals that must be computed first; empty for a rule on the panel's measures.
        company_only: True where the signal makes no sense for one establishment.
    """

    name: str
    description: str
    unit: str
    source: str
    theme: Theme
    window: int
    null_rule: str
    rule: Rule
    needs: tuple[str, ...] = ()
    company_only: bool = False
