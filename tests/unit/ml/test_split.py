import random

import numpy as np
import pytest

from sf_spark.ml.split import Split, fold_of, has_matured, months_needed, rolling_splits, sampled_months, split_masks

JANUARY_2024 = 2024 * 12


def test_worked_example_of_the_module():
    splits = rolling_splits(
        first=2020 * 12, last=JANUARY_2024 + 2, horizon=18, test_months=3, origins=1, spacing=6, step=1
    )
    july_2022 = 2022 * 12 + 6
    assert splits == [
        Split(JANUARY_2024, tuple(range(2020 * 12, july_2022 + 1)), (JANUARY_2024, JANUARY_2024 + 1, JANUARY_2024 + 2))
    ]


def test_a_label_matures_when_its_whole_horizon_has_elapsed():
    assert not has_matured(month=100, horizon=12, at=111)
    assert has_matured(month=100, horizon=12, at=112)


def test_sampled_months_count_back_from_the_freshest():
    assert sampled_months(0, 10, 3) == (1, 4, 7, 10)
    assert sampled_months(5, 5, 3) == (5,)
    assert sampled_months(6, 5, 3) == ()


def test_origins_are_oldest_first_and_one_without_a_past_is_left_out():
    splits = rolling_splits(first=0, last=30, horizon=12, test_months=1, origins=4, spacing=6, step=1)
    # Origins 30, 24, 18, 12 learn up to 18, 12, 6, 0; one more at 6 would have nothing.
    assert [(split.origin, split.train_months[-1]) for split in splits] == [(12, 0), (18, 6), (24, 12), (30, 18)]
    more = rolling_splits(first=0, last=30, horizon=12, test_months=1, origins=5, spacing=6, step=1)
    assert more == splits


@pytest.mark.parametrize("seed", range(200))
def test_nothing_learned_at_an_origin_was_unknown_there(seed):
    draw = random.Random(seed)
    first, horizon, step = draw.randint(0, 50), draw.randint(1, 24), draw.randint(1, 6)
    last, test_months = first + draw.randint(0, 100), draw.randint(1, 6)
    splits = rolling_splits(first, last, horizon, test_months, draw.randint(1, 5), draw.randint(1, 12), step)
    for split in splits:
        assert all(month + horizon <= split.origin for month in split.train_months)
        assert min(split.test_months) - max(split.train_months) >= horizon
        assert min(split.test_months) == split.origin
        assert max(split.test_months) <= last
        assert min(split.train_months) >= first
        assert {b - a for a, b in zip(split.train_months, split.train_months[1:], strict=False)} <= {step}


def test_months_needed_are_those_of_origins_and_final_model_once_each():
    splits = [Split(20, (1, 4), (20, 21)), Split(24, (1, 4, 7), (24,))]
    assert months_needed(splits, (7, 10)) == [1, 4, 7, 10, 20, 21, 24]


def test_all_rows_of_a_company_share_a_fold_whatever_the_other_rows_are():
    siren = np.array([f"{k % 50:09d}" for k in range(400)])
    folds = fold_of(siren, 3, seed=7)
    assert set(folds) == {0, 1, 2}
    for company in np.unique(siren):
        assert len(set(folds[siren == company])) == 1
    order = np.random.default_rng(0).permutation(400)[:150]
    assert (fold_of(siren[order], 3, seed=7) == folds[order]).all()
    assert (fold_of(siren, 3, seed=8) != folds).any()


def test_disjoint_masks_share_no_company_and_split_the_others_by_month_only():
    siren = np.array([f"{k % 60:09d}" for k in range(600)])
    month = np.arange(600) // 60
    split = Split(8, (0, 3), (8, 9))
    train, test = split_masks(split, siren, month, disjoint=False, seed=1)
    assert set(month[train]) == {0, 3} and train.sum() == 2 * 60
    assert set(month[test]) == {8, 9} and test.sum() == 2 * 60
    train, test = split_masks(split, siren, month, disjoint=True, seed=1)
    assert set(month[train]) == {0, 3} and set(month[test]) == {8, 9}
    assert not set(siren[train]) & set(siren[test])
    assert len(set(siren[train]) | set(siren[test])) == 60
