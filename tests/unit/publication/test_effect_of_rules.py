"""The effect of an expert rule on the alerts of past months."""

import numpy as np
import pandas as pd
import pytest

from sf_spark.steps.try_adjustments import effect

RULE = "dette_recente"


def moved(*groups: tuple[int, str, str, float]) -> pd.DataFrame:
    """Groups of companies: how many, level before, level after, failed or not (NaN: not known yet)."""
    rows = [group[1:] for group in groups for _ in range(group[0])]
    frame = pd.DataFrame(rows, columns=["before", RULE, "target"])
    return frame.assign(siren=[f"{rank:09d}" for rank in range(len(frame))])


PART = moved(
    (30, "modere", "modere", 0),
    (10, "modere", "modere", 1),
    (10, "modere", "aucun", 0),
    (20, "aucun", "modere", 1),
    (5, "modere", "fort", 1),
)


def test_companies_moved_and_precision_before_and_after() -> None:
    found = effect(PART, RULE, "modere", 1, 200)
    assert (found["moved_up"], found["moved_down"]) == (20, 10)
    assert (found["alerts_before"], found["alerts_after"]) == (55, 65)
    assert (found["found_before"], found["found_after"]) == (15, 35)
    assert (found["precision_before"], found["precision_after"]) == (pytest.approx(15 / 55), pytest.approx(35 / 65))
    for when in ("before", "after"):
        low, value, high = (found[f"precision_{when}{end}"] for end in ("_low", "", "_high"))
        assert low < value < high


def test_the_higher_level_alone() -> None:
    found = effect(PART, RULE, "fort", 1, 50)
    assert (found["moved_up"], found["moved_down"], found["alerts_before"], found["alerts_after"]) == (5, 0, 0, 5)
    assert (found["precision_before"], found["precision_after"]) == (None, 1.0)


def test_a_month_that_has_not_matured_has_counts_only() -> None:
    found = effect(moved((3, "aucun", "modere", np.nan)), RULE, "modere", 1, 50)
    assert (found["moved_up"], found["alerts_after"], found["found_after"], found["precision_after"]) == (
        3,
        3,
        None,
        None,
    )
    nothing = effect(PART[:0], RULE, "modere", 1, 50)
    assert (nothing["moved_up"], nothing["alerts_before"], nothing["precision_before"]) == (0, 0, None)
