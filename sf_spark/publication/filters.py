"""The filters of an export: which companies of a list are wanted, in the terms of the application. Pure."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.proceedings import STATE_LABELS
from sf_spark.errors import ConfigurationError
from sf_spark.publication.clearances import SCORES, URSSAF, Clearance
from sf_spark.publication.list_columns import LEVEL_LABELS


@dataclass(frozen=True)
class Filters:
    """Conditions on companies; an empty, None or False value is no condition.

    Attributes:
        text: A SIREN, or part of the name, in any case.
        departments: Codes.
        sections: Letters of sections of activity.
        legal_forms: First digits of the legal category: ``57``, ``5499``.
        min_headcount: Employees; an unknown headcount is below.
        min_debt: EUR.
        proceedings: Names of states: ``In bonis``, ``Redressement judiciaire``, ...
        levels: ``fort``, ``modere``.
        first_alerts: Only companies whose first alert is of this list.
        no_recent: Exclude companies younger than three years.
        no_payment_plan: Exclude companies with a payment plan that runs beyond the date of the list.
        committee_list: Only companies that a committee has chosen from this list.
    """

    text: str = ""
    departments: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    legal_forms: tuple[str, ...] = ()
    min_headcount: int | None = None
    min_debt: float | None = None
    proceedings: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    first_alerts: bool = False
    no_recent: bool = False
    no_payment_plan: bool = False
    committee_list: bool = False

    def check(self, clearance: Clearance) -> None:
        """Refuse an invalid filter, or one that would reveal what a service may not see.

        Raises:
            ConfigurationError: It names the filter, and the missing right or the expected value.
        """
        for option, given, form, right in (
            ("--department", self.departments, "(?!20)([0-9]{2,3}|2A|2B)", "a code such as 01, 2A or 974"),
            ("--section", self.sections, "[A-V]", "a letter from A to V"),
            ("--legal-form", self.legal_forms, "[0-9]{1,4}", "the first digits of a legal category, as 57"),
        ):
            for one in given:
                if not re.fullmatch(form, one):
                    raise ConfigurationError(f"{option} '{one}' is not {right}")
        for state in self.proceedings:
            if state not in STATE_LABELS:
                raise ConfigurationError(f"--proceeding '{state}' is not one of {', '.join(STATE_LABELS)}")
        for option, number in (("--min-headcount", self.min_headcount), ("--min-debt", self.min_debt)):
            if number is not None and not math.isfinite(number):
                raise ConfigurationError(f"{option} {number} is not an amount")
        asked = {"min_debt": URSSAF, "no_payment_plan": URSSAF, "levels": SCORES}
        for name, right in asked.items():
            if _asks(getattr(self, name)) and not clearance.may(right):
                option = "--" + name.replace("_", "-").removesuffix("s")
                raise ConfigurationError(f"{option} asks for the right '{right}', which {clearance.name} has not")

    def kept(self, rows: DataFrame) -> DataFrame:
        """The rows that are wanted.

        Args:
            rows: See :func:`sf_spark.publication.exported.exported_rows`.
        """
        for condition in self._conditions():
            rows = rows.where(F.coalesce(condition, F.lit(False)))
        return rows

    def labelled(self) -> list[tuple[str, str]]:
        """The second sheet: each filter and its value, in French; ``-`` if it is not set."""
        shown = {
            "Recherche": self.text,
            "Départements": ", ".join(self.departments),
            "Sections d'activité": ", ".join(self.sections),
            "Formes juridiques": ", ".join(self.legal_forms),
            "Effectif minimum": "" if self.min_headcount is None else str(self.min_headcount),
            "Dette sociale minimum (€)": "" if self.min_debt is None else f"{self.min_debt:g}",
            "Procédures collectives": ", ".join(self.proceedings),
            "Niveaux d'alerte": ", ".join(LEVEL_LABELS[level] for level in self.levels),
            "Premières alertes seulement": _yes(self.first_alerts),
            "Sans les entreprises récentes": _yes(self.no_recent),
            "Sans les délais de paiement en cours": _yes(self.no_payment_plan),
            "Liste retraitée seulement": _yes(self.committee_list),
        }
        return [(name, value or "-") for name, value in shown.items()]

    def as_json(self) -> str:
        """The filters that are set, for ``exports/log``."""
        asked = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps({name: value for name, value in asked.items() if _asks(value)})

    def _conditions(self) -> Iterator[Column]:
        if self.text:
            named = F.contains(F.lower("raison_sociale"), F.lower(F.lit(self.text.strip())))
            yield (F.col("siren") == self.text.replace(" ", "")) | F.coalesce(named, F.lit(False))
        for name, wanted in (
            ("departement_actuel", self.departments),
            ("section", self.sections),
            ("procedure_actuelle", self.proceedings),
            ("level", self.levels),
        ):
            if wanted:
                yield F.col(name).isin(*wanted)
        if self.legal_forms:
            yield F.col("categorie_juridique").rlike("^(" + "|".join(self.legal_forms) + ")")
        if self.min_headcount is not None:
            yield F.col("effectif_actuel") >= self.min_headcount
        if self.min_debt is not None:
            yield F.col("dette_actuelle") >= self.min_debt
        if self.first_alerts:
            yield F.col("first_alert") == F.col("periode")
        if self.no_recent:
            yield ~F.coalesce("est_recente", F.lit(False))
        if self.no_payment_plan:
            yield ~F.coalesce("a_delai_en_cours", F.lit(False))
        if self.committee_list:
            yield F.col("est_retraitee")


def _yes(asked: bool) -> str:
    return "Oui" if asked else ""


def _asks(value: object) -> bool:
    """Whether a filter is set; 0 is a value."""
    return value is not None and value is not False and value not in ("", ())
