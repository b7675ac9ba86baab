"""The French nomenclatures of activities: sections and divisions of NAF rev. 2 and of NAF 2025. Plain data and Columns.

NAF 2025 replaces NAF rev. 2 on 1 January 2027. Codes keep their form (``62.01Z``); a letter of section means nothing
without its nomenclature, because those after J move by one and division 45 is gone:

    activity                  NAF rev. 2             NAF 2025
    software                  62.01Z, section J      62.10Y, section K
    sale of cars              45.11Z, section G      46.71Y, section G

``sections.csv``, beside this module, holds the sections of both; ``naf_rev2.csv`` all codes and labels of NAF rev. 2,
word for word, with the blanks that end some labels. Both are open data of INSEE.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pyspark.sql import Column
from pyspark.sql import functions as F

NAF_REV2, NAF_2025 = "naf_rev2", "naf2025"
NOMENCLATURES = (NAF_REV2, NAF_2025)
# Column of the register's tables and of the panels that holds the code of each.
CODE_COLUMN = {NAF_REV2: "ape", NAF_2025: "ape_naf25"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUV"
MOST_SECTIONS = len(LETTERS)


@dataclass(frozen=True)
class Section:
    """A section: its letter, its first and last division, its name in French."""

    letter: str
    first: int
    last: int
    label: str


@cache
def sections(nomenclature: str) -> tuple[Section, ...]:
    """The sections of a nomenclature, in order.

    Args:
        nomenclature: ``naf_rev2`` (21 sections, 88 divisions) or ``naf2025`` (22 sections, 87 divisions).
    """
    text = files(__package__).joinpath("sections.csv").read_text(encoding="utf-8")
    return tuple(
        Section(row["section"], int(row["premiere_division"]), int(row["derniere_division"]), row["libelle"])
        for row in csv.DictReader(text.splitlines(), delimiter=";")
        if row["nomenclature"] == nomenclature
    )


def divisions(nomenclature: str) -> frozenset[int]:
    """The numbers of its divisions: every number inside a section counts, those between sections do not."""
    return frozenset(n for section in sections(nomenclature) for n in range(section.first, section.last + 1))


def division(code: Column) -> Column:
    """The division of a code, its first two digits (int); null where it does not begin with two digits."""
    return F.when(code.rlike("^[0-9]{2}"), F.substring(code, 1, 2).try_cast("int"))


def section_letter(code: Column, nomenclature: str) -> Column:
    """The letter of the section that a code belongs to; null without a code, or for a division of no section."""
    letters = {n: some.letter for some in sections(nomenclature) for n in range(some.first, some.last + 1)}
    # One text rather than a map, which would add a hundred pairs to every plan that uses the letter.
    of_divisions = "".join(letters.get(n, " ") for n in range(100))
    return F.nullif(F.substring(F.lit(of_divisions), division(code) + 1, F.lit(1)), F.lit(" "))


def section_label(letter: Column, nomenclature: str) -> Column:
    """The name of a section in French; null for a letter unknown to the nomenclature."""
    pairs = (F.lit(text) for some in sections(nomenclature) for text in (some.letter, some.label))
    return F.try_element_at(F.create_map(*pairs), letter)


def section_rank(letter: Column) -> Column:
    """The rank of a letter, A = 1 to V = 22 (int); null for anything else. Compare ranks of one nomenclature only."""
    rank = F.instr(F.lit(LETTERS), letter)
    return F.when((F.length(letter) == 1) & (rank > 0), rank)


def letter_of(rank: Column) -> Column:
    """The letter of a rank (A = 1 ... V = 22), whatever the type of number; else null."""
    return F.when(rank.between(1, MOST_SECTIONS), F.substring(F.lit(LETTERS), rank.cast("int"), F.lit(1)))


def begins_with(code: Column, part: Column) -> Column:
    """Whether an activity is in a division (``55``), group (``55.1``) or class, or is the code itself; null stays null.

    A division has two digits: ``5`` matches nothing.
    """
    return part.rlike(r"^[0-9]{2}(\.[0-9]{1,2}[A-Z]?)?\z") & code.startswith(part)


def labels_rev2() -> str:
    """``code;section;libelle`` of every level of NAF rev. 2, one line each, without a header."""
    lines = files(__package__).joinpath("naf_rev2.csv").read_text(encoding="utf-8").splitlines()
    return "\n".join(lines[1:])


def classes_rev2() -> list[tuple[str, str]]:
    """Code (``62.01Z``) and name of every class of NAF rev. 2, whose file writes ``6201Z``."""
    lines = csv.reader(labels_rev2().splitlines(), delimiter=";")
    return [(f"{code[:2]}.{code[2:]}", label.strip()) for code, _, label in lines if len(code) == len("6201Z")]
