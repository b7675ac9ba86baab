"""All signals, and how a choice of them is computed. Pure and lazy."""

from collections.abc import Iterable, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import month_index
from sf_spark.errors import ConfigurationError
from sf_spark.signals import demographie, dette, effectif, secteur
from sf_spark.signals.record import Signal
from sf_spark.signals.windows import MONTH

CATALOGUE: tuple[Signal, ...] = (*dette.SIGNALS, *effectif.SIGNALS, *demographie.SIGNALS, *secteur.SIGNALS)


def signals_for(key: str, names: Iterable[str] | None = None) -> tuple[Signal, ...]:
    """The signals of a grain (``siren`` or ``siret``): all that make sense there, or those named.

    Raises:
        ConfigurationError: For a name that is not in the catalogue of this grain.
    """
    there = {signal.name: signal for signal in CATALOGUE if key == "siren" or not signal.company_only}
    if names is None:
        return tuple(there.values())
    wanted = list(names)
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise ConfigurationError(
            f"unknown signal {', '.join(unknown)} at {key}; there are {len(there)}, see the dictionary"
        )
    return tuple(there[name] for name in wanted)


def months_needed(signals: Iterable[Signal]) -> int:
    """How many months before its own a row of these signals looks at."""
    return max((signal.window for signal in signals), default=1) - 1


def compute_signals(panel: DataFrame, key: str, signals: Sequence[Signal]) -> DataFrame:
    """Compute signals for every row of a panel.

    Args:
        panel: ``key``, ``periode`` and the measures; one row a month.
        key: ``siren`` or ``siret``.
        signals: What to compute; the signals they need are computed along and left out again.

    Returns:
        ``key, periode`` and one float column a signal, null where unknown.
    """
    by_name = {signal.name: signal for signal in CATALOGUE}
    frame = panel.withColumn(MONTH, month_index(F.col("periode")))
    for stage in _stages(signals, by_name):
        added = [signal for signal in stage if signal.name not in frame.columns]
        frame = frame.select("*", *(signal.rule(key).alias(signal.name) for signal in added))
    return frame.select(key, "periode", *(F.col(signal.name).cast("float").alias(signal.name) for signal in signals))


def _stages(signals: Sequence[Signal], by_name: dict[str, Signal]) -> list[list[Signal]]:
    """Group signals, and what they need, so that each stage needs only the ones before."""
    depth: dict[str, int] = {}

    def depth_of(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((depth_of(need) for need in by_name[name].needs), default=-1)
        return depth[name]

    for signal in signals:
        depth_of(signal.name)
    stages: list[list[Signal]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, rank in depth.items():
        stages[rank].append(by_name[name])
    return stages
