"""Payment behaviour: how many days late a company pays its suppliers, month after month for those followed."""

import numpy as np

from sf_spark.demo.files.encodings import french_table, written
from sf_spark.demo.files.lines import LineVersions
from sf_spark.demo.world.arrays import IntArray
from sf_spark.demo.world.health import distress
from sf_spark.demo.world.population import Population

FOLLOWED_SHARE = 0.75  # share of companies that are followed; lower for small ones
_SMALL_FACTOR = 0.7
_MEASURED_SHARE = 0.9  # share of the months of a followed company with a measurement
_PUBLICATION_MONTHS = 1
_DAY_OF_VALUE = 14  # days after the 1st
_USUAL_DAYS = 8.0  # days late of half of the companies
_DAYS_IN_DISTRESS = 14.0  # on top, and late: suppliers are paid last
_LAG_MONTHS = 2
_NOISE_DAYS = 7.0  # a single month of payment behaviour says little
_LONGEST = 180


def paydex_lines(rng: np.random.Generator, population: Population) -> LineVersions:
    """Write a line a followed company and month of activity, known a month later."""
    companies, timeline = population.companies, population.timeline
    staff = np.add.reduceat(np.maximum(population.employed, 0), population.first_account, axis=0)
    share = FOLLOWED_SHARE * np.where(companies.taille < 10, _SMALL_FACTOR, 1.0)
    followed = rng.random(len(companies)) < share
    measured = (rng.random(staff.shape) < _MEASURED_SHARE) & (staff > 0) & followed[:, None]
    company, month = np.nonzero(measured)
    days = _days_late(rng, population)[company, month]
    first = timeline.batch_of_month(month + _PUBLICATION_MONTHS)
    dates = written(timeline.first_day(month) + _DAY_OF_VALUE, french_table())
    text = [
        f"{companies.siren[rank]};{late};{late} jours;{day}"
        for rank, late, day in zip(company.tolist(), days.tolist(), dates, strict=True)
    ]
    return LineVersions(text, first, np.full(len(first), timeline.deliveries))


def _days_late(rng: np.random.Generator, population: Population) -> IntArray:
    """[company, month]: a habit of its own, more in distress, and noise."""
    months = population.employed.shape[1]
    habit = _USUAL_DAYS * rng.lognormal(0.0, 0.8, (len(population.companies), 1))
    before = np.maximum(np.arange(months) - _LAG_MONTHS, 0)
    strained = _DAYS_IN_DISTRESS * distress(population.health[:, before])
    days = habit + strained + rng.normal(0.0, _NOISE_DAYS, (len(population.companies), months))
    return np.clip(np.rint(days), 0, _LONGEST).astype(np.int64)
