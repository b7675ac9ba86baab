"""The names, for readers, of what the tables of monitoring write as codes: sources, measures, reasons. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from sf_spark.publication.card_parts import SOURCES
from sf_spark.publication.meanings import meaning_of
from sf_spark.publication.report.french import NO_BREAK

NAMES = {  # of the sources without a date on cards
    "avis": "Avis des agents",
    "ccsf": "Plans CCSF",
    "comptes": "Comptes URSSAF",
    "contexte": "Contexte",
    "diane": "Comptes (Diane)",
    "filter": "Périmètre",
    "liste_retraitee": "Listes retraitées",
    "procedures": "Jugements (BODACC)",
    "sirene": "Sirene, établissements",
    "sirene_histo": "Sirene, historique",
    "sirene_ul": "Sirene, entreprises",
    "suivi": "Suivis",
}
# Reasons of rejected lines; any other code is shown as it is.
REASONS = {
    "bad_boolean": "ni vrai ni faux",
    "bad_code": "code inconnu",
    "bad_date": "date illisible",
    "bad_integer": "nombre entier illisible",
    "bad_key": "identifiant illisible",
    "bad_number": "nombre illisible",
    "bad_period": "période illisible",
    "bare_quote": "guillemet isolé",
    "extraneous_quote": "guillemet en trop",
    "field_count": "nombre de champs différent de l'en-tête",
    "no_siret": "sans SIRET",
    "provisional_siret": "SIRET provisoire",
    "unknown_nomenclature": "nomenclature inconnue",
}


def source_name(source: str) -> str:
    """The name of a source, for readers."""
    return SOURCES[source][0] if source in SOURCES else NAMES.get(source, source)


def measure_name(name: str, names: Mapping[str, str]) -> str:
    """The name of a score, of a signal or of a measure of the panel, for readers; the code of an unknown one.

    Args:
        name: Its code.
        names: Name of each signal.
    """
    if score := re.fullmatch(r"score_(\d+)m", name):
        return f"Score à {score[1]} mois"
    found = names.get(name) or meaning_of("panel/entreprise", name, names) or name
    found = found.removesuffix(", en euros").partition(" : ")[0]  # without the unit, and what each of its codes means
    return found if found == name else f"{found[0].upper()}{found[1:]}"


def message(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A warning with the names of what it is about instead of their codes, and French spacing."""
    text, subject = str(row["message"]), str(row.get("subject") or "")
    named = source_name(subject) if row["kind"] == "freshness" else measure_name(subject, names) if subject else ""
    if named != subject and text.startswith(subject):
        text = f"«{NO_BREAK}{named}{NO_BREAK}»{text.removeprefix(subject)}"
    text = re.sub(r"(?<=» \()\w+(?=\))", _inside_brackets, text)  # the source of a measure
    return re.sub(r" (?=[%:;])", NO_BREAK, text)


def _inside_brackets(source: re.Match[str]) -> str:
    return source_name(source[0]).replace(" (", ", ").removesuffix(")")
