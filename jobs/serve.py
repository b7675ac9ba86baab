"""Fill the tables of the agents' application: staged/*, lists/detection, predictions/* -> PostgreSQL."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.publication.application.address import check_schema, check_uri
from sf_spark.settings import Settings
from sf_spark.steps.serve import serve


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("serve", __doc__ or "")
    arguments.add_argument(
        "--to", required=True, metavar="URI", help="postgresql://user@host:5432/name; the password in PGPASSWORD"
    )
    arguments.add_argument("--schema", default="sfdata", help="schema of the relations (default: sfdata)")
    arguments.add_argument("--rebuild", action="store_true", help="write every part again, even if it has not changed")
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse what is no database or no schema, before Spark starts."""
    check_uri(options.to)
    check_schema(options.schema)


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the parts that have changed."""
    return serve(spark, settings, report, options.to, options.schema, options.rebuild)


if __name__ == "__main__":
    main("serve", parser(), run, check)
