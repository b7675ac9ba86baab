"""The waterfall adds up: as computed, and as readers see it."""

from itertools import pairwise

import pytest

from sf_spark.publication.report.waterfall import Step, steps


def test_the_waterfall_starts_at_zero_and_ends_at_the_score() -> None:
    row = {"points_base": 10.0, "points": {"effectif": 2.0, "dette_urssaf": 30.0, "secteur": -4.0, "demographie": 0.0}}
    assert steps(row | {"score": 10 + 2 + 30 - 4}) == [
        Step("Entreprise moyenne", 10.0, 0.0, 10.0),
        Step("Dettes sociales", 30.0, 10.0, 10 + 30),
        Step("Effectif", 2.0, 40.0, 40 + 2),
        Step("Secteur d'activité", -4.0, 42.0, 42 - 4),
    ]
    hidden = steps(row | {"points": [("effectif", 2.0)], "score": 38.0})  # Arrow gives a map as pairs
    assert hidden[1:] == [
        Step("Effectif", 2.0, 10.0, 10 + 2),
        Step("Thèmes non visibles", 38.0 - 12.0, 12.0, 38.0),
    ]
    assert steps({"points": {}, "points_base": 1.0}) == steps(row | {"score": None}) == []


def test_the_last_bar_ends_at_the_score_whatever_additions_lose() -> None:
    score = 88.35000000000001  # shown as 88.4; 12 + 64.75 + 11.6 is a little less, and alone would be shown as 88.3
    found = steps({"points_base": 12.0, "points": {"dette_urssaf": 64.75, "effectif": 11.6}, "score": score})
    assert score > 12.0 + 64.75 + 11.6
    assert (found[-1].end, len(found)) == (88.4, 3)


SMALL = {"demographie": 0.03, "effectif": 0.04, "secteur": 0.04}


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # 2.04, 2.04 + 5.04 = 7.08, then + 0.11 = 7.19: the small themes move the total together.
        ({"dette_urssaf": 5.04, **SMALL}, [2.0, 7.1 - 2.0, 7.2 - 7.1]),
        # 2.04, 7.04, then + 0.04 - 0.03 = 7.05 - 0.0..: they move nothing.
        ({"dette_urssaf": 4.96, "effectif": 0.04, "secteur": -0.04}, [2.0, 7.0 - 2.0]),
        # 2.04, 2.04 + 0.36 = 2.40, 2.40 - 0.26 = 2.14
        ({"dette_urssaf": 0.36, "secteur": -0.26}, [2.0, 2.4 - 2.0, 2.1 - 2.4]),
    ],
)
def test_displayed_points_add_up_to_the_displayed_score(points: dict[str, float], expected: list[float]) -> None:
    score = 2.04 + sum(points.values())
    found = steps({"points_base": 2.04, "points": points, "score": score})
    assert [step.points for step in found] == pytest.approx(expected)
    assert all(before.end == after.start for before, after in pairwise(found))
    assert [step.points for step in found] == [round(step.end - step.start, 1) for step in found]
    assert found[-1].end == round(score, 1)
    assert {step.label for step in found} <= {"Entreprise moyenne", "Dettes sociales", "Secteur d'activité", "Autres"}
