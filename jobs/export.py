"""Export a list and cards with only what a service may see: lists/detection, cards/*, follow_up -> exports/*."""

import argparse

from pyspark.sql import SparkSession

from sf_spark.cli import Report, job_parser, main
from sf_spark.publication.filters import Filters
from sf_spark.publication.list_columns import LEVELS
from sf_spark.settings import Settings
from sf_spark.steps.export import Asked, check_export, export


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("export", __doc__ or "")
    arguments.add_argument("--service", required=True, help="who receives it: a name of conf/habilitations.yml")
    arguments.add_argument("--list", default="", dest="name", help="the list (default: the last one)")
    arguments.add_argument("--agent", default="", help="who asks, for exports/log (default: the user)")
    arguments.add_argument("--no-cards", action="store_true", help="the list alone")
    wanted = arguments.add_argument_group("filters: which companies of the list")
    wanted.add_argument("--text", default="", help="a SIREN, or part of the name")
    wanted.add_argument("--department", action="append", default=[], metavar="CODE", help="may be repeated, as below")
    wanted.add_argument("--section", action="append", default=[], metavar="LETTER", help="section of activity")
    wanted.add_argument("--legal-form", action="append", default=[], metavar="DIGITS", help="57, or 5710")
    wanted.add_argument("--min-headcount", type=int, metavar="N")
    wanted.add_argument("--min-debt", type=float, metavar="EUR", help="social debt; needs the right urssaf")
    wanted.add_argument("--proceeding", action="append", default=[], metavar="STATE", help="as 'In bonis'")
    wanted.add_argument("--level", action="append", default=[], choices=LEVELS[::-1], help="needs the right scores")
    wanted.add_argument("--first-alerts", action="store_true", help="only companies never alerted before")
    wanted.add_argument("--no-recent", action="store_true", help="without companies younger than three years")
    wanted.add_argument("--no-payment-plan", action="store_true", help="without running plans; needs the right urssaf")
    wanted.add_argument("--committee-list", action="store_true", help="only those that a committee has chosen")
    return arguments


def asked(options: argparse.Namespace) -> Asked:
    """The filters that the arguments ask for."""
    filters = Filters(
        text=options.text,
        departments=tuple(options.department),
        sections=tuple(options.section),
        legal_forms=tuple(options.legal_form),
        min_headcount=options.min_headcount,
        min_debt=options.min_debt,
        proceedings=tuple(options.proceeding),
        levels=tuple(options.level),
        first_alerts=options.first_alerts,
        no_recent=options.no_recent,
        no_payment_plan=options.no_payment_plan,
        committee_list=options.committee_list,
    )
    return Asked(options.service, options.name, filters, options.agent, not options.no_cards)


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse what a clearance does not cover before Spark starts."""
    check_export(settings, asked(options))


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the export and its row in the log."""
    export(spark, settings, asked(options), report)
    return 0


if __name__ == "__main__":
    main("export", parser(), run, check)
