"""Every text for agents or analysts is French with correct accents, checked against a list of words.

Two checks: accented words of the domain, listed here; and every accented word of any text, which no other text may
write without its accents.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sf_spark.publication.application.relations import RELATIONS
from sf_spark.publication.list_columns import COLUMNS
from sf_spark.publication.meanings import COLUMNS as MEANINGS
from sf_spark.publication.meanings import OF_TABLE, TABLES
from sf_spark.settings import load_settings
from sf_spark.signals.catalogue import catalogue_from
from sf_spark.signals.measures import MEASURES

PACKAGE = Path(__file__).parents[2] / "sf_spark"
WORDS = """
activité âge agrégé ancienneté année après autorisées capacité catégorie clôture commerçant consécutifs consommées
créance création crédit déclaration déclarée défaillance délai délais demandée dépassé dépôt dernière durée écart
échéance échéancier écoulés égale élevé endettée entreprise établissement établissements état étranger évolution
excédent exercice fermés impôts inférieure intérêts judiciaire linéaire liquidité modérée nécessaire numéro période
périodes pièce première probabilité procédure publiés région répertoire résultat réglé salariés santé société
supérieure trésorerie tôt validité vétusté
"""
# Without accent it is another valid word.
BOTH = {
    "a",
    "ou",
    "la",
    "du",
    "sur",
    "des",
    "publie",
    "cree",
    "regle",
    "agrege",
    "demande",
    "donne",
    "eleve",
    "modere",
    "cote",
    "entre",
    "change",
    "compare",
    "demandes",
    "manque",
    "mesure",
    "monte",
    "passe",
    "retire",
    # Codes of tables.
    "aggravee",
    "attenuee",
    "detection",
    "procedures",
    "rev",
}


def bare(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text).lower())


def labels(name: str, column: str, delimiter: str = ";") -> Iterator[str]:
    with (PACKAGE / name).open(encoding="utf-8", newline="") as file:
        yield from (row[column] for row in csv.DictReader(file, delimiter=delimiter))


def texts() -> Iterator[tuple[str, str]]:
    """The place of each text, and the text."""
    for signal in catalogue_from(load_settings("test").signals.catalogue).signals:
        yield f"description of {signal.name}", signal.description
        yield f"null rule of {signal.name}", signal.null_rule
    for measure in MEASURES.values():
        yield f"description of {measure.name}", measure.description
        yield f"null rule of {measure.name}", measure.null_rule
    for file in sorted((PACKAGE.parent / "conf" / "models").glob("*.yml")):
        yield file.name, yaml.safe_load(file.read_text(encoding="utf-8"))["description"]
    yield from ((f"meaning of {name}", column.meaning) for name, column in COLUMNS.items())
    yield from (
        (f"comment of {name}", text) for named in (TABLES, MEANINGS, *OF_TABLE.values()) for name, text in named.items()
    )
    for relation in RELATIONS:
        yield relation.name, relation.description
        yield from ((f"{relation.name}.{name}", meaning) for name, (_, meaning) in relation.columns.items())
    for page in sorted((PACKAGE / "publication" / "report" / "templates").glob("*.j2")):
        yield page.name, re.sub(r"{[{%].*?[%}]}|<[^>]*>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from ((rule.name, rule.explanation) for rule in load_settings("test").adjustments)
    yield from (("legal form", label) for label in labels("domain/legal_forms.csv", "libelle"))
    yield from (("section of NAF", label) for label in labels("domain/sections.csv", "libelle"))
    for column in ("libelle", "region_libelle"):
        yield from (("territories", label) for label in labels("domain/departements.csv", column))


TEXTS = dict.fromkeys(texts())


def without_accents(text: str, known: set[str]) -> list[str]:
    return [word for word in words(text) if word in known]


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Wrong words: each is an accented word of the list or of a text, without its accents."""
    accented = {word for text in (WORDS, *(text for _, text in TEXTS)) for word in words(text) if word != bare(word)}
    return {bare(word) for word in accented} - BOTH


def test_no_text_lacks_its_accents(known: set[str]) -> None:
    assert {place: wrong for place, text in TEXTS if (wrong := without_accents(text, known))} == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("délais de paiement en cours", []),
        ("delais de paiement en cours", ["delais"]),
        ("Établissements fermes dans l'annee", ["fermes", "annee"]),
        ("la dette du mois, ou celle d'avant", []),
    ],
)
def test_a_word_without_its_accent_is_found(known: set[str], text: str, wrong: list[str]) -> None:
    assert without_accents(text, known) == wrong
