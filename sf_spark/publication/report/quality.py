"""The quality of the month's data and of past lists, from deliveries and monitoring, in French. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sf_spark.publication.list_columns import LEVEL_LABELS
from sf_spark.publication.report.french import NO_BREAK, UNKNOWN, number, of_month, percent, plural
from sf_spark.publication.report.model import Figures, Quality
from sf_spark.publication.report.names import REASONS, measure_name, message, source_name

Rows = Sequence[Mapping[str, Any]]
_SHOWN = 10  # signals that have moved most
_MOST_REASONS = 15  # most frequent reasons of rejection shown


def quality(
    deliveries: Rows,
    rejected: Rows,
    monitoring: Mapping[str, Rows],
    names: Mapping[str, str],
    last: date,
    horizon: int,
) -> Quality:
    """The content of the page on the month's data.

    Args:
        deliveries: Rows of ``deliveries`` that were taken in.
        rejected: ``source, _batch, code, column, lines`` of ``quarantine``.
        monitoring: Rows of the tables of ``monitoring/``, by the last part of their path; a missing table is empty.
        names: Name of each signal.
        last: The month.
        horizon: Horizon of the list, in months.
    """
    latest = {row["source"]: max(r["_batch"] for r in deliveries if r["source"] == row["source"]) for row in deliveries}
    now = {name: [row for row in rows if row.get("periode") == last] for name, rows in monitoring.items()}
    tables = (
        _warnings(now.get("warnings", ()), names),
        _lists(monitoring.get("lists", ()), last),
        _performance(monitoring.get("performance", ()), horizon),
        _drift(now.get("drift", ()), names),
        _freshness(monitoring.get("freshness", ())),
    )
    return Quality(
        deliveries=_files(deliveries, latest),
        rejections=_rejections(rejected, latest),
        tables=[table for table in tables if table is not None],
    )


def _files(deliveries: Rows, latest: Mapping[str, str]) -> list[dict[str, Any]]:
    sums: dict[str, Counter[str]] = {}
    for row in deliveries:
        if row["_batch"] == latest[row["source"]]:
            counts = {kind: row[f"lines_{kind}"] for kind in ("read", "accepted", "rejected", "skipped")}
            sums.setdefault(row["source"], Counter()).update(counts)
    named = [{"source": source_name(name), "batch": latest[name], **_all(counts)} for name, counts in sums.items()]
    return sorted(named, key=lambda row: row["source"])


def _all(counts: Counter[str]) -> dict[str, int]:
    return {kind: counts[kind] for kind in ("read", "accepted", "rejected", "skipped")}


def _rejections(rejected: Rows, latest: Mapping[str, str]) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str]] = Counter()
    for row in rejected:
        if row["_batch"] == latest.get(row["source"]):
            reason = REASONS.get(row["code"]) or row["code"]
            what = f"{reason} ({row['column']})" if row["column"] else reason
            counts[source_name(row["source"]), what] += row["lines"]
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [{"source": source, "reason": what, "lines": lines} for (source, what), lines in ordered[:_MOST_REASONS]]
    if others := sum(lines for _, lines in ordered[_MOST_REASONS:]):
        shown.append({"source": "Toutes", "reason": "autres motifs", "lines": others})
    return shown


def _warnings(rows: Rows, names: Mapping[str, str]) -> Figures | None:
    if not rows:
        return None
    checks = Counter(row["kind"] for row in rows)
    named = {
        "drift": "Dérive",
        "coverage": "Couverture",
        "freshness": "Fraîcheur",
        "performance": "Performance",
        "churn": "Renouvellement des listes",
        "run_time": "Durée des traitements",
    }
    return Figures(
        "Seuils dépassés",
        "Nombre d'avertissements du mois, par contrôle.",
        ("Contrôle", "Avertissements"),
        [(named.get(check, check), number(count)) for check, count in sorted(checks.items())],
        tuple(message(row, names) for row in rows if row.get("message")),
    )


def _lists(rows: Rows, last: date) -> Figures | None:
    shown = sorted((row for row in rows if row["periode"] <= last), key=_newest_first)[:12]
    if not shown:
        return None
    kinds = ("nouvelle", "maintenue", "aggravee", "attenuee", "sortie")
    return Figures(
        "Mouvements des listes",
        "Entreprises de chaque édition. Le renouvellement est la part des nouvelles et des sorties parmi les "
        "entreprises des deux listes, celle-ci et la précédente réunies.",
        ("Édition", "Sur la liste", "Nouvelles", "Maintenues", "Aggravées", "Atténuées", "Sorties", "Renouvellement"),
        [
            (row["list"], number(row["on_list"]), *(number(row[kind]) for kind in kinds), _share(row["churn"]))
            for row in shown
        ],
    )


def _performance(rows: Rows, horizon: int) -> Figures:
    shown = sorted(rows, key=_newest_first)[:12]
    title = "Ce que les listes passées ont trouvé"
    if not shown:
        return Figures(
            title,
            f"Aucune liste publiée n'a encore l'âge de son horizon ({plural(horizon, 'mois', 'mois')}){NO_BREAK}: ce "
            "que valaient ses alertes n'est pas encore connu.",
            (),
            (),
        )
    return Figures(
        title,
        "Listes dont l'horizon est écoulé : part des alertes justifiées (précision), part des défaillances annoncées "
        "(rappel), avec leur intervalle à 90 %.",
        ("Liste et niveau", "Alertes", "Trouvées", "Manquées", "Précision", "Rappel"),
        [
            (
                f"{row['list']}, {LEVEL_LABELS[row['level']].lower()}",
                *(number(row[name]) for name in ("alerts", "found", "missed")),
                *(_interval(row, name) for name in ("precision", "recall")),
            )
            for row in shown
        ],
    )


def _drift(rows: Rows, names: Mapping[str, str]) -> Figures | None:
    known = sorted((row for row in rows if _is_known(row["psi"])), key=lambda row: (-row["psi"], row["name"]))
    if not known:
        return None
    return Figures(
        "Dérive des scores et des signaux",
        f"Indice de stabilité (PSI) entre l'apprentissage et ce mois, pour les {_SHOWN} qui ont le plus bougé : "
        "au-dessous de 0,1 rien de notable, au-dessus de 0,25 le signal a changé.",
        ("Signal", "PSI"),
        [(measure_name(row["name"], names), number(row["psi"], 2)) for row in known[:_SHOWN]],
    )


def _freshness(rows: Rows) -> Figures | None:
    last = max((row["periode"] for row in rows), default=None)
    shown = [row for row in rows if row["periode"] == last]
    if last is None:
        return None
    return Figures(
        "Fraîcheur des sources",
        f"Dernière livraison de chaque source, vue {of_month(last)}.",
        ("Source", "Dernière livraison", "Ancienneté", "Rythme habituel", "Lignes rejetées"),
        [
            (
                source_name(row["source"]),
                row["last_batch"],
                plural(row["months_since"], "mois", "mois"),
                UNKNOWN if row["usual_months"] is None else plural(round(row["usual_months"]), "mois", "mois"),
                _share(row["rejected_share"]),
            )
            for row in sorted(shown, key=lambda row: source_name(row["source"]))
        ],
    )


def _is_known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _newest_first(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        -row["periode"].toordinal(),
        row["horizon"] if row.get("horizon") else 0,
        row["list"],
        str(row.get("level")),
    )


def _interval(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return UNKNOWN
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    return _share(row[name]) if low is None or high is None else f"{_share(row[name])} ({_share(low)} à {_share(high)})"


def _share(value: float | None) -> str:
    return percent(None if value is None else 100 * value)


def rejected_lines(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """``source, _batch, code, column, lines`` from the rows of ``quarantine``: the first reason of a line counts."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        reason = (row["reasons"] or [{"code": "", "column": ""}])[0]
        counts[row["source"], row["_batch"], reason["code"], reason.get("column") or ""] += 1
    return [
        {"source": source, "_batch": batch, "code": code, "column": column, "lines": lines}
        for (source, batch, code, column), lines in counts.items()
    ]
