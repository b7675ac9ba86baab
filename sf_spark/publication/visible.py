"""Lists and cards as a service may see them: rows of its territory, columns within its rights. Pure and lazy.

Columns, and fields inside columns, for which a right is missing are removed; reasons and points are removed one by one,
by their theme or the source of their measure.

    right missing       list                             card
    scores              level, rank, score, reasons      the alerts' levels, ranks, reasons, points
    urssaf              social debt, payment plans       contributions and debts of the series, plans, their freshness
    activite_partielle                                   hours of the series, requests, their freshness
    banque_de_france                                     accounts, ratios, their freshness
    any of the last     reasons and points of its theme, reasons whose measure comes from its sources, and the rule of
    three               an expert adjustment, which reveals debts and short-time work

Points of a hidden theme are not shown, but their sum follows from the score and the other points: a service that must
not learn it gets no right to scores.
"""

from collections.abc import Callable, Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.publication.clearances import ACCOUNTS, RIGHTS, SCORES, SHORT_TIME, URSSAF, Clearance
from sf_spark.signals.measures import MEASURES
from sf_spark.signals.specials import SPECIALS

# The right that a theme requires; '' for none. A theme that is not listed requires every right.
THEMES: Mapping[str, str] = {
    "dette_urssaf": URSSAF,
    "activite_partielle": SHORT_TIME,
    "sante_financiere": ACCOUNTS,
    "effectif": "",
    "paiement_fournisseurs": "",
    "demographie": "",
    "secteur": "",
}
# The right that a partner file requires; '' for none. A source that is not listed requires every right.
SOURCES: Mapping[str, str] = {
    **dict.fromkeys(("filter", "comptes", "sirene_ul", "sirene", "sirene_histo", "effectif_ent", "effectif"), ""),
    **dict.fromkeys(("procol", "procedures", "paydex", "diane", "contexte", "suivi", "avis", "liste_retraitee"), ""),
    **dict.fromkeys(("cotisation", "debit", "delai", "ccsf"), URSSAF),
    **dict.fromkeys(("apdemande", "apconso"), SHORT_TIME),
    **dict.fromkeys(("ratios", "bdf"), ACCOUNTS),
}
_DEBTS = ("dette", "montant_part_ouvriere", "montant_part_patronale")
_RULES = (SCORES, URSSAF, SHORT_TIME)  # the name of an expert rule reveals the signals behind it

LIST_COLUMNS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("rank", "level_model", "level", "probability", "score", "seuil_modere", "seuil_fort"), (SCORES,)),
    **dict.fromkeys(("status", "months_below", "points_base", "points"), (SCORES,)),
    **dict.fromkeys(("reasons", "reason_1", "reason_2", "reason_3"), (SCORES,)),
    "adjustment": _RULES,
    **dict.fromkeys(("dette_sociale", "montant_part_ouvriere", "montant_part_patronale"), (URSSAF,)),
    **dict.fromkeys(("a_delai_en_cours", "delai_echeance"), (URSSAF,)),
}
CARD_COLUMNS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys((*_DEBTS, "cotisation_mean12m", "delais"), (URSSAF,)),
    "demandes_activite_partielle": (SHORT_TIME,),
    **dict.fromkeys(("comptes", "banque_de_france"), (ACCOUNTS,)),
}
# Fields inside the columns of a card that are arrays of structs.
CARD_FIELDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "serie": {
        **dict.fromkeys(("cotisation", *_DEBTS), (URSSAF,)),
        **dict.fromkeys(("apart_heures_autorisees", "apart_heures_consommees"), (SHORT_TIME,)),
    },
    "etablissements": {"dette": (URSSAF,)},
    "alertes": {
        **dict.fromkeys(("niveau", "statut", "probabilite", "rang", "raisons", "points"), (SCORES,)),
        "regle": _RULES,
    },
}


def visible_list(rows: DataFrame, clearance: Clearance, departement: Column) -> DataFrame:
    """The rows of ``lists/detection`` that a service may see, as it may see them.

    Args:
        rows: Rows of one list or several.
        clearance: Clearance of the service.
        departement: Present department of each company.
    """
    seen = rows.where(clearance.sees(departement))
    if clearance.may(SCORES):
        kept = F.filter("reasons", _reason_is_seen(clearance, "theme", "measure"))
        texts = {f"reason_{n + 1}": F.get(kept, F.lit(n))["text"] for n in range(3)}
        points = F.map_filter("points", lambda theme, value: _theme_is_seen(clearance, theme))
        seen = seen.withColumns({**texts, "reasons": kept, "points": points})
    return seen.drop(*hidden_columns(LIST_COLUMNS, clearance))


def visible_cards(cards: DataFrame, clearance: Clearance) -> DataFrame:
    """The cards of companies or of establishments that a service may see, as it may see them.

    ``empreinte`` is left out: it changes with what is hidden.
    """
    place = "departement_entreprise" if "departement_entreprise" in cards.columns else "departement"
    seen = cards.where(clearance.sees(F.col(place))).drop("empreinte", *hidden_columns(CARD_COLUMNS, clearance))
    changed = {
        name: _without(F.col(name), hidden_columns(fields, clearance))
        for name, fields in CARD_FIELDS.items()
        if name in seen.columns
    }
    if "alertes" in seen.columns and clearance.may(SCORES):
        changed["alertes"] = F.transform(changed["alertes"], lambda alert: _seen_alert(alert, clearance))
    changed["fraicheur"] = F.filter("fraicheur", lambda fact: _source_is_seen(clearance, fact["source"]))
    return seen.withColumns(changed)


def hidden_columns(columns: Mapping[str, Sequence[str]], clearance: Clearance) -> list[str]:
    """The columns that require a right that the service lacks."""
    return [name for name, rights in columns.items() if not clearance.may(*rights)]


def _reason_is_seen(clearance: Clearance, theme: str, measure: str) -> Callable[[Column], Column]:
    # A signal that no measure names, such as the share of a sector in debt, is a measure of its own.
    known = {signal.measure: signal.source for signal in SPECIALS} | {
        n: record.source for n, record in MEASURES.items()
    }
    sources = set(known.values()) if clearance.may(*RIGHTS) else _shown(SOURCES, clearance)
    hidden = [name for name, source in known.items() if source not in sources]
    return lambda reason: (
        _theme_is_seen(clearance, reason[theme])
        & ~F.coalesce(reason[measure].isin(*hidden) if hidden else F.lit(False), F.lit(False))
    )


def _theme_is_seen(clearance: Clearance, theme: Column) -> Column:
    seen = theme.isin(*_shown(THEMES, clearance))
    return F.lit(True) if clearance.may(*RIGHTS) else F.coalesce(seen, F.lit(False))


def _source_is_seen(clearance: Clearance, source: Column) -> Column:
    seen = source.isin(*_shown(SOURCES, clearance))
    return F.lit(True) if clearance.may(*RIGHTS) else F.coalesce(seen, F.lit(False))


def _shown(rights: Mapping[str, str], clearance: Clearance) -> list[str]:
    return [name for name, right in rights.items() if not right or clearance.may(right)]


def _seen_alert(alert: Column, clearance: Clearance) -> Column:
    reasons = F.filter(alert["raisons"], _reason_is_seen(clearance, "theme", "mesure"))
    points = F.filter(alert["points"], lambda point: _theme_is_seen(clearance, point["theme"]))
    return alert.withField("raisons", reasons).withField("points", points)


def _without(values: Column, fields: Sequence[str]) -> Column:
    return F.transform(values, lambda value: value.dropFields(*fields)) if fields else values
