import numpy as np
import pytest

from sf_spark.ml.metrics import Ranking, calibration_error, capacity_figures, figures, lead_time

TARGET = np.array([1, 0, 1, 0, 0, 0, 0, 1])
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
LEVEL = np.array(["fort", "fort", "modere", "modere", "aucun", "aucun", "aucun", "aucun"], dtype=object)
SIREN = np.array(list("aabbccdd"))
ONES = np.ones(8)


def test_figures_of_a_hand_made_list():
    squares = (0.1**2 + 0.8**2 + 0.3**2 + 0.6**2) + (0.4**2 + 0.3**2 + 0.2**2 + 0.9**2)
    gaps = (0.1 + 0.8 + 0.3 + 0.6) + (0.4 + 0.3 + 0.2 + 0.9)  # eight rows are eight groups
    assert figures(TARGET, PROBABILITY, LEVEL, ONES, SIREN) == {
        "rows": 8,
        "companies": 4,
        "failures": 3,
        "failing_companies": 3,
        "base_rate": pytest.approx(3 / 8),
        "brier": pytest.approx(squares / 8),
        "calibration_error": pytest.approx(gaps / 8),
        "calibration_ratio": pytest.approx(4.0 / 3),
        "average_precision": pytest.approx((1 / 1 + 2 / 3 + 3 / 8) / 3),
        "roc_auc": pytest.approx((5 + 4 + 0) / (3 * 5)),  # non-failures ranked below each failure
        "alerts_fort": 2,
        "alert_share_fort": 2 / 8,
        "precision_fort": pytest.approx(1 / 2),
        "recall_fort": pytest.approx(1 / 3),
        "f05_fort": pytest.approx(1.25 * (1 / 2) * (1 / 3) / (0.25 * (1 / 2) + 1 / 3)),
        "alerts_modere": 4,
        "alert_share_modere": 4 / 8,
        "precision_modere": pytest.approx(2 / 4),
        "recall_modere": pytest.approx(2 / 3),
        "f2_modere": pytest.approx(5 * (2 / 4) * (2 / 3) / (4 * (2 / 4) + 2 / 3)),
    }


def test_a_row_counts_for_the_rows_that_it_stands_for():
    weight = np.array([1, 3, 1, 2, 1, 4, 1, 1])
    rows = np.repeat(np.arange(8), weight)
    weighed = figures(TARGET, PROBABILITY, LEVEL, weight.astype(float), SIREN)
    counted = figures(TARGET[rows], PROBABILITY[rows], LEVEL[rows], np.ones(len(rows)), SIREN[rows])
    for name in ("base_rate", "brier", "average_precision", "roc_auc", "precision_modere", "alert_share_fort"):
        assert weighed[name] == pytest.approx(counted[name]), name


def test_an_undefined_figure_is_absent():
    nobody = np.full(8, "aucun", dtype=object)
    without_failure = figures(np.zeros(8, dtype=int), PROBABILITY, nobody, ONES, SIREN)
    for name in ("average_precision", "roc_auc", "precision_fort", "recall_fort", "f05_fort", "calibration_ratio"):
        assert name not in without_failure
    assert without_failure["base_rate"] == 0
    without_alert = figures(TARGET, PROBABILITY, nobody, ONES, SIREN)
    assert "precision_fort" not in without_alert
    assert without_alert["recall_fort"] == 0


def test_capacities_are_lists_of_a_month():
    """Two months of 150 companies, 3 failures each: in the first all are on top, in the second none is."""
    month = np.repeat([1, 2], 150)
    probability = np.tile(np.linspace(1, 0, 150), 2)
    target = np.zeros(300, dtype=int)
    target[:3] = target[-3:] = 1
    found = capacity_figures(target, probability, month, np.ones(300))
    assert found == {
        "precision_at_100": pytest.approx(3 / 200),
        "recall_at_100": pytest.approx(3 / 6),
        "lift_at_100": pytest.approx((3 / 200) / (6 / 300)),
    }
    drawn = capacity_figures(target, probability, month, np.full(300, 4.0))
    assert drawn["precision_at_500"] == pytest.approx(12 / 1000) and "precision_at_1000" not in drawn


def test_lead_time_counts_from_the_first_alert_of_each_company():
    target, alert = np.array([1, 1, 1, 0, 1]), np.array([True, True, False, True, True])
    ahead, siren = np.array([9, 6, 17, 99, 2]), np.array(["a", "a", "a", "b", "c"])
    assert lead_time(target, alert, ahead, siren) == {"lead_time_months": (9 + 2) / 2}
    assert lead_time(target, np.zeros(5, dtype=bool), ahead, siren) == {}


def test_calibration_error_is_zero_where_groups_hold_what_they_say():
    probability = np.repeat([0.25, 0.75], 20)
    target = np.array([1, 0, 0, 0] * 5 + [1, 1, 1, 0] * 5)
    assert calibration_error(target, probability, np.ones(40)) == pytest.approx(0)
    assert calibration_error(target, 1 - probability, np.ones(40)) == pytest.approx(0.5)


def test_ranking_figures_are_undefined_without_both_classes():
    ranking = Ranking.of(np.array([0, 0, 0]), np.array([0.1, 0.2, 0.3]))
    assert np.isnan(ranking.average_precision(np.ones(3))) and np.isnan(ranking.roc_auc(np.ones(3)))
    assert np.isnan(Ranking.of(np.array([1, 1]), np.array([0.1, 0.2])).roc_auc(np.ones(2)))
    nothing = np.empty(0)
    assert figures(nothing, nothing, nothing, nothing, nothing) == {
        "rows": 0,
        "companies": 0,
        "failures": 0,
        "failing_companies": 0,
    }
