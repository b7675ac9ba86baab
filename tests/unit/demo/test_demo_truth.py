"""The planted truth: how many companies fail, why, and how much of it files may show."""

from collections import defaultdict
from datetime import date

import numpy as np
import pytest

from sf_spark.demo import DemoPlan
from sf_spark.demo.world.arrays import NEVER
from sf_spark.demo.world.health import draw_climate
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import draw_population

PLAN = DemoPlan(entreprises=3000, seed=5)


@pytest.fixture(scope="module")
def populations():
    timeline = Timeline.of(PLAN)
    climate = draw_climate(PLAN, timeline)
    return [draw_population(PLAN, timeline, climate, block) for block in range(6)]


def exposed_and_failing(population):
    """[company, month] of life outside proceedings, and of openings."""
    month = np.arange(population.timeline.months)
    fates = population.fates
    born = population.companies.created_month[:, None]
    alive = (month >= born) & (month <= fates.end_month[:, None]) & (month <= fates.failure_month[:, None])
    return alive, month == fates.failure_month[:, None]


@pytest.mark.parametrize("rate", [0.05, 0.1])
def test_as_many_companies_fail_as_the_plan_says(populations, rate):
    if rate != PLAN.failure_rate:
        plan = DemoPlan(entreprises=3000, seed=5, failure_rate=rate)
        timeline = Timeline.of(plan)
        climate = draw_climate(plan, timeline)
        populations = [draw_population(plan, timeline, climate, block) for block in range(6)]
    counts = [exposed_and_failing(population) for population in populations]
    exposure = sum(alive.sum() for alive, _ in counts)
    failures = sum(failing.sum() for _, failing in counts)
    assert 12 * failures / exposure == pytest.approx(rate, rel=0.15)


def test_failures_do_not_crowd_at_one_end_of_the_history(populations):
    halves = []
    for part in (slice(0, 38), slice(38, 76)):
        counts = [exposed_and_failing(population) for population in populations]
        halves.append(sum(f[:, part].sum() for _, f in counts) / sum(a[:, part].sum() for a, _ in counts))
    assert 0.7 < halves[0] / halves[1] < 1.4


def test_a_good_third_of_failures_come_out_of_the_blue(populations):
    failing = np.concatenate([population.fates.failure_month < NEVER for population in populations])
    announced = np.concatenate([population.fates.announced for population in populations])
    assert 0.3 < 1 - announced[failing].mean() < 0.45


def test_announced_failures_follow_poor_health_and_the_others_do_not(populations):
    last = {True: [], False: []}
    for population in populations:
        for company in np.flatnonzero(population.fates.failure_month < NEVER).tolist():
            month = int(population.fates.failure_month[company])
            last[bool(population.fates.announced[company])].append(population.health[company, month])
    assert np.mean(last[True]) < -1.5
    assert abs(np.mean(last[False])) < 0.6


def test_many_distressed_companies_recover(populations):
    distressed, recovered = 0, 0
    for population in populations:
        poor = (population.health[:, 30] < -1.5) & (population.fates.failure_month > 30)
        distressed += poor.sum()
        recovered += (poor & (population.fates.failure_month > 30 + 18)).sum()
    assert recovered > 0.6 * distressed > 60


def test_truth_tells_of_failures_beyond_the_last_delivery(demo):
    days = [row["date_defaillance"] for row in demo.truth_rows("entreprises.csv") if row["date_defaillance"]]
    assert any(day > "2026-10-20" for day in days) and any(day < "2026-10-20" for day in days)


def test_truth_agrees_with_the_file_of_proceedings(demo, english_date):
    truth = {row["siren"]: row for row in demo.truth_rows("entreprises.csv")}
    openings = defaultdict(set)
    for row in demo.rows("2610", "sigfaible_pcoll.csv"):
        if "ouverture" in row["Lib_actx_stdx"].lower():
            openings[row["Siren"]].add(english_date(row["Dt_effet"]))
    start = date(2023, 7, 1)
    seen = {siren: min(day for day in days if day >= start) for siren, days in openings.items() if max(days) >= start}
    for siren, row in truth.items():
        # A proceeding still running at the start may go on to another stage: only fresh ones are compared.
        if row["date_defaillance"] and row["date_defaillance"] < "2026-08-01" and not row["ancienne_procedure"]:
            assert seen[siren].isoformat() == row["date_defaillance"]
        if not row["date_defaillance"] and not row["ancienne_procedure"]:
            assert siren not in openings


def test_every_company_of_the_plan_is_in_the_truth_once(demo):
    rows = demo.truth_rows("entreprises.csv")
    assert len({row["siren"] for row in rows}) == len(rows) == demo.plan.entreprises
    assert {row["nature_defaillance"] for row in rows} == {"", "liquidation", "redressement", "sauvegarde"}
    assert {row["cause_defaillance"] for row in rows} == {"", "sante", "imprevu"}
    assert any(row["fermeture_volontaire"] == "1" for row in rows)


def test_debts_tell_of_some_failures_only(demo, urssaf_date):
    """In the 12 months before: most announced failures show a debt, many do not, and so do many healthy companies."""
    truth = demo.truth_rows("entreprises.csv")
    failed = {row["siren"]: date.fromisoformat(row["date_defaillance"]) for row in truth
              if row["cause_defaillance"] == "sante" and "2024-07" <= row["date_defaillance"] < "2026-10"}  # fmt: skip
    indebted, debtors = set(), set()
    for row in demo.rows("2610", "sigfaible_debits.csv.gz"):
        debtors.add(row["Siren"])
        if row["Siren"] in failed and 0 < (failed[row["Siren"]] - urssaf_date(row["Dt_trt_ecn"])).days < 365:
            indebted.add(row["Siren"])
    assert 0.5 < len(indebted) / len(failed) < 0.98
    healthy = {row["siren"] for row in truth if not row["date_defaillance"]}
    assert len(debtors & healthy) > len(indebted)
