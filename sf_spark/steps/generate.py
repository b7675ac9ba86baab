"""Generated deliveries: landing/<batch>/ in the partners' layouts, and what was planted in truth/."""

from pathlib import Path

from sf_spark.demo import DemoPlan
from sf_spark.demo import generate as write_deliveries
from sf_spark.landing.files import check_writable
from sf_spark.settings import Settings
from sf_spark.steps import Report


def generate(settings: Settings, report: Report) -> int:
    """Write the deliveries; the same settings give the same bytes."""
    check_writable("landing", settings.landing)
    check_writable("truth", settings.truth)
    plan = DemoPlan(**settings.generate.model_dump())
    report(f"{plan.entreprises} companies, {plan.annees} years -> {settings.landing} (truth: {settings.truth})")
    write_deliveries(plan, Path(settings.landing), Path(settings.truth), report)
    return 0
