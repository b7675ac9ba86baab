"""Write the former system's variables for comparison: staged/* -> compat/etablissement, compat/entreprise."""

import argparse
from datetime import date, datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.cli import Report, job_parser, main
from sf_spark.compat.build import compat_entreprise, compat_etablissement
from sf_spark.compat.inputs import COLUMNS
from sf_spark.compat.series import Series
from sf_spark.errors import SfSparkError
from sf_spark.io.delta import read_table, replace_all
from sf_spark.io.staged import read_or_empty
from sf_spark.schema import COMPAT_ENTREPRISE, COMPAT_ETABLISSEMENT, DELIVERIES
from sf_spark.settings import Settings


def _month(text: str) -> date:
    return datetime.strptime(text, "%Y-%m").date()


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("compat", __doc__ or "")
    arguments.add_argument("--date-debut", type=_month, default=date(2016, 1, 1), help="first month (default: 2016-01)")
    arguments.add_argument("--date-fin", type=_month, help="month after the last (default: of the last delivery)")
    return arguments


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Write both tables again, whole: each column depends on the end of the series."""
    staged = {name: read_or_empty(spark, settings.lake, name, ddl) for name, ddl in COLUMNS.items()}
    delivered = read_table(spark, settings.lake, DELIVERIES).where("status = 'ok'")
    last = options.date_fin or delivered.agg(F.max("known_on")).first()[0].replace(day=1)  # type: ignore[index]
    counted = staged["effectif"].where("superseded_on is null and effectif is not null")
    published = counted.agg(F.max("periode")).first()[0]  # type: ignore[index]
    if published is None or options.date_debut >= last:
        raise SfSparkError(f"no series from {options.date_debut:%Y-%m} to {last:%Y-%m}: last headcount {published}")
    series = Series(options.date_debut, last, published)
    report(f"reading {', '.join(f'staged/{name}' for name in COLUMNS)}; headcounts up to {published:%Y-%m}")
    outputs = ((COMPAT_ETABLISSEMENT, compat_etablissement), (COMPAT_ENTREPRISE, compat_entreprise))
    for table, build in outputs:
        replace_all(build(staged, series).repartition("periode"), settings.lake, table)
        report(
            f"{table.path}: {read_table(spark, settings.lake, table).count()} rows written, months up to {last:%Y-%m}"
        )
    return 0


if __name__ == "__main__":
    main("compat", parser(), run)
