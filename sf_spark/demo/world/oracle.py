"""The true hazard of failing of each company, month by month, known to the generator only: a ceiling for models.

It is the exact hazard from health. A model that reads debts may predict single failures better, because debts of
companies that are about to fail are drawn from the failure itself.
"""

from collections.abc import Iterator

import numpy as np

from sf_spark.demo.world.arrays import FloatArray
from sf_spark.demo.world.health import draw_climate, sensitivity
from sf_spark.demo.world.plan import DemoPlan, Timeline
from sf_spark.demo.world.population import BLOCK_SIZE, draw_population


def monthly_hazards(plan: DemoPlan) -> Iterator[tuple[list[str], int, FloatArray]]:
    """Yield, block by block: SIRENs, month index (12 x year + month - 1) of column 0, [company, month] hazards."""
    timeline = Timeline.of(plan)
    climate = draw_climate(plan, timeline)
    for block in range(-(-plan.entreprises // BLOCK_SIZE)):
        population = draw_population(plan, timeline, climate, block)
        companies = population.companies
        felt = sensitivity(companies.created_month, companies.taille, population.health.shape[1])
        hazard = climate.hazard(population.health, felt) + climate.unforeseen
        yield companies.siren, timeline.first_month, np.asarray(hazard[:, : timeline.months], dtype=np.float64)
