"""The recipe of each derived table: its inputs, and the relevant settings and modules."""

import hashlib
from collections.abc import Sequence

from sf_spark.lake.planning import Recipe
from sf_spark.schema import (
    CARDS_ENTREPRISE,
    CARDS_ETABLISSEMENT,
    COMPAT_ENTREPRISE,
    COMPAT_ETABLISSEMENT,
    FOLLOW_UP,
    LABELS_ENTREPRISE,
    LISTS_DETECTION,
    MONITORING_FOLLOW_UP,
    PANEL_ENTREPRISE,
    PANEL_ETABLISSEMENT,
    PREDICTIONS_ENTREPRISE,
    SIGNALS_DICTIONARY,
    SIGNALS_ENTREPRISE,
    SIGNALS_ETABLISSEMENT,
)
from sf_spark.settings import Settings
from sf_spark.signals.catalogue import Catalogue, catalogue_from
from sf_spark.signals.record import Signal


def panel_recipes(settings: Settings) -> tuple[Recipe, Recipe]:
    """Recipes of the panels: establishments, then companies, which reads the first."""
    rules = {"cutoff_day": settings.cutoff_day}
    rules |= {f"panel.{name}": value for name, value in settings.panel.model_dump(mode="json").items()}
    code = ("sf_spark.panel.build",)
    sites = Recipe(PANEL_ETABLISSEMENT, rules, code, by_month=True)
    return sites, Recipe(PANEL_ENTREPRISE, rules, code, tables=(PANEL_ETABLISSEMENT,), by_month=True)


def signal_recipes(settings: Settings) -> dict[str, Recipe]:
    """Recipes of the tables of signals, by id column."""
    catalogue = catalogue_of(settings)
    code = ("sf_spark.signals.worker", "sf_spark.signals.panel_files", "sf_spark.signals.packing")
    panels = {"siren": (PANEL_ENTREPRISE, PANEL_ETABLISSEMENT), "siret": (PANEL_ETABLISSEMENT,)}
    tables = {"siren": SIGNALS_ENTREPRISE, "siret": SIGNALS_ETABLISSEMENT}
    return {
        key: Recipe(table, {"signals": _names_of(catalogue.of(key))}, code, tables=panels[key], by_month=True)
        for key, table in tables.items()
    }


def dictionary_recipe(settings: Settings) -> Recipe:
    """Recipe of the data dictionary: the records, and the coverage of each signal in the last month."""
    records = _digest(repr(catalogue_of(settings).of("siren")))
    code = ("sf_spark.signals.dictionary",)
    return Recipe(SIGNALS_DICTIONARY, {"records": records}, code, tables=(SIGNALS_ENTREPRISE,))


def label_recipe(settings: Settings) -> Recipe:
    """Recipe of the labels: past months mature, and proceedings become known late, so all months are rewritten."""
    rules = {"cutoff_day": settings.cutoff_day, "labels.horizons": list(settings.labels.horizons)}
    code = ("sf_spark.labels.events", "sf_spark.labels.target", "sf_spark.panel.proceedings")
    return Recipe(LABELS_ENTREPRISE, rules, code, tables=(PANEL_ENTREPRISE,))


def compat_recipes(date_debut: str, date_fin: str) -> tuple[Recipe, Recipe]:
    """Recipes of the former system's variables."""
    rules = {"date_debut": date_debut, "date_fin": date_fin}
    code = ("sf_spark.compat.build",)
    return Recipe(COMPAT_ETABLISSEMENT, rules, code), Recipe(COMPAT_ENTREPRISE, rules, code)


def list_recipe(settings: Settings) -> Recipe:
    """Recipe of the lists; the step chooses the editions. Published editions stay, whatever has changed."""
    rules = {
        "cutoff_day": settings.cutoff_day,
        "panel.nomenclature": settings.panel.nomenclature,
        "publish.list_size": settings.publish.list_size,
        **{f"lists.{name}": value for name, value in settings.lists.model_dump().items()},
        "train.horizon": settings.train.horizon,
    }
    code = ("sf_spark.publication.lists", "sf_spark.publication.contexte")
    tables = (PREDICTIONS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_ENTREPRISE, SIGNALS_DICTIONARY, FOLLOW_UP)
    return Recipe(LISTS_DETECTION, rules, code, tables=tables, may_lack=(FOLLOW_UP,))


def follow_up_recipes(settings: Settings) -> tuple[Recipe, Recipe]:
    """Recipes of the follow-ups, and of the funnel of each list, which reads them."""
    code = ("sf_spark.publication.follow_up",)
    rows = Recipe(FOLLOW_UP, {}, code)
    return rows, Recipe(MONITORING_FOLLOW_UP, {"cutoff_day": settings.cutoff_day}, code, (LISTS_DETECTION, FOLLOW_UP))


def card_recipes(settings: Settings) -> tuple[Recipe, Recipe]:
    """Recipes of the cards: establishments, then companies, which read the first."""
    rules = {"cutoff_day": settings.cutoff_day, "panel.nomenclature": settings.panel.nomenclature}
    code, published = ("sf_spark.publication.cards",), (LISTS_DETECTION, FOLLOW_UP)
    tables = (PANEL_ENTREPRISE, PANEL_ETABLISSEMENT, *published)
    sites = Recipe(CARDS_ETABLISSEMENT, rules, code, tables=tables, may_lack=published)
    return sites, Recipe(CARDS_ENTREPRISE, rules, code, tables=(*tables, CARDS_ETABLISSEMENT), may_lack=published)


def catalogue_of(settings: Settings) -> Catalogue:
    """The signals selected by the settings."""
    return catalogue_from(settings.signals.catalogue, settings.signals.families)


def _names_of(signals: Sequence[Signal]) -> str:
    """The number of signals, and a digest of their expressions."""
    return f"{len(signals)} {_digest(repr([(signal.name, signal.expression) for signal in signals]))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
