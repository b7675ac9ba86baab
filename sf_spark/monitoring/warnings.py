"""Warnings: one for each figure beyond its threshold, in words for an analyst. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Warned:
    """A figure beyond its threshold.

    Attributes:
        kind: Kind of check: drift, coverage, freshness, performance, churn, run_time.
        subject: The subject: a signal, a source, a list, a job.
        value: The figure.
        threshold: The threshold that it exceeds.
        message: In French.
    """

    kind: str
    subject: str
    value: float
    threshold: float
    message: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}: {self.value:.3g} (threshold {self.threshold:.3g})"


Rows = Iterable[Mapping[str, Any]]


def of_drift(rows: Rows, limit: float) -> list[Warned]:
    """Signals and scores that have moved, the farthest first; figures of sectors have no meaningful index."""
    watched = (row for row in rows if row["kind"] != "sector" and row["psi"] > limit)
    moved = sorted(watched, key=lambda row: (-row["psi"], row["name"]))
    return [
        Warned(
            "drift",
            row["name"],
            row["psi"],
            limit,
            f"{row['name']} : répartition autre que pendant les mois d'apprentissage (PSI {_number(row['psi'], 2)})",
        )
        for row in moved
    ]


def of_coverage(rows: Rows, limit: float) -> list[Warned]:
    """Measures known for fewer companies than a year ago; null: no data a year ago."""
    fallen = [row for row in rows if row["known_year_ago"] is not None and row["known_year_ago"] - row["known"] > limit]
    return [
        Warned(
            "coverage",
            row["measure"],
            row["known_year_ago"] - row["known"],
            limit,
            f"{row['measure']} ({row['source']}) : valeur connue pour {_percent(row['known'])} des entreprises, contre "
            f"{_percent(row['known_year_ago'])} il y a un an",
        )
        for row in fallen
    ]


def of_freshness(rows: Rows, limit: int) -> list[Warned]:
    """Sources whose last delivery is overdue: their usual rhythm plus some months has passed."""
    late = [
        row for row in rows if row["usual_months"] is not None and row["months_since"] >= row["usual_months"] + limit
    ]
    return [
        Warned(
            "freshness",
            row["source"],
            row["months_since"],
            row["usual_months"] + limit,
            f"{row['source']} : aucune livraison depuis {row['months_since']} mois (dernière : {row['last_batch']})",
        )
        for row in late
    ]


def of_performance(rows: Rows, limit: float) -> list[Warned]:
    """Matured lists that were right less often than their scores predicted, beyond chance."""
    fell = [
        row
        for row in rows
        if row["precision"] is not None
        and row["promised"] - row["precision"] > limit
        and row["precision_high"] < row["promised"]
    ]
    return [
        Warned(
            "performance",
            f"{row['list']} {row['level']}",
            row["precision"],
            row["promised"] - limit,
            f"{row['list']} ({row['level']}) : {_percent(row['precision'])} de défaillances parmi les alertes, "
            f"{_percent(row['promised'])} annoncées",
        )
        for row in fell
    ]


def of_churn(rows: Rows, limit: float) -> list[Warned]:
    """Lists whose churn exceeds a threshold."""
    moved = [row for row in rows if row["churn"] is not None and row["churn"] > limit]
    return [
        Warned(
            "churn",
            row["list"],
            row["churn"],
            limit,
            f"{row['list']} : {_percent(row['churn'])} des entreprises sont nouvelles ou sorties",
        )
        for row in moved
    ]


def of_run_times(rows: Rows, limit: float) -> list[Warned]:
    """Jobs whose last run took so many times the median of earlier runs."""
    slow = [row for row in rows if row["median_seconds"] and row["seconds"] > limit * row["median_seconds"]]
    return [
        Warned(
            "run_time",
            row["job"],
            row["seconds"],
            limit * row["median_seconds"],
            f"{row['job']} a duré {_number(row['seconds'], 0)} s, "
            f"contre {_number(row['median_seconds'], 0)} s d'habitude",
        )
        for row in slow
    ]


def _percent(share: float) -> str:
    return f"{_number(100 * share, 1)} %"


def _number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", ",")
