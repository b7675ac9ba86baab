"""Write generated deliveries in the partners' layouts into landing/<batch>/, and what was planted into truth/."""

import argparse
from pathlib import Path

from sf_spark.cli import Report, job_parser, main_without_spark
from sf_spark.demo import DemoPlan, generate
from sf_spark.landing.files import check_writable
from sf_spark.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("generate", __doc__ or "")


def run(settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the deliveries; the same settings give the same bytes."""
    check_writable("landing", settings.landing)
    check_writable("truth", settings.truth)
    plan = DemoPlan(**settings.generate.model_dump())
    report(f"{plan.entreprises} companies, {plan.annees} years -> {settings.landing} (truth: {settings.truth})")
    generate(plan, Path(settings.landing), Path(settings.truth), report)
    return 0


if __name__ == "__main__":
    main_without_spark("generate", parser(), run)
