"""The legal form of a company in words. Pure Columns.

Facts: nomenclature of legal categories (INSEE, July 2022), second level, in ``legal_forms.csv`` beside this module.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pyspark.sql import Column
from pyspark.sql import functions as F


def legal_form(category: Column) -> Column:
    """Name a legal form.

    Args:
        category: Code of the third level (``5710``), of which the first two digits count.

    Returns:
        Its name in French: ``Société par actions simplifiée``; null for an unknown code.
    """
    pairs = (F.lit(text) for pair in _labels().items() for text in pair)
    return F.try_element_at(F.create_map(*pairs), F.substring(category, 1, 2))


@cache
def _labels() -> Mapping[str, str]:
    text = files(__package__).joinpath("legal_forms.csv").read_text(encoding="utf-8")
    return {row["code"]: row["libelle"] for row in csv.DictReader(text.splitlines(), delimiter=";")}
