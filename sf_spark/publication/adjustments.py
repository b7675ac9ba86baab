"""Expert rules: they move the level that a model gives one step up or down. Pure.

A rule is data: a condition on the signals of the month, in a small language, and optionally the theme that must weigh
most. Rules are tried in order, and the first that holds decides:

    level of the model   first rule that holds   level    adjustment
    aucun                up                      modere   its name
    modere               up                      fort     its name
    fort                 up                      fort     null: there is no step above
    modere               down                    aucun    its name
    modere               none                    modere   null
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType

from sf_spark.errors import ConfigurationError
from sf_spark.publication.list_columns import LEVELS, NO_ALERT

_STEPS = (NO_ALERT, *LEVELS)
_TOKEN = re.compile(r"\s+|(?P<number>\d+(?:\.\d+)?)(?![\w.])|(?P<word>[A-Za-z_]\w*)|(?:<=|>=|<>|[-+*/()<>=,])")
_KEYWORDS = frozenset(("and", "or", "not", "is", "null", "coalesce", "abs", "greatest", "least"))


@dataclass(frozen=True)
class Rule:
    """An expert rule.

    Attributes:
        name: Stored with every level that it moved.
        up: True: one step up; False: one step down.
        when: The condition on signals, see ``conf/base/ajustements.yml``.
        explanation: In French, for agents.
        main_theme: Holds only where this theme weighs most towards the score; empty: everywhere.
        since: First month of the list; None: no limit.
        until: Last month; None: no limit.
    """

    name: str
    up: bool
    when: str
    explanation: str
    main_theme: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def signals(self) -> tuple[str, ...]:
        """The names of the signals in the condition.

        Raises:
            ConfigurationError: For a condition outside the language.
        """
        place, names = 0, set()
        while place < len(self.when):
            token = _TOKEN.match(self.when, place)
            if token is None:
                raise ConfigurationError(
                    f"rule '{self.name}': cannot read '{self.when[place : place + 20]}' in its condition; allowed: "
                    f"numbers, names of signals, + - * / ( ) < <= > >= = <> and {', '.join(sorted(_KEYWORDS))}"
                )
            word = (token["word"] or "").lower()
            if word and word not in _KEYWORDS:
                names.add(token["word"])
            place = token.end()
        return tuple(sorted(names))


def usable(rules: Iterable[Rule], present: Iterable[str], known: Iterable[str]) -> tuple[list[Rule], dict[str, str]]:
    """The rules that can be applied, and for each other rule a signal that is missing.

    Args:
        rules: All of them, in order.
        present: The columns of the table of signals.
        known: Every signal of the catalogue, families that are switched off included.

    Raises:
        ConfigurationError: For an unknown signal, a condition that cannot be read, two rules of one name.
    """
    rules, columns, catalogue = list(rules), set(present), set(known)
    names = [rule.name for rule in rules]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"two rules of one name in conf/base/ajustements.yml: {', '.join(names)}")
    absent: dict[str, str] = {}
    for rule in rules:
        for signal in rule.signals:
            if signal not in columns and signal not in catalogue:
                raise ConfigurationError(
                    f"rule '{rule.name}': unknown signal '{signal}' (conf/base/ajustements.yml); the table "
                    "signals/dictionary lists the known ones"
                )
            if signal not in columns:
                absent[rule.name] = signal
    return [rule for rule in rules if rule.name not in absent], absent


def check_conditions(rules: Iterable[Rule], signals: DataFrame) -> None:
    """Refuse a condition that Spark cannot parse, or that is not boolean. Runs no job.

    Args:
        rules: Usable rules.
        signals: The table of signals.

    Raises:
        ConfigurationError: It names the rule.
    """
    for rule in rules:
        try:
            kind = signals.select(F.expr(f"({rule.when})").alias("condition")).schema["condition"].dataType
        except AnalysisException as error:
            first = str(error).strip().splitlines()[0][:160]
            raise ConfigurationError(f"rule '{rule.name}': '{rule.when}' is not a condition: {first}") from None
        if not isinstance(kind, BooleanType):
            raise ConfigurationError(f"rule '{rule.name}': '{rule.when}' is not a condition: it is {kind.typeName()}")


def rules_that_hold(rules: Sequence[Rule], periode: Column) -> Column:
    """The names of the rules whose condition and dates hold, in order (array<string>); the main theme is ignored.

    Args:
        rules: Usable rules.
        periode: First day of the month of the row; the signals of the conditions are columns of the same name.
    """
    names = [F.when(F.expr(f"({rule.when})") & _dated(rule, periode), F.lit(rule.name)) for rule in rules]
    return F.array_compact(F.array(*names)) if names else F.array().cast("array<string>")


def adjusted(rules: Sequence[Rule], level: Column, holding: Column, by_theme: Column) -> tuple[Column, Column]:
    """The level after the rules, and the name of the rule that moved it (null: none).

    Args:
        rules: Usable rules, in order.
        level: Level of the model.
        holding: See :func:`rules_that_hold`.
        by_theme: Contribution of each theme to the score (map); if null, there is no main theme.
    """
    main = _main_theme(by_theme)
    after, name = level, F.lit(None).cast("string")
    for rule in reversed(rules):
        decides = F.coalesce(F.array_contains(holding, rule.name) & _about(rule, main), F.lit(False))
        moved = _moved(level, 1 if rule.up else -1)
        after = F.when(decides, moved).otherwise(after)
        name = F.when(decides, F.when(moved != level, F.lit(rule.name))).otherwise(name)
    return after, name


def _dated(rule: Rule, periode: Column) -> Column:
    from_then_on = F.lit(True) if rule.since is None else periode >= F.lit(rule.since)
    return from_then_on if rule.until is None else from_then_on & (periode <= F.lit(rule.until))


def _main_theme(by_theme: Column) -> Column:
    """The theme with the greatest contribution, of ties the first by name; null if none is above 0."""
    weighed = F.transform(
        F.map_entries(by_theme), lambda entry: F.struct(-entry["value"], entry["key"].alias("theme"), entry["value"])
    )
    heaviest = F.array_min(weighed)
    return F.when(heaviest["value"] > 0, heaviest["theme"])


def _about(rule: Rule, main_theme: Column) -> Column:
    return main_theme == F.lit(rule.main_theme) if rule.main_theme else F.lit(True)


def _moved(level: Column, step: int) -> Column:
    """One step up or down, within the lowest and highest levels."""
    pairs = ((name, _STEPS[min(max(rank + step, 0), len(_STEPS) - 1)]) for rank, name in enumerate(_STEPS))
    return F.try_element_at(F.create_map(*(F.lit(text) for pair in pairs for text in pair)), level)
