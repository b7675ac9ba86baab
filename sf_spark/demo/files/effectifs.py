"""The two wide files of headcounts, by establishment and by company, that come out late."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sf_spark.demo.files.encodings import period_code
from sf_spark.demo.files.lines import LineVersions
from sf_spark.demo.world import reference
from sf_spark.demo.world.arrays import NEVER, IntArray
from sf_spark.demo.world.etablissements import MOVED, OWN, PROVISIONAL
from sf_spark.demo.world.headcounts import ABSENT
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

PUBLICATION_MONTHS = 4  # a headcount is published four months later
STRAGGLER_SHARE = 0.02  # share of headcounts published one to three months later than the others
MISSING_SHARE = 0.004  # share of headcounts never published
# Columns of months that are announced but not published yet: empty for every row, as in real deliveries.
EMPTY_COLUMNS = 1


def siret_header(timeline: Timeline, batch: int) -> str:
    """Return the header of the file by establishment, which has one column more in each delivery."""
    return ";".join(["compte;siret;rais_soc;ape_ins;dep", *_month_columns(timeline, batch), "base;UR_EMET"])


def siren_header(timeline: Timeline, batch: int) -> str:
    """Return the header of the file by company."""
    return ";".join(["siren", *_month_columns(timeline, batch), "rais_soc"])


def siret_lines(rng: np.random.Generator, population: Population) -> LineVersions:
    """Write a row for each account and each SIRET it went by: several accounts of a SIRET are several rows."""
    employed, sites = population.employed, population.accounts.site
    published = _publication_months(rng, employed)
    number = population.sites.number_at(sites[:, None], np.arange(employed.shape[1]))
    used = [((number == variant) & (employed != ABSENT)).any(axis=1) for variant in (OWN, MOVED, PROVISIONAL)]
    account, variant = np.nonzero(np.stack(used, axis=1))
    values = np.where(number[account] == variant[:, None], employed[account], ABSENT)
    around = _around(population, account, variant)
    lines = _wide_lines(around, values, published[account], population.timeline, " ")
    return LineVersions(lines.text, lines.first, lines.last, refused=variant[lines.row] == PROVISIONAL)


def siren_lines(rng: np.random.Generator, population: Population) -> LineVersions:
    """Write a row for each company: the sum of its establishments, late in its own way."""
    total = np.add.reduceat(np.maximum(population.employed, 0), population.first_account, axis=0)
    employs = np.logical_or.reduceat(population.employed != ABSENT, population.first_account, axis=0)
    values = np.where(employs, total, ABSENT)
    around = list(zip(population.companies.siren, population.companies.nom, strict=True))
    # Thousands are grouped by a no-break space here and a plain one in the other file: readers keep digits only.
    lines = _wide_lines(around, values, _publication_months(rng, values), population.timeline, "\N{NO-BREAK SPACE}")
    return LineVersions(lines.text, lines.first, lines.last)


def _month_columns(timeline: Timeline, batch: int) -> list[str]:
    count = timeline.initial + batch - PUBLICATION_MONTHS + 1 + EMPTY_COLUMNS
    return [f"eff{period_code(timeline, month, 1)}" for month in range(count)]


def _publication_months(rng: np.random.Generator, values: IntArray) -> IntArray:
    """Return the month in which each headcount becomes known, NEVER for those that never are."""
    chance = rng.random(values.shape)
    late = rng.integers(1, 4, size=values.shape) * (chance < STRAGGLER_SHARE)
    known = np.arange(values.shape[1]) + PUBLICATION_MONTHS + late
    return np.where(chance > 1.0 - MISSING_SHARE, NEVER, known)


def _around(population: Population, account: IntArray, variant: IntArray) -> list[tuple[str, str]]:
    """Return what stands before and after the months of each row."""
    companies, sites, accounts = population.companies, population.sites, population.accounts
    around = []
    for rank, form in zip(account.tolist(), variant.tolist(), strict=True):
        site = int(accounts.site[rank])
        company, place = int(sites.company[site]), reference.COMMUNES[int(sites.commune[site])]
        ape = reference.ALL_ACTIVITES[int(companies.activite[company])].code.replace(".", "")
        siret = sites.siret[site][form]
        before = f"{accounts.number[rank]};{siret};{companies.nom[company]};{ape};{place.departement}"
        around.append((before, f"{rank % 900 + 100};{place.urssaf}"))
    return around


class _WideLines(NamedTuple):
    text: list[str]
    first: IntArray
    last: IntArray
    row: IntArray


def _wide_lines(
    around: Sequence[tuple[str, str]], values: IntArray, published: IntArray, timeline: Timeline, thousands: str
) -> _WideLines:
    """Write every row in every delivery, since each has its own columns; a row without any headcount is left out."""
    written = [f"{value:,}".replace(",", thousands) for value in range(int(values.max(initial=0)) + 1)]
    written.append("")  # at index -1, that of ABSENT
    text: list[str] = []
    rows: list[int] = []
    batches: list[int] = []
    for batch in range(timeline.deliveries):
        width = timeline.initial + batch - PUBLICATION_MONTHS + 1
        shown = np.where(published[:, :width] <= timeline.initial + batch, values[:, :width], ABSENT)
        for row in np.flatnonzero((shown != ABSENT).any(axis=1)).tolist():
            before, after = around[row]
            cells = ";".join([written[value] for value in shown[row].tolist()]) + ";" * EMPTY_COLUMNS
            text.append(f"{before};{cells};{after}")
            rows.append(row)
            batches.append(batch)
    first = np.array(batches, dtype=np.int64)
    return _WideLines(text, first, first + 1, np.array(rows, dtype=np.int64))
