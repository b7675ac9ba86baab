"""The expert rules of ``conf/base/ajustements.yml`` whose signals are in the table."""

from datetime import date, datetime

from pyspark.sql import DataFrame

from sf_spark.publication.adjustments import Rule, check_conditions, usable
from sf_spark.settings import AdjustmentSettings, Settings
from sf_spark.signals.catalogue import catalogue_from
from sf_spark.steps import Report


def rules_in_use(settings: Settings, signals: DataFrame, report: Report) -> list[Rule]:
    """The rules that can be applied; a rule on a family of signals that is switched off is left out, and named.

    Raises:
        ConfigurationError: For a rule with an unknown signal, or one that cannot be read.
    """
    catalogue = catalogue_from(settings.signals.catalogue, ()).of("siren")
    rules, absent = usable(map(rule_of, settings.adjustments), signals.columns, (each.name for each in catalogue))
    check_conditions(rules, signals)
    for name, signal in absent.items():
        report(f"rule '{name}' is left out: signals/entreprise has no {signal}, its family is switched off")
    return rules


def rule_of(settings: AdjustmentSettings) -> Rule:
    """The rule that the settings describe."""
    return Rule(
        settings.name,
        settings.direction == "up",
        settings.when,
        settings.explanation,
        settings.main_theme,
        _month(settings.since),
        _month(settings.until),
    )


def _month(text: str) -> date | None:
    return datetime.strptime(text, "%Y-%m").date() if text else None
