import numpy as np
import pytest

from sf_spark.errors import SfSparkError
from sf_spark.ml.leak import check_model, check_signals, signal_scores

NAMES = ("dette", "effectif", "fuite")


@pytest.fixture(scope="module")
def rows():
    """2 000 companies, 6 % failures that follow the debt (area under the curve about 0.75)."""
    draw = np.random.default_rng(4)
    values = draw.normal(size=(2000, 3)).astype(np.float32)
    target = (draw.random(2000) < 1 / (1 + np.exp(3.2 - values[:, 0]))).astype(np.int8)
    values[draw.random(2000) < 0.2, 1] = np.nan
    return values, target, np.arange(2000) % 2 == 0, draw


def alarm(rows, planted, bounds, measures=None):
    values, target, half, _ = rows
    values = values.copy()
    values[:, 2] = planted
    check_signals(signal_scores(NAMES, values, target, half), measures or {}, bounds)


def test_honest_signals_ring_nothing(rows, rules):
    alarm(rows, rows[0][:, 2], rules.leak)


def test_a_signal_equal_to_the_label_is_named(rows, rules):
    with pytest.raises(SfSparkError, match=r"leak alarm: 1 signal alone.*fuite \(1.000\)"):
        alarm(rows, rows[1], rules.leak)


def test_a_signal_that_falls_or_is_unknown_where_companies_fail_is_named(rows, rules):
    with pytest.raises(SfSparkError, match="fuite"):
        alarm(rows, -5 * rows[1], rules.leak)
    with pytest.raises(SfSparkError, match="fuite"):
        alarm(rows, np.where(rows[1] == 1, np.nan, 1.0), rules.leak)


def test_the_label_with_noise_is_named(rows, rules):
    target, draw = rows[1], rows[3]
    with pytest.raises(SfSparkError, match="fuite"):
        alarm(rows, target + draw.normal(scale=0.4, size=2000), rules.leak)


def test_the_label_with_more_noise_is_named_for_leading_every_other_measure(rows, rules):
    values, target, half, _ = rows
    flipped = np.where(np.random.default_rng(9).random(2000) < 0.12, 1 - target, target)
    honest = values.copy()
    honest[:, 0] = np.random.default_rng(8).normal(size=2000)
    with pytest.raises(SfSparkError, match=r"fuite \(0.\d+\) alone reaches .*above that of the best signal of another"):
        alarm((honest, target, half, None), flipped, rules.leak)


def test_signals_of_one_measure_do_not_hide_each_other(rows, rules):
    values, target, half, _ = rows
    flipped = np.where(np.random.default_rng(9).random(2000) < 0.12, 1 - target, target)
    both = values.copy()
    both[:, 0] = np.random.default_rng(8).normal(size=2000)
    both[:, 1] = flipped
    measures = {"effectif": "fuite", "fuite": "fuite", "dette": "dette"}
    with pytest.raises(SfSparkError, match="above that of the best signal of another measure"):
        alarm((both, target, half, None), flipped, rules.leak, measures)


def test_two_leaks_do_not_excuse_one_another(rows, rules):
    values, target, half, _ = rows
    draw = np.random.default_rng(9)
    flipped, again = (np.where(draw.random(2000) < 0.12, 1 - target, target) for _ in range(2))
    both = draw.normal(size=values.shape)
    both[:, 0] = again
    with pytest.raises(SfSparkError, match=r"dette .*, fuite .* alone reach an area"):
        alarm((both, target, half, None), flipped, rules.leak)


def test_bounds_are_settings(rows, rules):
    alarm(rows, rows[1], rules.leak.model_copy(update={"signal_auc": 1.0, "lead": 1.0}))


def test_a_whole_model_that_is_too_good_is_named(rules):
    check_model("trees", {"roc_auc": 0.97, "average_precision": 0.8}, rules.leak)
    with pytest.raises(SfSparkError, match="trees reaches roc_auc 0.995"):
        check_model("trees", {"roc_auc": 0.995}, rules.leak)
    with pytest.raises(SfSparkError, match="trees reaches average_precision 0.970"):
        check_model("trees", {"roc_auc": 0.9, "average_precision": 0.97}, rules.leak)
