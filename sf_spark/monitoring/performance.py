"""The failures that a list found and missed, once its horizon has elapsed. Pure.

list of 100, 30 of which failed within the horizon; 60 failed among the companies that were scored
found 30, missed 30, precision 30/100, recall 30/60
"""

from typing import Any

import numpy as np
import pandas as pd

from sf_spark.ml.bootstrap import share
from sf_spark.publication.list_columns import LEVELS


def performance(rows: pd.DataFrame, level: str, seed: int, resamples: int) -> dict[str, Any]:
    """The figures of one list at or above a level.

    Args:
        rows: One a company that is on the list or failed: ``siren``, ``level`` (null: not on the list), ``target``
            (0 or 1), ``probability``, ``months_ahead`` (between the month and the opening; null: no opening).
        level: ``modere`` or ``fort``.
        seed: Seed of the draws of companies.
        resamples: Number of draws.

    Returns:
        ``alerts, found, missed``, ``precision`` and ``recall`` with the middle 90 %, ``promised`` (mean probability of
        the alerts) and ``lead_months`` (median of the found); null where undefined.
    """
    alert = rows["level"].isin(LEVELS[LEVELS.index(level) :]).to_numpy()
    target, siren = rows["target"].to_numpy(dtype=np.float64), rows["siren"].to_numpy()
    precision = share(target * alert, alert, siren, seed, resamples)
    recall = share(target * alert, target, siren, seed, resamples)
    found = alert & (target == 1)
    ahead = rows["months_ahead"].to_numpy(dtype=np.float64)[found]
    figures = {
        "alerts": int(alert.sum()),
        "found": int(found.sum()),
        "missed": int(target.sum() - found.sum()),
        "promised": float(rows["probability"].to_numpy(dtype=np.float64)[alert].mean()) if alert.any() else None,
        "lead_months": float(np.median(ahead)) if len(ahead) else None,
    }
    for name, interval in (("precision", precision), ("recall", recall)):
        values = {"": interval.value, "_low": interval.low, "_high": interval.high}
        figures |= {name + end: None if np.isnan(value) else value for end, value in values.items()}
    return figures
