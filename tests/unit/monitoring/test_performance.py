"""What a list found and missed."""

import numpy as np
import pandas as pd
import pytest

from sf_spark.monitoring.performance import performance
from sf_spark.monitoring.warnings import of_churn, of_coverage, of_drift, of_performance, of_run_times


def outcomes(*groups: tuple[int, str | None, int, float, float]) -> pd.DataFrame:
    """Groups of companies: how many, level, failed or not, probability, months ahead."""
    rows = [group[1:] for group in groups for _ in range(group[0])]
    frame = pd.DataFrame(rows, columns=["level", "target", "probability", "months_ahead"])
    return frame.assign(siren=[f"{rank:09d}" for rank in range(len(frame))])


LIST = outcomes(
    (10, "fort", 1, 0.6, 4.0), (10, "fort", 0, 0.6, np.nan), (20, "modere", 1, 0.2, 9.0), (60, "modere", 0, 0.2, 30.0),
    (30, None, 1, 0.05, 12.0),
)  # fmt: skip


def test_found_and_missed_at_or_above_a_level() -> None:
    modere, fort = (performance(LIST, level, 1, 200) for level in ("modere", "fort"))
    assert (modere["alerts"], modere["found"], modere["missed"]) == (100, 30, 30)
    assert (modere["precision"], modere["recall"]) == (30 / 100, 30 / 60)
    assert modere["promised"] == pytest.approx((20 * 0.6 + 80 * 0.2) / 100)
    assert modere["lead_months"] == 9.0
    assert (fort["alerts"], fort["found"], fort["missed"], fort["lead_months"]) == (20, 10, 50, 4.0)
    for figures in (modere, fort):
        for name in ("precision", "recall"):
            assert figures[f"{name}_low"] < figures[name] < figures[f"{name}_high"]
    # The middle 90 % of a share of 100 rows is about 1.645 standard errors to either side.
    error = 1.645 * (0.3 * 0.7 / 100) ** 0.5
    assert modere["precision_high"] - modere["precision_low"] == pytest.approx(2 * error, rel=0.25)


def test_what_is_undefined_is_null() -> None:
    nothing = performance(outcomes((5, None, 1, 0.1, 3.0)), "modere", 1, 50)
    assert (nothing["alerts"], nothing["precision"], nothing["promised"], nothing["lead_months"]) == (
        0,
        None,
        None,
        None,
    )
    assert nothing["recall"] == 0.0
    no_failure = performance(outcomes((5, "fort", 0, 0.1, np.nan)), "fort", 1, 50)
    assert (no_failure["precision"], no_failure["recall"], no_failure["recall_low"]) == (0.0, None, None)


def test_a_list_that_was_right_less_often_than_it_said_is_named() -> None:
    promised = {"list": "detection-2025-01", "level": "modere", "promised": 0.5}
    bad = {**promised, "precision": 0.3, "precision_high": 0.4}
    chance = {**promised, "precision": 0.3, "precision_high": 0.6}
    unknown = {**promised, "precision": None, "precision_high": None, "promised": None}
    (found,) = of_performance([bad, chance, unknown, {**bad, "precision": 0.45}], 0.1)
    assert found.subject == "detection-2025-01 modere"
    assert found.message == ("detection-2025-01 (modere) : 30,0 % de défaillances parmi les alertes, 50,0 % annoncées")


def test_other_thresholds() -> None:
    psi = (("a", 0.3), ("b", 0.5), ("c", 0.25), ("d", float("nan")))
    moved = [{"name": name, "kind": "signal", "psi": value} for name, value in psi]
    moved.append({"name": "secteur_part_endettee", "kind": "sector", "psi": 7.0})  # one value a sector: no index
    assert [each.subject for each in of_drift(moved, 0.25)] == ["b", "a"]
    known = [("x", 0.5, 0.9), ("y", 0.7, 0.9), ("z", 0.1, None)]
    rows = [{"measure": m, "source": "s", "known": now, "known_year_ago": then} for m, now, then in known]
    assert [each.subject for each in of_coverage(rows, 0.3)] == ["x"]
    churn = [{"list": name, "churn": value} for name, value in (("a", 0.21), ("b", 0.2), ("c", None))]
    assert [each.subject for each in of_churn(churn, 0.2)] == ["a"]
    runs = [{"job": job, "seconds": s, "median_seconds": 10.0} for job, s in (("ingest", 21.0), ("train", 20.0))]
    assert [each.message for each in of_run_times(runs, 2)] == ["ingest a duré 21 s, contre 10 s d'habitude"]
