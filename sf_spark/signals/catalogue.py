"""The catalogue of signals: families of measures x operators x months, read from data, and special signals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sf_spark.errors import ConfigurationError
from sf_spark.signals.measures import MEASURES, MeasureRecord
from sf_spark.signals.operators import OPERATORS, level, rank, ratio_of_windows
from sf_spark.signals.record import Signal
from sf_spark.signals.specials import SPECIALS

_WITHOUT_MONTHS = {"level": level, "rank": rank}
_WORDS = (*OPERATORS, *_WITHOUT_MONTHS, "ratio")


@dataclass(frozen=True)
class Catalogue:
    """The signals in use, by name."""

    signals: tuple[Signal, ...]

    def of(self, key: str, names: Iterable[str] | None = None) -> tuple[Signal, ...]:
        """The signals of a grain (``siren`` or ``siret``): all that apply to it, or those named.

        Raises:
            ConfigurationError: For a name that is not in the catalogue of this grain.
        """
        known = {signal.name: signal for signal in self.signals if key == "siren" or not signal.company_only}
        if names is None:
            return tuple(known.values())
        wanted = list(names)
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise ConfigurationError(
                f"unknown signal {', '.join(unknown)} at {key}; the dictionary lists the {len(known)} known ones"
            )
        return tuple(known[name] for name in wanted)


def catalogue_from(content: Mapping[str, Any], families: Sequence[str] = ()) -> Catalogue:
    """The catalogue that a file describes.

    Args:
        content: ``families``: name to ``measures`` (names), operators with their months, and ``core``: the operators,
            with months, whose signals models read unless the settings name others.
        families: Which to take; empty: all.

    Raises:
        ConfigurationError: For an unknown family, measure or operator, or a signal that two families make.
    """
    described: Mapping[str, Any] = content["families"]
    unknown = [name for name in families if name not in described]
    if unknown:
        raise ConfigurationError(f"unknown family {', '.join(unknown)}; known families: {', '.join(described)}")
    wanted = [name for name in described if not families or name in families]
    signals = [signal for name in wanted for signal in _family(name, described[name])]
    signals += [signal for signal in SPECIALS if signal.family in wanted]
    names = [signal.name for signal in signals]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"signal {', '.join(twice)} is made twice: a measure belongs to one family")
    return Catalogue(tuple(signals))


def months_needed(signals: Iterable[Signal]) -> int:
    """The number of earlier months that a row of these signals needs."""
    return max((signal.window for signal in signals), default=1) - 1


def _family(name: str, described: Mapping[str, Any]) -> list[Signal]:
    words = {word: months for word, months in described.items() if word not in ("measures", "core")}
    core = described.get("core", {})
    unknown = [word for word in (*words, *core) if word not in _WORDS]
    unknown += [measure for measure in described["measures"] if measure not in MEASURES]
    if unknown:
        raise ConfigurationError(f"family {name}: unknown {', '.join(unknown)}; operators: {', '.join(_WORDS)}")
    return [
        signal
        for measure in described["measures"]
        for word, months in words.items()
        for signal in _signals(MEASURES[measure], word, months, name, _of_core(core, measure, word))
    ]


def _of_core(core: Mapping[str, Any], measure: str, word: str) -> Any:
    """The months of an operator whose signals are core, for all measures of the family or for this one."""
    months = core.get(word)
    return months.get(measure) if isinstance(months, Mapping) else months


def _signals(measure: MeasureRecord, word: str, months: Any, family: str, core: Any) -> list[Signal]:
    if word in _WITHOUT_MONTHS:
        return [_WITHOUT_MONTHS[word](measure, family, bool(core))] if months else []
    if word == "ratio":
        return [ratio_of_windows(measure, pair, family, pair in (core or [])) for pair in months]
    return [OPERATORS[word].signal(measure, n, family, n in (core or [])) for n in months]
