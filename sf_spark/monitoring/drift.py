"""Whether signals and scores still look like those of the training months: the population stability index. Pure.

The values of the training months are cut into ten groups of equal size; unknown values make a group of their own. The
index sums (share now - share then) x log(share now / share then) over the groups: below 0.1 nothing moved, above 0.25
the months have little in common (Siddiqi, Credit Risk Scorecards, 2006).
"""

from collections.abc import Sequence

import numpy as np

GROUPS = 10
_LEAST = 1e-4  # smallest share: an empty group would have no bound


def stability(then: np.ndarray, now: np.ndarray, groups: int = GROUPS) -> float:
    """The population stability index of one column.

    Args:
        then: Values of the training months; NaN is unknown.
        now: Values of the month.
        groups: Number of groups that the known values are cut into.

    Returns:
        0 or more; NaN where one side has no row.
    """
    if not len(then) or not len(now):
        return float("nan")
    edges = _edges(then[~np.isnan(then)], groups)
    before, after = (np.maximum(_shares(values, edges), _LEAST) for values in (then, now))
    return float(np.sum((after - before) * np.log(after / before)))


def stabilities(names: Sequence[str], then: np.ndarray, now: np.ndarray) -> dict[str, dict[str, float]]:
    """For each column ``psi``, and its mean and known share in the training months and now.

    Args:
        names: Names of the columns.
        then: Rows x columns.
        now: Rows x columns.
    """
    found = {}
    for rank, name in enumerate(names):
        before, after = then[:, rank].astype(np.float64), now[:, rank].astype(np.float64)
        figures = {"psi": stability(before, after)}
        for when, values in (("training", before), ("now", after)):
            known = values[~np.isnan(values)]
            figures[f"mean_{when}"] = float(known.mean()) if len(known) else float("nan")
            figures[f"known_{when}"] = len(known) / len(values) if len(values) else float("nan")
        found[name] = figures
    return found


def _edges(known: np.ndarray, groups: int) -> np.ndarray:
    """Upper edges of all groups but the last; values that many rows share make one group."""
    if not len(known):
        return np.empty(0)
    return np.unique(np.quantile(known, np.arange(1, groups) / groups, method="lower"))


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of the rows in each group; the last one is of the unknown."""
    unknown = np.isnan(values)
    group = np.where(unknown, len(edges) + 1, np.searchsorted(edges, np.where(unknown, 0, values), side="left"))
    return np.bincount(group, minlength=len(edges) + 2) / len(values)
