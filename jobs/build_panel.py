"""Build the panels: staged/* -> panel/etablissement, panel/entreprise."""

import argparse

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import index_of, start_of
from sf_spark.cli import Report, job_parser, main
from sf_spark.io.delta import read_table
from sf_spark.io.months import months_to_write, write_months
from sf_spark.panel.build import PanelRules, StagedTables, build_panels
from sf_spark.schema import DELIVERIES, PANEL_ENTREPRISE, PANEL_ETABLISSEMENT, staged
from sf_spark.settings import Settings

TABLES = ("cotisation", "debit", "effectif", "effectif_ent", "procol", "sirene", "sirene_ul")


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("build_panel", __doc__ or "")
    arguments.add_argument("--rebuild", action="store_true", help="write every month again, not only the new ones")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write the months whose cut-off has passed and that are not there yet."""
    report(f"reading {', '.join(f'staged/{name}' for name in TABLES)}")
    tables = StagedTables(**{name: read_table(spark, settings.lake, staged(name)) for name in TABLES})
    last_day = read_table(spark, settings.lake, DELIVERIES).where("status = 'ok'").agg(F.max("known_on")).first()[0]  # type: ignore[index]
    rules = PanelRules(
        last_month=index_of(last_day),
        perimeter_effectif=settings.panel.perimeter_effectif,
        perimeter_months=settings.panel.perimeter_months,
        cutoff_day=settings.cutoff_day,
    )
    panels = build_panels(tables, rules)
    for table, panel in zip((PANEL_ETABLISSEMENT, PANEL_ENTREPRISE), panels, strict=True):
        first = months_to_write(spark, settings.lake, table, options.rebuild)
        write_months(panel, settings.lake, table, first, start_of(rules.last_month), report)
    return 0


if __name__ == "__main__":
    main("build_panel", parser(), run)
