import numpy as np
import pytest

from sf_spark.ml.metrics import average_precision_interval, figures

TARGET = np.array([1, 0, 1, 0, 0, 0, 0, 1])
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
LEVEL = np.array(["fort", "fort", "modere", "modere", "aucun", "aucun", "aucun", "aucun"], dtype=object)


def test_figures_of_a_hand_made_list():
    result = figures(TARGET, PROBABILITY, LEVEL)
    squares = (0.1**2 + 0.8**2 + 0.3**2 + 0.6**2) + (0.4**2 + 0.3**2 + 0.2**2 + 0.9**2)
    assert result == {
        "rows": 8,
        "failures": 3,
        "base_rate": pytest.approx(3 / 8),
        "brier": pytest.approx(squares / 8),
        "average_precision": pytest.approx((1 / 1 + 2 / 3 + 3 / 8) / 3),
        "roc_auc": pytest.approx((5 + 4 + 0) / (3 * 5)),  # non-failures ranked below each failure
        "alerts_fort": 2,
        "precision_fort": pytest.approx(1 / 2),
        "recall_fort": pytest.approx(1 / 3),
        "f05_fort": pytest.approx(1.25 * (1 / 2) * (1 / 3) / (0.25 * (1 / 2) + 1 / 3)),
        "alerts_modere": 4,
        "precision_modere": pytest.approx(2 / 4),
        "recall_modere": pytest.approx(2 / 3),
        "f2_modere": pytest.approx(5 * (2 / 4) * (2 / 3) / (4 * (2 / 4) + 2 / 3)),
    }


def test_an_undefined_figure_is_absent():
    nobody = np.full(8, "aucun", dtype=object)
    without_failure = figures(np.zeros(8, dtype=int), PROBABILITY, nobody)
    for name in ("average_precision", "roc_auc", "precision_fort", "recall_fort", "f05_fort", "f2_modere"):
        assert name not in without_failure
    assert without_failure["base_rate"] == 0
    without_alert = figures(TARGET, PROBABILITY, nobody)
    assert "precision_fort" not in without_alert
    assert without_alert["recall_fort"] == 0
    assert without_alert["f05_fort"] == 0


def test_interval_draws_companies_not_rows():
    draw = np.random.default_rng(0)
    probability = draw.random(300)
    target = (draw.random(300) < probability**3).astype(int)
    alone = np.array([f"{k:09d}" for k in range(300)])
    single = average_precision_interval(target, probability, alone, seed=1)
    # The same company five times over tells nothing more: the interval must not shrink.
    five = [np.tile(each, 5) for each in (target, probability, alone)]
    repeated = average_precision_interval(*five, seed=1)
    assert repeated == pytest.approx(single)
    rows = [f"{k:09d}" for k in range(1500)]
    narrow = average_precision_interval(five[0], five[1], np.array(rows), seed=1)
    width = {name: each["average_precision_high"] - each["average_precision_low"] for name, each in
             {"single": single, "narrow": narrow}.items()}  # fmt: skip
    assert width["narrow"] < 0.7 * width["single"]


def test_interval_holds_the_figure_and_repeats():
    draw = np.random.default_rng(5)
    probability = draw.random(400)
    target = (draw.random(400) < probability).astype(int)
    siren = np.array([f"{k % 200:09d}" for k in range(400)])
    first = average_precision_interval(target, probability, siren, seed=3)
    value = figures(target, probability, np.full(400, "aucun", dtype=object))["average_precision"]
    assert first["average_precision_low"] < value < first["average_precision_high"]
    assert average_precision_interval(target, probability, siren, seed=3) == first
