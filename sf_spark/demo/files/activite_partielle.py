"""The two files of short-time work: requests in their state at each delivery, and consumption month by month."""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.files.encodings import euros, iso_table, written
from sf_spark.demo.files.lines import LineVersions
from sf_spark.demo.world.activite_partielle import Consumptions, Requests
from sf_spark.demo.world.arrays import IntArray
from sf_spark.demo.world.etablissements import OWN, PROVISIONAL, Etablissements
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population


def consommation_lines(requests: Requests, consumptions: Consumptions, population: Population) -> LineVersions:
    """Write the consumption of each month, one month late."""
    sirets = _sirets(requests, population.sites)
    columns = zip(
        consumptions.request.tolist(), euros(consumptions.hours), euros(consumptions.amount),
        consumptions.staff.tolist(), written(consumptions.day, iso_table()), strict=True,
    )  # fmt: skip
    text = [
        f'"{requests.identifier[request]}","{sirets[request]}",{hours},{amount},{staff}.0,"{day}"'
        for request, hours, amount, staff, day in columns
    ]
    first = population.timeline.batch_of_month(consumptions.known_month)
    last = np.full(len(first), population.timeline.deliveries)
    return LineVersions(text, first, last, {"MONTANTS": consumptions.amount})


def demande_lines(requests: Requests, consumptions: Consumptions, population: Population) -> LineVersions:
    """Write the requests in each delivery: totals consumed grow from one to the next, status and hours may change."""
    timeline, sirets = population.timeline, _sirets(requests, population.sites)
    text: list[str] = []
    batches, authorised, consumed = [], [], []
    for batch, cutoff in enumerate(timeline.cutoff_days.tolist()):
        seen = np.flatnonzero(requests.status_day <= cutoff)
        revised = requests.revised_day <= cutoff
        hours = np.where(revised, requests.revised_hours, requests.hours)
        amount = np.rint(hours * requests.hourly).astype(np.int64)
        status = np.where(revised, requests.revised_day, requests.status_day)
        used = _known_totals(consumptions, len(requests.site), timeline.initial + batch)
        text += _request_rows(requests, sirets, seen, status, hours, amount, used, timeline)
        batches.append(np.full(len(seen), batch))
        authorised.append(amount[seen])
        consumed.append(used.amount[seen])
    first = np.concatenate(batches)
    money = {"MTA": np.concatenate(authorised), "S_MONTANT_CONSOM_TOT": np.concatenate(consumed)}
    return LineVersions(text, first, first + 1, money)


class _Totals(NamedTuple):
    hours: IntArray
    amount: IntArray
    staff: IntArray


def _known_totals(consumptions: Consumptions, requests: int, month: int) -> _Totals:
    known = consumptions.known_month <= month
    owner = consumptions.request[known]
    columns = (consumptions.hours[known], consumptions.amount[known], consumptions.staff[known])
    # Sums of whole numbers are exact in floats of this size.
    return _Totals(*(np.bincount(owner, weights=column, minlength=requests).astype(np.int64) for column in columns))


def _request_rows(
    requests: Requests,
    sirets: list[str],
    seen: IntArray,
    status: IntArray,
    hours: IntArray,
    amount: IntArray,
    used: _Totals,
    timeline: Timeline,
) -> list[str]:
    end = timeline.first_day(requests.start + requests.length) - 1
    columns = zip(
        seen.tolist(), requests.company_staff[seen].tolist(), requests.site_staff[seen].tolist(),
        written(status[seen], iso_table()), written(timeline.first_day(requests.start[seen]), iso_table()),
        written(end[seen], iso_table()), euros(hours[seen]), euros(amount[seen]), requests.staff[seen].tolist(),
        requests.reason[seen].tolist(), euros(used.hours[seen]), used.staff[seen].tolist(), euros(used.amount[seen]),
        strict=True,
    )  # fmt: skip
    return [
        f'"{requests.identifier[row]}","{sirets[row]}",{company}.0,{site}.0,"{known}","{start}","{finish}",'
        f'{hta},{mta},{staff}.0,"{reason}","{1 + row % 4}",{total},{people}.0,{paid},"{1 + row % 3}"'
        for row, company, site, known, start, finish, hta, mta, staff, reason, total, people, paid in columns
    ]


def _sirets(requests: Requests, sites: Etablissements) -> list[str]:
    form = sites.number_at(requests.site, requests.start)
    known = np.where(form == PROVISIONAL, OWN, form)  # the ministry waits for the real number
    return [sites.siret[site][rank] for site, rank in zip(requests.site.tolist(), known.tolist(), strict=True)]
