"""Place and size of a company: department, region, size class. Pure Columns.

Facts: departments and regions of France on the 1st of January 2024 and the regions of before 2016 (Code officiel
géographique), INSEE open data, in ``departements.csv`` beside this module.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pyspark.sql import Column
from pyspark.sql import functions as F

# The overseas departments and collectivities with a code of this form, those in no region included.
OVERSEAS = ("971", "972", "973", "974", "975", "976", "977", "978")
OVERSEAS_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Outre-mer": OVERSEAS,
    "Antilles": ("971", "972", "977", "978"),
    "Antilles-Guyane": ("971", "972", "973", "977", "978"),
    "Océan Indien": ("974", "976"),
}

# Lower bound of each size class, in employees: 10, 50 and 250 are the European limits of small, medium and large.
_SIZES = ((250, "250+"), (100, "100-249"), (50, "50-99"), (20, "20-49"), (10, "10-19"), (0, "0-9"))


def department_label(departement: Column) -> Column:
    """Name a department.

    Args:
        departement: Code: ``01``, ``2A``, ``974``.

    Returns:
        The name in French; null for an unknown code, and for the overseas collectivities (975, 977, ...), which INSEE
        keeps in a table of their own because they belong to no region.
    """
    return _lookup("libelle", departement)


def region_code(departement: Column) -> Column:
    """The INSEE code of the region of a department (``84``, ``01``); null where :func:`department_label` is null."""
    return _lookup("region", departement)


def region_label(departement: Column) -> Column:
    """The name of the region of a department; null where :func:`department_label` is null."""
    return _lookup("region_libelle", departement)


def size_class(effectif: Column) -> Column:
    """The size class of a headcount: ``0-9, 10-19, 20-49, 50-99, 100-249, 250+``; null where it is unknown."""
    return F.coalesce(*(F.when(effectif >= least, F.lit(name)) for least, name in _SIZES))


def regions() -> Mapping[str, str]:
    """The name of the region of each department, by the department's code."""
    return _columns("region_libelle")


def departments() -> frozenset[str]:
    """The codes of all departments, and of the overseas collectivities beside them."""
    return frozenset(_columns("libelle")) | frozenset(OVERSEAS)


@cache
def departments_of_regions() -> Mapping[str, frozenset[str]]:
    """The departments of each region of today, by its name."""
    return _grouped("region_libelle")


@cache
def departments_of_former_regions() -> Mapping[str, frozenset[str]]:
    """The departments of each region of before 2016, by its name."""
    return _grouped("ancienne_region_libelle")


def _grouped(value: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for departement, name in _columns(value).items():
        found.setdefault(name, set()).add(departement)
    return {name: frozenset(codes) for name, codes in found.items()}


def department_names() -> Mapping[str, str]:
    """The name of each department, by its code."""
    return _columns("libelle")


def _lookup(value: str, departement: Column) -> Column:
    """A column of the table as one constant map: no join, no shuffle."""
    pairs = (F.lit(text) for pair in _columns(value).items() for text in pair)
    return F.try_element_at(F.create_map(*pairs), departement)


@cache
def _columns(value: str) -> Mapping[str, str]:
    """Department to another column of the table."""
    text = files(__package__).joinpath("departements.csv").read_text(encoding="utf-8")
    return {row["departement"]: row[value] for row in csv.DictReader(text.splitlines(), delimiter=";")}
