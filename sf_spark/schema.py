"""The tables of the lake: path, key and partition column of each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table promised to readers: the path below the lake's root, the key of a row, the partition column."""

    path: str
    key: tuple[str, ...]
    partition: str | None = None


QUARANTINE = Table("quarantine", ("source", "_batch", "_file", "_line"), "source")
HELD_BACK_FACTS = Table("held_back", ("source", "_batch", "_fact_batch", "_fact_file", "_fact_line"), "source")
DELIVERIES = Table("deliveries", ("source", "_batch", "_file"))
PANEL_ETABLISSEMENT = Table("panel/etablissement", ("siret", "periode"), "periode")
PANEL_ENTREPRISE = Table("panel/entreprise", ("siren", "periode"), "periode")
SIGNALS_ETABLISSEMENT = Table("signals/etablissement", ("siret", "periode"), "periode")
SIGNALS_ENTREPRISE = Table("signals/entreprise", ("siren", "periode"), "periode")
SIGNALS_DICTIONARY = Table("signals/dictionary", ("name",))
LABELS_ENTREPRISE = Table("labels/entreprise", ("siren", "periode"), "periode")
PREDICTIONS_ENTREPRISE = Table("predictions/entreprise", ("siren", "periode", "horizon", "model_version"), "periode")
LISTS_DETECTION = Table("lists/detection", ("list", "siren"), "list")
CARDS_ENTREPRISE = Table("cards/entreprise", ("siren",), "departement")
CARDS_ETABLISSEMENT = Table("cards/etablissement", ("siret",), "departement")
FOLLOW_UP = Table("follow_up", ("siren", "date", "service", "type", "siret", "list", "agent"))
EXPORTS_LOG = Table("exports/log", ("export_id",))
COMPAT_ETABLISSEMENT = Table("compat/etablissement", ("siret", "periode"), "periode")
COMPAT_ENTREPRISE = Table("compat/entreprise", ("siren", "periode"), "periode")
MONITORING_AUDIT = Table("monitoring/audit", ("audited_at", "periode", "table", "column"))
MONITORING_FOLLOW_UP = Table("monitoring/follow_up", ("list", "departement", "service"))
MONITORING_BUILDS = Table("monitoring/builds", ("table", "content"))
MONITORING_LISTS = Table("monitoring/lists", ("list",))
MONITORING_ADJUSTMENTS = Table("monitoring/adjustments", ("tried_at", "periode", "horizon", "rule", "level"))
MONITORING_DRIFT = Table("monitoring/drift", ("periode", "name"))
MONITORING_COVERAGE = Table("monitoring/coverage", ("periode", "source", "measure"))
MONITORING_FRESHNESS = Table("monitoring/freshness", ("periode", "source"))
MONITORING_PERFORMANCE = Table("monitoring/performance", ("list", "level"))
MONITORING_RUNS = Table("monitoring/runs", ("run",))
MONITORING_WARNINGS = Table("monitoring/warnings", ("periode", "kind", "subject"))


def staged(source: str) -> Table:
    """The staged table of a source."""
    return Table(f"staged/{source}", ("_batch", "_file", "_line"), "_batch")
