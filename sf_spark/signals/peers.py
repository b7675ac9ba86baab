"""Comparison with the companies of the same section (and size) at the same month.

Means are computed in whole millionths, and positions from counts in fixed brackets, so neither depends on the order of
rows or on their distribution over workers.

    position      companies in lower brackets, and half of those in the same one, over all: 0 lowest, 1 highest
"""

import numpy as np

from sf_spark.domain.naf import MOST_SECTIONS

FEWEST = 20  # a smaller sector says more about its members than about the economy
MILLIONTHS = 1_000_000
SIZES = (20, 50, 250)  # employees: brackets of company size
SECTIONS = MOST_SECTIONS + 1  # codes 1 (A) to 22 (V), of either nomenclature: a panel has one
GROUPS = SECTIONS * (len(SIZES) + 1)
_STEPS = (1, 1.6, 2.5, 4, 6.3)
_POSITIVE = tuple(step * 10.0**power for power in range(-2, 8) for step in _STEPS)
EDGES = (
    *(-edge for edge in reversed(_POSITIVE)),
    0.0,
    *_POSITIVE,
)  # the bracket of a value is the number of edges not above it
BRACKETS = len(EDGES) + 1


def group_of(section_code: np.ndarray, effectif: np.ndarray, by_size: bool) -> np.ndarray:
    """The group of each company (int), -1 where it has none: section, or section and size."""
    known = ~np.isnan(section_code) & (~np.isnan(effectif) if by_size else True)
    sections = np.where(known, section_code, 0).astype(np.int64)
    sizes = np.searchsorted(SIZES, np.where(known, effectif, 0), side="right") if by_size else 0
    return np.where(known, sections * (len(SIZES) + 1) + sizes, -1)


def bracket_of(values: np.ndarray) -> np.ndarray:
    """The bracket of each value: the number of edges not above it."""
    return np.searchsorted(EDGES, values, side="right")


def millionths_of(values: np.ndarray) -> np.ndarray:
    """Values in whole millionths, half up, as int64."""
    return np.floor(values * MILLIONTHS + 0.5).astype(np.int64)
