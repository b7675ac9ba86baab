import numpy as np

from sf_spark.demo.world.oracle import monthly_hazards
from sf_spark.demo.world.plan import DemoPlan, Timeline

PLAN = DemoPlan(entreprises=600, annees=4, seed=5, failure_rate=0.1)


def test_the_oracle_knows_every_company_and_ranks_those_that_fail():
    blocks = list(monthly_hazards(PLAN))
    assert sum(len(sirens) for sirens, _, _ in blocks) == 600
    timeline = Timeline.of(PLAN)
    assert {first for _, first, _ in blocks} == {timeline.first_month}
    hazard = np.vstack([block for _, _, block in blocks])
    assert hazard.shape == (600, timeline.months)
    assert (hazard > 0).all() and hazard.max() < 0.2
    assert 0.05 < 12 * hazard.mean() < 0.2  # about the rate of the plan: those that have failed are still there
