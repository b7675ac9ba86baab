"""Signals on the company's sector: what it is, how it fares, and how far the company stands from it.

Averages are taken over integers (a millionth is the unit), so that they do not depend on the order of the rows.
"""

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from sf_spark.signals.record import Rule, Signal, Value

FEWEST = 20  # a sector of fewer companies says more about its members than about the economy
_MILLIONTH = 1_000_000
# First division of each section of NAF rev. 2, A to U (INSEE).
_SECTION_STARTS = (1, 5, 10, 35, 36, 41, 45, 49, 55, 58, 64, 68, 69, 77, 84, 85, 86, 90, 94, 97, 99)


def division() -> Column:
    """The division of NAF rev. 2 (its first two digits) as a number; null without an activity."""
    return F.substring("ape", 1, 2).try_cast("int")


def section() -> Column:
    """The section of NAF rev. 2 as a number (A = 1 ... U = 21); null without an activity."""
    reached = [F.when(division() >= start, 1).otherwise(0) for start in _SECTION_STARTS]
    return F.when(division().isNotNull(), sum(reached[1:], reached[0]))


def sector_mean(value: Value) -> Rule:
    """The mean of a signal over the companies of the section at that month; null for fewer than 20 known values."""

    def rule(_key: str) -> Column:
        peers = Window.partitionBy("secteur_section", "_mois")
        units = F.round(value() * _MILLIONTH).cast("decimal(38,0)")
        mean = (F.sum(units).over(peers) / F.count(units).over(peers)).cast("double") / _MILLIONTH
        known = F.col("secteur_section").isNotNull() & (F.count(units).over(peers) >= FEWEST)
        return F.when(known, mean)

    return rule


def _at_most(value: Column, ceiling: float) -> Column:
    """Cap a value, so that a company which grows from 1 to 50 does not speak for its sector; null stays null."""
    return F.when(value > ceiling, ceiling).otherwise(value)


def _sector(name: str, description: str, unit: str, window: int, rule: Rule, needs: tuple[str, ...]) -> Signal:
    null_rule = "null sans activite connue, ou si moins de 20 entreprises du secteur sont connues"
    return Signal(name, description, unit, "sirene_ul", "secteur", window, null_rule, rule, needs, company_only=True)


def _code(name: str, description: str, column: Value) -> Signal:
    null_rule = "null sans activite connue"
    return Signal(
        name, description, "code", "sirene_ul", "secteur", 1, null_rule, lambda _key: column(), company_only=True
    )


SIGNALS: list[Signal] = [
    _code("secteur_division", "division d'activite (NAF, 2 chiffres)", division),
    _code("secteur_section", "section d'activite (NAF, A = 1)", section),
    _sector(
        "secteur_part_endettee",
        "part des entreprises du secteur avec une dette URSSAF",
        "ratio",
        1,
        sector_mean(lambda: (F.col("dette") > 0).cast("int")),
        ("dette", "secteur_section"),
    ),
    _sector(
        "secteur_effectif_change12m",
        "variation relative moyenne de l'effectif du secteur sur 12 mois",
        "ratio",
        13,
        sector_mean(lambda: _at_most(F.col("effectif_change12m"), 1.0)),
        ("effectif_change12m", "secteur_section"),
    ),
    _sector(
        "ecart_secteur_effectif_change12m",
        "variation de l'effectif sur 12 mois, ecart a la moyenne du secteur",
        "ratio",
        13,
        lambda _key: F.col("effectif_change12m") - F.col("secteur_effectif_change12m"),
        ("effectif_change12m", "secteur_effectif_change12m"),
    ),
]
