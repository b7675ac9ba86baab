"""Prove that the lake does not look ahead: rebuild months from facts cut at their cut-off, compare every cell.

Exit code 1 on any difference. The report is in monitoring/audit: one row for each month, table and differing column,
and one for each table and month without a difference.
"""

import argparse
from datetime import date, datetime

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.errors import ConfigurationError
from sf_spark.settings import Settings
from sf_spark.steps.audit import audit


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise ConfigurationError(f"month '{text}' is not a month: AAAA-MM (2024-03 is March 2024)") from None


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("audit", __doc__ or "")
    arguments.add_argument("--months", type=int, default=12, help="number of months to draw (default: 12)")
    arguments.add_argument("--seed", type=int, help="of the draw (default: a new one each time)")
    arguments.add_argument(
        "--month", dest="chosen", action="append", default=[], help="audit this month (AAAA-MM); may be repeated"
    )
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Audit months at random, or those named."""
    chosen = [_month(text) for text in options.chosen]
    return audit(spark, settings, report, options.months, chosen, options.seed)


if __name__ == "__main__":
    main("audit", parser(), run)
