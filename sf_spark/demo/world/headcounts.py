"""Headcounts: how many people each company employs, and each of its accounts."""

import numpy as np

from sf_spark.demo.world.arrays import FloatArray, IntArray
from sf_spark.demo.world.entreprises import Entreprises
from sf_spark.demo.world.etablissements import Comptes, Etablissements

ABSENT = -1  # not an employer that month
_REACTION_MONTHS = 3  # headcount follows health, with a delay
_MONTHLY_NOISE = 0.016
_JUMP_SHARE = 0.006  # a month: a site is won or lost, for reasons that have nothing to do with health


def draw_headcounts(rng: np.random.Generator, companies: Entreprises, health: FloatArray) -> FloatArray:
    """Draw the headcount of each company in each month: it slowly follows health, with noise."""
    delayed = np.concatenate([np.repeat(health[:, :1], _REACTION_MONTHS, axis=1), health], axis=1)[:, : health.shape[1]]
    growth = 0.002 + 0.008 * np.clip(delayed, -3.0, 1.5)
    noise = rng.normal(0.0, _MONTHLY_NOISE, health.shape)
    jumps = np.where(rng.random(health.shape) < _JUMP_SHARE, rng.normal(0.0, 0.22, health.shape), 0.0)
    path = np.cumsum(growth + noise + jumps, axis=1)
    # A company has its own size in the first month it is seen.
    born = np.maximum(companies.created_month, 0)
    level = np.log(companies.taille)[:, None] + path - np.take_along_axis(path, born[:, None], axis=1)
    return np.asarray(np.clip(np.exp(level), 0.2, 8.0 * companies.taille[:, None]), dtype=np.float64)


def spread_over_accounts(
    rng: np.random.Generator, headcounts: FloatArray, sites: Etablissements, accounts: Comptes, months: int
) -> IntArray:
    """Return the whole headcount of each account in each month, ABSENT outside the life of its establishment."""
    site = accounts.site
    exact = headcounts[sites.company[site], :months] * (sites.share[site] * accounts.share)[:, None]
    rounded = np.floor(exact + rng.uniform(0.3, 0.7, len(site))[:, None]).astype(np.int64)
    month = np.arange(months)
    alive = (month >= sites.opened_month[site][:, None]) & (month <= sites.closed_month[site][:, None])
    return np.where(alive, rounded, ABSENT)
