"""The data dictionary, made from the records: a table, and a page for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from sf_spark.signals.record import Signal

_SCHEMA = (
    "name string, description string, unit string, source string, theme string, family string, `window` int, "
    "measure string, statistic string, null_rule string, company_only boolean, core boolean, "
    "coverage double, example double"
)


def coverage(signals: pa.Table) -> dict[str, float]:
    """The coverage of each signal: ``<name>__coverage`` (share of rows) and ``<name>__example`` (the greatest value).

    Args:
        signals: Rows of the table of signals; a signal without a known value has no example.
    """
    found: dict[str, float] = {}
    for name in signals.column_names:
        column = signals.column(name)
        if pa.types.is_floating(column.type) and signals.num_rows:
            found[f"{name}__coverage"] = 1 - column.null_count / signals.num_rows
            if column.null_count < signals.num_rows:
                found[f"{name}__example"] = pc.max(column).as_py()
    return found


def dictionary(spark: SparkSession, signals: Iterable[Signal], known: Mapping[str, Any] | None = None) -> DataFrame:
    """One row a signal.

    Args:
        spark: The session.
        signals: The records.
        known: Result of :func:`coverage`; None before any computation.
    """
    found = known or {}
    rows = [
        (
            *(
                s.name,
                s.description,
                s.unit,
                s.source,
                s.theme,
                s.family,
                s.window,
                s.measure,
                s.statistic,
                s.null_rule,
                s.company_only,
                s.core,
            ),
            *(found.get(f"{s.name}__{what}") for what in ("coverage", "example")),
        )
        for s in signals
    ]
    return spark.createDataFrame(rows, _SCHEMA).coalesce(1)


def page(signals: Sequence[Signal], known: Mapping[str, Any]) -> str:
    """The dictionary as Markdown, one table a family."""
    lines = [
        "# Data dictionary of the signals",
        "",
        f"{len(signals)} signals of companies; generated from the records, not written by hand. Coverage: share of the",
        "companies of the demonstration's last month that know the signal; example: its greatest value.",
    ]
    for family in dict.fromkeys(signal.family for signal in signals):
        lines += [
            "",
            f"## {family}",
            "",
            "| signal | meaning | unit | source | theme | months | null | coverage | example |",
        ]
        lines += ["|---|---|---|---|---|---|---|---|---|"]
        lines += [_line(signal, known) for signal in signals if signal.family == family]
    return "\n".join(lines) + "\n"


def _line(signal: Signal, known: Mapping[str, Any]) -> str:
    share, example = known.get(f"{signal.name}__coverage"), known.get(f"{signal.name}__example")
    measured = ["-" if share is None else f"{share:.0%}", "-" if example is None else f"{example:.4g}"]
    cells = [f"`{signal.name}`", signal.description, signal.unit, signal.source, signal.theme, str(signal.window)]
    return f"| {' | '.join([*cells, signal.null_rule, *measured])} |"
