import random

import numpy as np
import pytest

from sf_spark.ml.dataset import NEVER, Dataset
from sf_spark.ml.split import (
    Part,
    Split,
    fold_of,
    fold_parts,
    has_matured,
    months_needed,
    rolling_parts,
    rolling_splits,
    sampled_months,
)

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


def rows(companies: int = 60, months: int = 40) -> Dataset:
    """Every company in every month, known up to the last month; company 3 fails in month 30, 7 is in proceedings."""
    siren = np.array([f"{k:09d}" for k in range(companies) for _ in range(months)])
    month = np.tile(np.arange(months), companies).astype(np.int32)
    ahead = np.where((siren == "000000003") & (month < 30), 30 - month, NEVER).astype(np.int16)
    ones = np.ones(len(siren), dtype=np.float32)
    in_procedure = siren == "000000007"
    return Dataset(("a",), siren, month, ahead, (39 - month).astype(np.int16), ones[:, None], ones, in_procedure)


SPLIT = Split(20, (0, 3, 6), (20, 21))


def parts(protocol: str, wait: int = 12) -> list[Part]:
    return list(rolling_parts(rows(), [SPLIT], range(0, 40, 3), horizon=12, wait=wait, protocol=protocol, seed=1))


def test_an_origin_learns_what_had_matured_and_is_tested_on_its_window():
    (part,) = parts("new_failures")
    assert set(part.past.month) == {0, 3, 6}
    assert set(part.test.month) == {20, 21}
    assert "000000007" not in {*part.past.siren, *part.test.siren}
    assert part.test.target(12).sum() == 2  # company 3, 10 and 9 months before
    assert part.past.target(12).sum() == 0  # unknown at month 20: it fails in month 30


def test_a_hazard_model_learns_from_months_that_have_not_matured():
    (part,) = parts("new_failures", wait=6)
    assert set(part.past.month) == {0, 3, 6, 9, 12}
    assert part.past.seen.max() == 20 and (part.past.seen == 20 - part.past.month).all()


def test_companies_in_proceedings_are_kept_as_failures_on_request():
    (part,) = parts("proceedings")
    in_procedure = part.test.siren == "000000007"
    assert in_procedure.sum() == 2 and part.test.target(12)[in_procedure].all()
    assert part.past.target(12)[part.past.siren == "000000007"].all()


def test_disjoint_parts_share_no_company_and_every_calibration_fold_keeps_some():
    (part,) = parts("disjoint")
    assert not set(part.past.siren) & set(part.test.siren)
    assert len(set(part.past.siren) | set(part.test.siren)) == 59
    folds = fold_of(part.past.siren, 3, seed=1)
    assert min(np.bincount(folds, minlength=3)) > len(folds) / 6  # one third of each fold is held out, not one fold


def test_random_parts_share_months_and_companies():
    (part,) = parts("random")
    assert set(part.past.month) == set(part.test.month) == {20, 21}
    assert len(set(part.past.siren) & set(part.test.siren)) > 10
    assert len(part.past) + len(part.test) == 2 * 59


def test_folds_without_a_time_hold_each_row_once_and_no_company_twice():
    found = list(fold_parts(rows(), 3, seed=1))
    assert sum(len(part.test) for part in found) == len(rows())
    assert not any(set(part.past.siren) & set(part.test.siren) for part in found)


def test_known_at_forgets_what_came_later():
    known = rows().known_at(25)
    assert known.month.max() == 25 and (known.seen == 25 - known.month).all()
    assert (known.ahead == NEVER).all()
    later = rows().known_at(35)
    failing = (later.siren == "000000003") & (later.month < 30)
    assert (later.ahead[failing] == 30 - later.month[failing]).all()
