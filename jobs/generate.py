"""Write generated deliveries in the partners' layouts into landing/<batch>/, and the truth behind them into truth/."""

import argparse

from sf_spark.cli import Report, job_parser, main_without_spark
from sf_spark.settings import Settings
from sf_spark.steps.generate import generate


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    return job_parser("generate", __doc__ or "")


def run(settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the deliveries."""
    return generate(settings, report)


if __name__ == "__main__":
    main_without_spark("generate", parser(), run)
